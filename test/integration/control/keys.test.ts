import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { iso } from '../../../server/clock.ts'
import { opens } from '../../../server/control/key-rights.ts'
import { createKeys, type Keys, type KnownKey } from '../../../server/control/keys.ts'
import { keyId, keyView, type KeyScope } from '../../../server/control/contract/index.ts'
import { Fault } from '../../../server/fault.ts'
import type { Demand } from '../../../server/http/guards.ts'
import { longestControl, rights } from '../../../server/http/rights.ts'
import type { Database } from '../../../server/store/database.ts'
import { recordedEvents, temporaryFolder, testClock, testDatabase, testLog } from '../../fakes/kernel.ts'

const reading = { room: 'browsers', verb: 'read' } as const
/** Whether a key that was found opens a call, of which only what matters is given. */
const demand = (of: Partial<Demand>): Demand => ({
  api: 'browsers',
  right: 'browsers:use',
  verb: 'read',
  subject: null,
  address: '127.0.0.1',
  ...of,
})
const mayDo = (key: KnownKey | null, of: Partial<Demand> = {}): boolean => key !== null && opens(key, demand(of))

function setup({ database = testDatabase(), clock = testClock() }: { database?: Database; clock?: ReturnType<typeof testClock> } = {}) {
  const events = recordedEvents()
  const log = testLog()
  return { keys: createKeys({ database, clock, events, log }), database, clock, events, log }
}

function add(keys: Keys, name: string, expiresAt: string | null = null) {
  return keys.create({ name, rights: ['browsers:use'], expiresAt }, 'owner')
}

function faultCode(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return Fault.is(error, 'key-name-taken') ||
      Fault.is(error, 'key-not-found') ||
      Fault.is(error, 'key-not-less') ||
      Fault.is(error, 'key-too-lasting')
      ? error.code
      : String(error)
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

  test('opens the rights it was given, what they include, and no others', () => {
    const { keys } = setup()
    const { secret, id } = keys.create({ name: 'ci', rights: ['browsers:use', 'relay:manage', 'browsers:use'], expiresAt: null }, 'owner')
    const key = keys.find(secret)
    expect(key).toMatchObject({ id, name: 'ci', rights: ['browsers:use', 'relay:manage'] })
    for (const right of ['browsers:use', 'relay:manage', 'relay:use', 'any-key', 'anyone'] as const)
      expect(mayDo(key, { right }), right).toBe(true)
    for (const right of ['browsers:manage', 'bots:use', 'activity:use', 'control:use', 'control:manage'] as const)
      expect(mayDo(key, { right }), right).toBe(false)
  })

  test('that may manage control may do everything', () => {
    const { keys, clock } = setup()
    const { secret } = keys.create({ name: 'ci', rights: ['control:manage'], expiresAt: iso(clock.now() + longestControl) }, 'owner')
    for (const right of rights) expect(mayDo(keys.find(secret), { right }), right).toBe(true)
  })

  test('that may do everything ends after seven days at most, however it is asked for', () => {
    const { keys, clock } = setup()
    for (const expiresAt of [null, iso(clock.now() + 8 * 86_400_000), iso(clock.now() + longestControl + 3_600_000)]) {
      expect(
        faultCode(() => keys.create({ name: 'ci', rights: ['browsers:use', 'control:manage'], expiresAt }, 'owner')),
        String(expiresAt),
      ).toBe('key-too-lasting')
    }
    expect(keys.list()).toEqual([])
    const whole = (['read', 'write'] as const).map((verb): KeyScope => ({ room: 'control', verb }))
    const old = keys.create({ name: 'old', scopes: whole, expiresAt: null }, 'owner')
    expect(faultCode(() => keys.narrow(old.id, ['control:manage'], undefined, 'owner'))).toBe('key-too-lasting')
    expect(keys.find(old.secret)).toMatchObject({ rights: null, scopes: whole })
    expect(keys.narrow(old.id, ['control:use'], undefined, 'owner')).toMatchObject({ rights: ['control:use'] })
  })

  test('limited to some broker sessions opens those, nothing that is about all of them, and is gone with the last', () => {
    const { keys } = setup()
    const { secret } = keys.create(
      { name: 'ci', rights: ['brokers:manage', 'bots:use'], only: { brokers: ['fleet', 'yard'] }, expiresAt: null },
      'owner',
    )
    const opened = () => [
      mayDo(keys.find(secret), { right: 'brokers:use', subject: 'fleet' }),
      mayDo(keys.find(secret), { right: 'brokers:use', subject: 'orders' }),
      mayDo(keys.find(secret), { right: 'brokers:manage' }),
      mayDo(keys.find(secret), { right: 'bots:use' }),
    ]
    expect(opened()).toEqual([true, false, false, true])
    keys.dropSubject('bots', 'fleet')
    expect(opened()).toEqual([true, false, false, true])
    keys.dropSubject('brokers', 'fleet')
    expect(opened()).toEqual([false, false, false, true])
    keys.dropSubject('brokers', 'yard')
    expect(keys.find(secret)).toMatchObject({ rights: ['bots:use'], only: {} })
  })

  test("that reaches what it has made is not limited to something later, since that may be somebody else's", () => {
    const { keys } = setup()
    const { id } = keys.create({ name: 'ci', rights: ['bots:use', 'brokers:manage'], expiresAt: null }, 'owner')
    expect(faultCode(() => keys.narrow(id, ['bots:use'], { bots: ['gate'] }, 'owner'))).toBe('key-not-less')
    expect(keys.narrow(id, ['brokers:use'], { brokers: ['fleet'] }, 'owner')).toMatchObject({
      rights: ['brokers:use'],
      only: { brokers: ['fleet'] },
    })
  })

  test('limited to some bots opens those, nothing that is about all of them, and other rooms in full', () => {
    const { keys } = setup()
    const { secret } = keys.create({ name: 'ci', rights: ['bots:use', 'relay:use'], only: { bots: ['gate'] }, expiresAt: null }, 'owner')
    const key = keys.find(secret)
    expect([
      mayDo(key, { right: 'bots:use', subject: 'gate' }),
      mayDo(key, { right: 'bots:use', subject: 'yard' }),
      mayDo(key, { right: 'bots:use' }),
      mayDo(key, { right: 'relay:use' }),
    ]).toEqual([true, false, false, true])
  })

  test.each([
    ['192.168.1.0/24', '192.168.1.77', true],
    ['192.168.1.0/24', '192.168.2.77', false],
    ['192.168.1.20', '192.168.1.20', true],
    ['192.168.1.20', '127.0.0.1', false],
    ['fd00::/8', 'fd00::7', true],
    ['fd00::/8', '192.168.1.20', false],
    ['10.0.0.0/8', '', false],
  ])('from %s is good for a call from %s: %s', (from, address, good) => {
    const { keys } = setup()
    const { secret } = keys.create({ name: 'ci', rights: ['browsers:use'], from, expiresAt: null }, 'owner')
    expect(mayDo(keys.find(secret), { address })).toBe(good)
  })

  test('can be given less, never more, and less is less after a restart too', () => {
    const { keys, database, events } = setup()
    const { secret, id } = keys.create({ name: 'ci', rights: ['browsers:manage', 'bots:manage'], expiresAt: null }, 'owner')
    const told: string[] = []
    keys.onLess((each) => told.push(each))
    expect(keys.narrow(id, ['browsers:use', 'bots:manage'], { bots: ['gate'] }, 'owner')).toMatchObject({
      rights: ['browsers:use', 'bots:manage'],
      only: { bots: ['gate'] },
    })
    expect(mayDo(keys.find(secret), { right: 'browsers:manage' })).toBe(false)
    for (const [more, only] of [
      [['browsers:manage'], undefined],
      [['relay:use'], undefined],
      [['bots:use'], {}],
      [['bots:use'], { bots: ['gate', 'yard'] }],
      [['control:manage'], undefined],
    ] as const) {
      expect(faultCode(() => keys.narrow(id, more, only, 'owner'))).toBe('key-not-less')
    }
    expect(told).toEqual([id])
    expect(events.emitted.at(-1)).toMatchObject({ type: 'key-narrowed', subject: 'ci' })
    expect(setup({ database }).keys.find(secret)).toMatchObject({ rights: ['browsers:use', 'bots:manage'], only: { bots: ['gate'] } })
    expect(faultCode(() => keys.narrow('key_000000', ['browsers:use'], undefined, 'owner'))).toBe('key-not-found')
  })

  test.each(['', 'whk_', 'nonsense', 'whk_00000000000000000000000000000000'])('that is not one (%j) opens nothing', (secret) => {
    const { keys } = setup()
    add(keys, 'ci')
    expect(keys.find(secret)).toBeNull()
  })

  test('is over at its time', () => {
    const { keys, clock } = setup()
    const { secret, id } = add(keys, 'ci', '2026-01-02T03:05:05.678Z')
    clock.advance(59_999)
    expect(keys.find(secret)).toMatchObject({ id, name: 'ci' })
    clock.advance(1)
    expect(keys.find(secret)).toBeNull()
    expect(keys.findById(id)).toBeNull()
  })

  test('is refused from the moment it is revoked, also after a restart', () => {
    const { keys, database, events } = setup()
    const { secret, id } = add(keys, 'ci')
    const revoked: string[] = []
    keys.onLess((each) => revoked.push(each))
    keys.used(id, '192.0.2.7')
    keys.revoke(id, 'owner')
    keys.used(id, '192.0.2.7')
    expect([keys.find(secret), keys.findById(id)]).toEqual([null, null])
    expect(revoked).toEqual([id])
    keys.stop()
    expect(setup({ database }).keys.find(secret)).toBeNull()
    expect(events.emitted.map(({ type, subject, actor }) => [type, subject, actor])).toEqual([
      ['key-created', 'ci', 'owner'],
      ['key-revoked', 'ci', 'owner'],
    ])
    expect(faultCode(() => keys.revoke(id, 'owner'))).toBe('key-not-found')
  })

  test('works after a restart', () => {
    const { keys, database } = setup()
    const { secret, id } = add(keys, 'ci')
    expect(setup({ database }).keys.find(secret)).toMatchObject({ id, name: 'ci', rights: ['browsers:use'] })
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
    const { id } = add(keys, 'ci')
    clock.advance(1_000)
    for (let use = 0; use < 1_000; use += 1) keys.used(id, '192.0.2.7')
    const written = database.prepare('SELECT last_used_at, last_used_from FROM keys')
    expect(keys.list()[0]).toMatchObject({ lastUsedAt: '2026-01-02T03:04:06.678Z', lastUsedFrom: '192.0.2.7' })
    expect(written.get()).toEqual({ last_used_at: null, last_used_from: null })
    keys.stop()
    expect(written.get()).toEqual({ last_used_at: clock.now(), last_used_from: '192.0.2.7' })
    expect(setup({ database }).keys.list()[0]?.lastUsedFrom).toBe('192.0.2.7')
  })

  test('that cannot be written stops nothing', () => {
    const { keys, database, log } = setup()
    const { secret, id } = add(keys, 'ci')
    keys.used(id, '192.0.2.7')
    database.exec(`CREATE TEMP TRIGGER full BEFORE UPDATE ON main.keys BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
    keys.stop()
    expect(log.lines).toMatchObject([{ level: 'warn' }])
    expect(keys.find(secret)).not.toBeNull()
    keys.stop()
  })
})

describe('a key of the older form', () => {
  const old = (...scopes: KeyScope[]) => {
    const { keys } = setup()
    return keys.find(keys.create({ name: 'old', scopes, expiresAt: null }, 'owner').secret)
  }

  test("reads what it read, and changes what it changed, everybody's included", () => {
    const reader = old(reading)
    expect([
      mayDo(reader, { right: 'browsers:use' }),
      mayDo(reader, { right: 'browsers:manage' }),
      mayDo(reader, { right: 'browsers:use', verb: 'write' }),
      mayDo(reader, { api: 'relay', right: 'relay:use' }),
    ]).toEqual([true, true, false, false])
    const writer = old({ room: 'browsers', verb: 'write' })
    expect([mayDo(writer), mayDo(writer, { verb: 'write' }), mayDo(writer, { verb: 'write', right: 'browsers:manage' })]).toEqual([
      false,
      true,
      true,
    ])
  })

  test('no longer reaches beyond its room, unless it could always do as much', () => {
    const adding = { api: 'relay', right: 'control:manage', verb: 'write' } as const
    expect(mayDo(old({ room: 'relay', verb: 'read' }, { room: 'relay', verb: 'write' }), adding)).toBe(false)
    expect(mayDo(old({ room: 'control', verb: 'write' }), adding)).toBe(false)
    expect(mayDo(old({ room: 'relay', verb: 'write' }, { room: 'control', verb: 'write' }), adding)).toBe(true)
    expect(mayDo(old({ room: 'control', verb: 'write' }), { api: 'control', right: 'control:manage', verb: 'write' })).toBe(true)
  })

  test('can be brought to rights that are no more than its scopes', () => {
    const { keys } = setup()
    const both = keys.create({ name: 'both', scopes: [reading, { room: 'browsers', verb: 'write' }], expiresAt: null }, 'owner')
    const half = keys.create({ name: 'half', scopes: [reading], expiresAt: null }, 'owner')
    expect(keys.narrow(both.id, ['browsers:use'], undefined, 'owner')).toMatchObject({ rights: ['browsers:use'], scopes: [] })
    expect(faultCode(() => keys.narrow(half.id, ['browsers:use'], undefined, 'owner'))).toBe('key-not-less')
  })
})
