import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createKeys, type Keys } from '../../../server/control/keys.ts'
import { keyId, keyView } from '../../../server/control/contract.ts'
import { isFault } from '../../../server/fault.ts'
import type { Database } from '../../../server/store/database.ts'
import { recordedEvents, temporaryFolder, testClock, testDatabase, testLog } from '../../fakes/kernel.ts'

const reading = { room: 'browsers', verb: 'read' } as const

function setup({ database = testDatabase(), clock = testClock() }: { database?: Database; clock?: ReturnType<typeof testClock> } = {}) {
  const events = recordedEvents()
  const log = testLog()
  return { keys: createKeys({ database, clock, events, log }), database, clock, events, log }
}

function add(keys: Keys, name: string, expiresAt: string | null = null) {
  return keys.create({ name, scopes: [reading], expiresAt }, 'owner')
}

function faultCode(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return isFault(error, 'key-name-taken') || isFault(error, 'key-not-found') ? error.code : String(error)
  }
  return 'none'
}

describe('a key', () => {
  test('is shown once: neither the list, the events nor the file hold its secret', async () => {
    const { keys, database, events } = setup({ database: testDatabase(join(temporaryFolder(), 'wheelhouse.db')) })
    const { secret, ...view } = add(keys, 'ci')
    expect(secret).toMatch(/^whk_[0-9A-Za-z]{32}$/)
    expect(keyView.parse(view)).toEqual(view)
    expect(keyId.parse(view.id)).toBe(view.id)
    expect(secret.startsWith(view.prefix)).toBe(true)
    expect(keys.list()).toEqual([view])
    expect(JSON.stringify(events.emitted)).not.toContain(secret)
    expect(database.serialize().includes(secret.slice(10))).toBe(false)
  })

  test('opens the rooms and verbs it was given, and no others', () => {
    const { keys } = setup()
    const { secret, id } = keys.create({ name: 'ci', scopes: [reading, { room: 'relay', verb: 'write' }, reading], expiresAt: null }, 'owner')
    expect(keys.check(secret, 'browsers', 'read')).toEqual({ ok: true, id, name: 'ci' })
    expect(keys.check(secret, 'relay', 'write')).toEqual({ ok: true, id, name: 'ci' })
    for (const [room, verb] of [['browsers', 'write'], ['relay', 'read'], ['control', 'read']] as const) expect(keys.check(secret, room, verb)).toEqual({ ok: false, reason: 'scope' })
    expect(keys.checkById(id, 'browsers', 'read')).toMatchObject({ ok: true })
    expect(keys.list()[0]?.scopes).toHaveLength(2)
  })

  test.each(['', 'whk_', 'nonsense', 'whk_00000000000000000000000000000000'])('that is not one (%j) opens nothing', (secret) => {
    const { keys } = setup()
    add(keys, 'ci')
    expect(keys.check(secret, 'browsers', 'read')).toEqual({ ok: false, reason: 'unknown' })
    expect(keys.find(secret)).toBeNull()
  })

  test('is over at its time', () => {
    const { keys, clock } = setup()
    const { secret, id } = add(keys, 'ci', '2026-01-02T03:05:05.678Z')
    clock.advance(59_999)
    expect(keys.check(secret, 'browsers', 'read')).toMatchObject({ ok: true })
    expect(keys.find(secret)).toMatchObject({ id, name: 'ci' })
    clock.advance(1)
    expect(keys.check(secret, 'browsers', 'read')).toEqual({ ok: false, reason: 'expired' })
    expect(keys.find(secret)).toBeNull()
    expect(keys.findById(id)).toBeNull()
  })

  test('is refused from the moment it is revoked, also after a restart', () => {
    const { keys, database, events } = setup()
    const { secret, id } = add(keys, 'ci')
    const revoked: string[] = []
    keys.onRevoke((each) => revoked.push(each))
    keys.check(secret, 'browsers', 'read')
    keys.revoke(id, 'owner')
    expect(keys.check(secret, 'browsers', 'read')).toEqual({ ok: false, reason: 'unknown' })
    expect(keys.checkById(id, 'browsers', 'read')).toEqual({ ok: false, reason: 'unknown' })
    expect(revoked).toEqual([id])
    keys.stop()
    expect(setup({ database }).keys.check(secret, 'browsers', 'read')).toEqual({ ok: false, reason: 'unknown' })
    expect(events.emitted.map(({ type, subject, actor }) => [type, subject, actor])).toEqual([['key-created', 'ci', 'owner'], ['key-revoked', 'ci', 'owner']])
    expect(faultCode(() => keys.revoke(id, 'owner'))).toBe('key-not-found')
  })

  test('works after a restart', () => {
    const { keys, database } = setup()
    const { secret, id } = add(keys, 'ci')
    expect(setup({ database }).keys.check(secret, 'browsers', 'read')).toEqual({ ok: true, id, name: 'ci' })
  })

  test('has a name of its own, in upper or lower case, which is free again once it is revoked', () => {
    const { keys } = setup()
    const { id } = add(keys, 'ci')
    expect(faultCode(() => add(keys, 'CI'))).toBe('key-name-taken')
    expect(keys.list()).toHaveLength(1)
    keys.revoke(id, 'owner')
    expect(add(keys, 'CI').name).toBe('CI')
  })

  test('stands in the list newest first', () => {
    const { keys, clock } = setup()
    for (const name of ['a', 'b', 'c']) {
      add(keys, name)
      clock.advance(1_000)
    }
    expect(keys.list().map(({ name }) => name)).toEqual(['c', 'b', 'a'])
  })
})

describe('the last use', () => {
  test('is seen at once, and written with all others in one go', () => {
    const { keys, database, clock } = setup()
    const { secret } = add(keys, 'ci')
    clock.advance(1_000)
    for (let use = 0; use < 1_000; use += 1) keys.check(secret, 'browsers', 'read', '192.0.2.7')
    const written = database.prepare('SELECT last_used_at, last_used_from FROM keys')
    expect(keys.list()[0]).toMatchObject({ lastUsedAt: '2026-01-02T03:04:06.678Z', lastUsedFrom: '192.0.2.7' })
    expect(written.get()).toEqual({ last_used_at: null, last_used_from: null })
    keys.stop()
    expect(written.get()).toEqual({ last_used_at: clock.now(), last_used_from: '192.0.2.7' })
    expect(setup({ database }).keys.list()[0]?.lastUsedFrom).toBe('192.0.2.7')
  })

  test('is not changed by a refused request', () => {
    const { keys } = setup()
    const { secret } = add(keys, 'ci')
    keys.check(secret, 'browsers', 'write', '192.0.2.7')
    expect(keys.list()[0]).toMatchObject({ lastUsedAt: null, lastUsedFrom: null })
  })

  test('that cannot be written stops nothing', () => {
    const { keys, database, log } = setup()
    const { secret } = add(keys, 'ci')
    keys.check(secret, 'browsers', 'read')
    database.exec(`CREATE TEMP TRIGGER full BEFORE UPDATE ON main.keys BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
    keys.stop()
    expect(log.lines).toMatchObject([{ level: 'warn' }])
    expect(keys.check(secret, 'browsers', 'read')).toMatchObject({ ok: true })
    keys.stop()
  })
})
