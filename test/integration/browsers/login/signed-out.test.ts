/** A site that ends a login as it pleases: noticed, mended once, or told. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { SiteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { iso } from '../../../../server/clock.ts'
import { testClock } from '../../../fakes/kernel.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { exampleContainer, unbookedContainer } from '../../../fixtures/portal/containers.ts'
import type { SignedOutManners } from '../../../fixtures/portal/portal.ts'

const clock = testClock()
let served: ServedBrowsers

beforeAll(async () => {
  served = await serveBrowsers({ clock, room: { upkeep: { tick: 3_600_000, pingEvery: 86_400_000 } } })
})
afterEach(async () => {
  if (served.room.service.list().some(({ state }) => state !== 'ready')) await closeAll()
  served.portal.signedOut = 'redirect'
  if (changed) await use({})
})
afterAll(() => served.stop())

const closeAll = async (): Promise<void> => {
  for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
}
let changed = false
/** A session keeps the profile it was opened with; as long as that is the one in force, the next test goes on with it. */
let stale = false
const use = async (changes: Partial<SiteProfile>): Promise<void> => {
  const { name, ...profile } = served.portal.siteProfile(changes)
  await served.room.profiles.put(name, profile, 'test')
  changed = Object.keys(changes).length > 0
  stale = true
}
const operation = (changes: Partial<SiteProfile['operations'][string]>): Partial<SiteProfile> => {
  const { get_booking_number: whole } = served.portal.siteProfile().operations
  return { operations: { get_booking_number: { inputs: {}, steps: [], read: '.booking-number', ...whole, ...changes } } }
}
const open = async (): Promise<string> => {
  if (stale) await closeAll()
  stale = false
  return (await served.open(1)).body.session_id
}
const book = (id: string, container = exampleContainer) => served.post('/get_booking_number', { session_id: id, container_id: container })
const detail = async (id: string) => (await served.get(`/v1/browser-sessions/${id}`)).body
const kinds = async (id: string): Promise<string[]> => (await detail(id)).events.map(({ kind }: { kind: string }) => kind)
const refresh = async (id: string) => {
  clock.advance(3 * 60_000)
  served.room.service.runUpkeep()
  return eventually('the refresh is done', async () => {
    const { session } = await detail(id)
    return session.lastRefresh?.at === iso(clock.now()) && session.nextRefreshAt && session
  })
}

const ways: [SignedOutManners, string][] = [
  ['redirect', 'the site leads to '],
  ['form', 'the site shows its login form'],
  ['unauthorized', 'the site answers with status 401'],
  ['unauthorized-form', 'the site answers with status 401'],
  ['forbidden', 'the site answers with status 403'],
]

describe.each(ways)('a site that answers a login that is over by "%s"', (manners, why) => {
  it('is signed in to again at the refresh, which never calls that a renewal', async () => {
    const id = await open()
    const logins = served.portal.logins
    served.portal.signedOut = manners
    served.portal.expireAll()
    const session = await refresh(id)
    expect(session).toMatchObject({
      state: 'ready',
      lastRefresh: { ok: true, message: expect.stringContaining(`Logged in again, because ${why}`) },
    })
    expect(served.portal.logins).toBe(logins + 1)
    expect(await kinds(id)).toEqual(expect.arrayContaining(['signed-out', 'signed-in-again']))
  })

  it('is signed in to again once when an operation meets it, and the operation run again', async () => {
    const id = await open()
    const logins = served.portal.logins
    served.portal.signedOut = manners
    served.portal.expireAll()
    expect(await book(id)).toMatchObject({ status: 200, body: { success: true, session_id: id, booking_number: 'BK-88210' } })
    expect(served.portal.logins).toBe(logins + 1)
    // A login that holds is not made again for a container without a number.
    expect((await book(id, unbookedContainer)).body).toMatchObject({ success: true, booking_number: null })
    expect(served.portal.logins).toBe(logins + 1)
  })

  it('makes an operation fail in words when the new login is refused, and the session asks for its person', async () => {
    const id = await open()
    Object.assign(served.room.service.get(id).credentials, { password: 'changed meanwhile' })
    served.portal.signedOut = manners
    served.portal.expireAll()
    expect(await book(id)).toEqual({
      status: 401,
      body: { success: false, error: 'Authentication failed', details: 'Wrong user name or password' },
    })
    const { session } = await detail(id)
    expect(session).toMatchObject({
      state: 'needs-you',
      reason: 'The site refused the login: Wrong user name or password',
      lastRefresh: { ok: false, message: expect.stringContaining(why) },
    })
    expect(served.room.attention()).toMatchObject([{ action: 'take-over', subject: id }])
  })
})

describe('an answer of nothing', () => {
  it('is not believed of a page for strangers: the site is asked, signed in to and the operation run again', async () => {
    await use(operation({ steps: [] }))
    const id = await open()
    const logins = served.portal.logins
    served.portal.expireAll()
    served.portal.signedOut = 'welcome'
    expect((await book(id)).body).toMatchObject({ success: true, booking_number: null })
    expect(served.portal.logins).toBe(logins + 1)
  })

  it('is not believed when the page stands there as if nothing were and its data alone is refused', async () => {
    await use(operation({ steps: [{ click: 'tr[data-container="{container_id}"] .expand' }] }))
    const id = await open()
    const logins = served.portal.logins
    served.portal.expireAll()
    served.portal.signedOut = 'data-refused'
    expect((await book(id)).body).toMatchObject({ success: true, booking_number: 'BK-88210' })
    expect(served.portal.logins).toBe(logins + 1)
  })

  it('is not made of a page that is not there', async () => {
    await use(operation({ address: `${served.portal.url}/no-such-page?q={container_id}`, steps: [] }))
    const id = await open()
    expect(await book(id)).toMatchObject({
      status: 500,
      body: { success: false, error: `${new URL(served.portal.url).host} answers with error 404` },
    })
  })

  it('is no success while the site cannot say whether the login holds', async () => {
    await use({
      ...operation({ address: `${served.portal.url}/notice?q={container_id}`, steps: [] }),
      success: null,
      refresh: { address: `${served.portal.url}/broken`, every: 120_000, loggedOutUrl: '/login$' },
    })
    const id = await open()
    expect(await book(id)).toMatchObject({
      status: 500,
      body: { success: false, error: `${new URL(served.portal.url).host} answers with error 503` },
    })
  })
})

describe('a login page', () => {
  it('is no answer, also where something on it matches what is read', async () => {
    await use(operation({ read: '.sub', steps: [] }))
    const id = await open()
    served.portal.signedOut = 'form'
    served.portal.expireAll()
    expect((await book(id)).body).toMatchObject({ success: true, booking_number: expect.stringContaining('containers at North Terminal') })
  })

  it.each([
    ['that was made anew', true],
    ['that still holds', false],
  ])('that is shown in spite of a login %s is told, and not tried for ever', async (_, over) => {
    await use(operation({ address: `${served.portal.url}/closed-shop?q={container_id}`, steps: [] }))
    const id = await open()
    const logins = served.portal.logins
    if (over) served.portal.expireAll()
    expect(await book(id)).toMatchObject({
      status: 500,
      body: { success: false, error: 'The site asks for a login again right after it: the site shows its login form' },
    })
    expect(served.portal.logins).toBe(over ? logins + 1 : logins)
  })
})

it('a session whose tab shows the login form is logged in again before it is handed out', async () => {
  const id = await open()
  const logins = served.portal.logins
  served.portal.expireAll()
  const page = served.room.service.get(id).page()
  await page.goto(`${served.portal.url}/holds`)
  expect(page.url()).toBe(`${served.portal.url}/login`)
  expect((await served.open(1)).body).toMatchObject({ success: true, session_id: id, is_new: false })
  expect(served.portal.logins).toBe(logins + 1)
  expect(await page.$('#who')).not.toBeNull()

  // Unless somebody is at work in it.
  served.portal.expireAll()
  await page.goto(`${served.portal.url}/holds`)
  const { body: lease } = await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'work', seconds: 600 })
  expect((await served.open(1)).body).toMatchObject({ success: true, session_id: id })
  expect(page.url()).toBe(`${served.portal.url}/login`)
  await served.remove(`/v1/browser-sessions/${id}/leases/${lease.id}`)
})

it('a refresh that meets an error says so and takes no login for gone', async () => {
  await use({ refresh: { address: `${served.portal.url}/no-such-page`, every: 120_000, loggedOutUrl: '/login$' } })
  const id = await open()
  const logins = served.portal.logins
  expect(await refresh(id)).toMatchObject({
    state: 'ready',
    lastRefresh: { ok: false, message: `${new URL(served.portal.url).host} answers with error 404` },
  })
  expect(served.portal.logins).toBe(logins)
})

it('an operation in the tab finds it signed in again where it stood', async () => {
  const { address: _, ...inTab } = { ...served.portal.siteProfile().operations['get_booking_number'] }
  await use({ operations: { get_booking_number: { inputs: {}, steps: [], read: '', ...inTab } } })
  const id = await open()
  const page = served.room.service.get(id).page()
  served.portal.signedOut = 'form'
  served.portal.expireAll()
  await page.goto(`${served.portal.url}/containers?q=${exampleContainer}`)
  expect((await book(id)).body).toMatchObject({ success: true, booking_number: 'BK-88210' })
  expect(page.url()).toBe(`${served.portal.url}/containers?q=${exampleContainer}`)
})
