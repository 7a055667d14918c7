import { beforeEach, describe, expect, it } from 'vitest'
import type { Database } from 'better-sqlite3'
import { createProfileStore, type ProfileStore } from '../../../../server/browsers/site/profiles.ts'
import { siteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import type { NewEvent } from '../../../../server/events/event.ts'
import { openDatabase } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'
import { en } from '../../../../words/en.ts'
import { eventTitle } from '../../../../words/words.ts'

const own = siteProfile.parse({
  name: 'yard',
  title: 'Yard',
  kind: 'form',
  address: 'https://yard.test/login',
  form: { username: '#u', password: '#p', submit: '#s' },
})

describe('the site profiles', () => {
  let database: Database
  let profiles: ProfileStore
  let events: NewEvent[]
  beforeEach(() => {
    database = openDatabase(':memory:')
    migrate(database)
    events = []
    profiles = createProfileStore(database, { emit: (event) => events.push(event) })
  })

  it('begin with the portal of the published contract and a plain one', () => {
    expect(profiles.list().map(({ name, builtIn, kind }) => [name, kind, builtIn])).toEqual([
      ['emodal', 'form', true],
      ['plain', 'none', true],
    ])
    expect(profiles.get('emodal').address).toBe('https://truckerportal.emodal.com')
    expect(profiles.get('emodal').operations).toHaveProperty('get_booking_number')
  })

  it('keep a new profile and tell who made it', async () => {
    expect(await profiles.put('yard', own, 'key:desk')).toEqual({ ...own, builtIn: false })
    expect(createProfileStore(database, { emit: () => undefined }).get('yard')).toEqual({ ...own, builtIn: false })
    expect(events).toMatchObject([{ room: 'browsers', type: 'profile-made', subject: 'yard', actor: 'key:desk' }])
  })

  it('take the name from where it is put, not from the body', async () => {
    await profiles.put('depot', own, 'owner')
    expect(profiles.get('depot').name).toBe('depot')
  })

  it('let a built-in profile be replaced, and restore it when the replacement is removed', async () => {
    await profiles.put('emodal', { ...own, title: 'Mine' }, 'owner')
    expect(profiles.get('emodal')).toMatchObject({ title: 'Mine', builtIn: false })
    expect(profiles.list()).toHaveLength(2)
    profiles.remove('emodal', 'owner')
    expect(profiles.get('emodal')).toMatchObject({ address: 'https://truckerportal.emodal.com', builtIn: true })
    expect(events.map(({ room, type, data = {} }) => [type, eventTitle(en, { room, type, data })])).toEqual([
      ['profile-changed', 'Site profile changed'],
      ['profile-removed', 'Built-in site profile restored'],
    ])
  })

  it('refuse to remove a built-in profile, and one that is not there', () => {
    expect(() => profiles.remove('plain', 'owner')).toThrow(expect.objectContaining({ code: 'profile-built-in' }))
    expect(() => profiles.remove('nobody', 'owner')).toThrow(expect.objectContaining({ code: 'profile-not-found' }))
    expect(() => profiles.get('nobody')).toThrow(expect.objectContaining({ code: 'profile-not-found' }))
  })

  it('refuse a regular expression that is none, and keep what stood there', async () => {
    await profiles.put('yard', own, 'owner')
    const broken = { ...own, refresh: { address: 'https://yard.test/', every: 60_000, loggedOutUrl: '(' } }
    await expect(profiles.put('yard', broken, 'owner')).rejects.toThrow(
      expect.objectContaining({ code: 'profile-invalid', details: { field: 'refresh.loggedOutUrl' } }),
    )
    expect(profiles.get('yard').refresh).toBeNull()
  })

  it('refuse a pattern whose time would not grow with the text alone, in words', async () => {
    for (const pattern of ['(?=login)', String.raw`(a)\1`]) {
      const looking = { ...own, success: { url: pattern } }
      await expect(profiles.put('yard', looking, 'owner')).rejects.toThrow(
        /^success\.url is not a regular expression that RE2 knows: error parsing regexp/,
      )
    }
    await profiles.put('yard', { ...own, success: { url: String.raw`^https:\/\/yard\.test\/(?<part>berths|gates)\b` } }, 'owner')
  })

  it('refuse a form profile that does not say where its form is', async () => {
    await expect(profiles.put('yard', { ...own, form: null }, 'owner')).rejects.toThrow(
      expect.objectContaining({ code: 'profile-invalid' }),
    )
  })

  it('that an earlier version kept with a name and password in an address lose them at the next start', async () => {
    const body = JSON.stringify({ ...own, name: 'yard', address: 'https://harbor:hush-9@yard.test/{number}' })
    database.prepare('INSERT INTO site_profiles (name, body, updated_at) VALUES (?, ?, 0)').run('yard', body)
    expect(createProfileStore(database, { emit: () => undefined }).get('yard').address).toBe('https://yard.test/{number}')
    expect(JSON.stringify(database.prepare('SELECT * FROM site_profiles').all())).not.toContain('hush-9')
  })

  it('pass over a stored profile that cannot be read, so that one bad row hides no other', async () => {
    database.prepare('INSERT INTO site_profiles (name, body, updated_at) VALUES (?, ?, 0)').run('emodal', '{"kind":"from-the-future"}')
    await profiles.put('yard', own, 'owner')
    expect(profiles.list().map(({ name }) => name)).toEqual(['emodal', 'plain', 'yard'])
    expect(profiles.get('emodal').builtIn).toBe(true)
  })
})
