import { describe, expect, test } from 'vitest'
import { createKeys } from '../../../server/control/keys.ts'
import { createSignIn, signInMaxAge } from '../../../server/control/sign-in.ts'
import { Fault } from '../../../server/fault.ts'
import { recordedEvents, testClock, testDatabase, testLog } from '../../fakes/kernel.ts'

const day = 86_400_000

function setup(database = testDatabase(), clock = testClock()) {
  const events = recordedEvents()
  const keys = createKeys({ database, clock, events, log: testLog() })
  return { signIn: createSignIn({ database, clock, events, keys }), keys, database, clock, events }
}

function refused(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch (error) {
    return error instanceof Fault && error.code === 'sign-in-refused'
  }
}

describe('a one-time code', () => {
  test('signs one browser in as the owner, once', () => {
    const { signIn } = setup()
    const { code, expiresAt } = signIn.createCode()
    expect(code).toMatch(/^[0-9A-Za-z]{32}$/)
    expect(new Date(expiresAt).toISOString()).toBe('2026-01-02T03:14:05.678Z')
    const { cookie, maxAge, who } = signIn.signIn({ code })
    expect([maxAge, who]).toEqual([signInMaxAge, { kind: 'owner' }])
    expect(signIn.whoIs(cookie)).toEqual({ kind: 'owner' })
    expect(refused(() => signIn.signIn({ code }))).toBe(true)
  })

  test('is over after ten minutes, also when the wall clock is set back', () => {
    const { signIn, clock } = setup()
    const { code } = signIn.createCode()
    const { code: other } = signIn.createCode()
    clock.advance(599_999)
    expect(refused(() => signIn.signIn({ code }))).toBe(false)
    clock.advance(1)
    clock.setWall(0)
    expect(refused(() => signIn.signIn({ code: other }))).toBe(true)
  })

  test('is not known after a restart, and a made-up one never', () => {
    const { signIn, database, clock } = setup()
    const { code } = signIn.createCode()
    expect(refused(() => setup(database, clock).signIn.signIn({ code }))).toBe(true)
    for (const guess of ['', 'x', code.toLowerCase()]) expect(refused(() => signIn.signIn({ code: guess }))).toBe(true)
    expect(refused(() => signIn.signIn({ code }))).toBe(false)
  })

  test('gives place to newer ones when very many are asked for', () => {
    const { signIn } = setup()
    const codes = Array.from({ length: 150 }, () => signIn.createCode().code)
    expect(codes.filter((code) => !refused(() => signIn.signIn({ code })))).toEqual(codes.slice(50))
  })
})

describe('a cookie', () => {
  test('is not in the database as it is, and outlives a restart', () => {
    const { signIn, database, clock } = setup()
    const { cookie } = signIn.signIn({ code: signIn.createCode().code })
    expect(database.serialize().includes(cookie)).toBe(false)
    expect(setup(database, clock).signIn.whoIs(cookie)).toEqual({ kind: 'owner' })
  })

  test('lives thirty days from its last use', () => {
    const { signIn, clock } = setup()
    const { cookie } = signIn.signIn({ code: signIn.createCode().code })
    clock.advance(29 * day)
    expect(signIn.whoIs(cookie)).not.toBeNull()
    clock.advance(29 * day)
    expect(signIn.whoIs(cookie)).not.toBeNull()
    clock.advance(30 * day)
    expect(signIn.whoIs(cookie)).toBeNull()
  })

  test('is not written with each request', () => {
    const { signIn, database, clock } = setup()
    const { cookie } = signIn.signIn({ code: signIn.createCode().code })
    const changes = () => database.prepare<[], number>('SELECT total_changes()').pluck().get()
    const before = changes()
    for (let request = 0; request < 100; request += 1) {
      clock.advance(1_000)
      signIn.whoIs(cookie)
    }
    expect(changes()).toBe(before)
  })

  test('of a key is that key, and ends with it', () => {
    const { signIn, keys, database } = setup()
    const key = keys.create({ name: 'tablet', scopes: [{ room: 'browsers', verb: 'read' }], expiresAt: null }, 'owner')
    const { cookie, who } = signIn.signIn({ key: key.secret })
    expect(who).toEqual({ kind: 'key', id: key.id, name: 'tablet' })
    expect(signIn.whoIs(cookie)).toEqual(who)
    keys.revoke(key.id, 'owner')
    expect(signIn.whoIs(cookie)).toBeNull()
    expect(database.prepare('SELECT count(*) AS left FROM sign_ins').get()).toEqual({ left: 0 })
    expect(refused(() => signIn.signIn({ key: key.secret }))).toBe(true)
  })

  test('of a key that is over is over', () => {
    const { signIn, keys, clock } = setup()
    const key = keys.create({ name: 'guest', scopes: [{ room: 'browsers', verb: 'read' }], expiresAt: '2026-01-03T00:00:00.000Z' }, 'owner')
    const { cookie } = signIn.signIn({ key: key.secret })
    clock.advance(day)
    expect(signIn.whoIs(cookie)).toBeNull()
  })

  test('is nobody after signing out, and a second time does nothing', () => {
    const { signIn, events } = setup()
    const { cookie } = signIn.signIn({ code: signIn.createCode().code })
    signIn.signOut(cookie)
    signIn.signOut(cookie)
    expect(signIn.whoIs(cookie)).toBeNull()
    expect(events.emitted.map(({ type }) => type)).toEqual(['signed-in', 'signed-out'])
    expect(JSON.stringify(events.emitted)).not.toContain(cookie)
  })

  test('is one of all that are ended at once', () => {
    const { signIn } = setup()
    const cookies = Array.from({ length: 3 }, () => signIn.signIn({ code: signIn.createCode().code }).cookie)
    expect(signIn.signOutAll('owner')).toBe(3)
    expect(cookies.map(signIn.whoIs)).toEqual([null, null, null])
  })
})
