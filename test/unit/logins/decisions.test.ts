import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultSettings } from '../../../server/config/settings.ts'
import { decideAdoption, decideCreate, decideRenewal, evictionOrder, graceMs, standingOf } from '../../../server/logins/decisions.ts'
import { policyOf } from '../../../server/logins/policy.ts'
import { stateOf, type Session } from '../../../server/logins/session.ts'
import { claimsOf } from '../../../server/logins/tokens/claims.ts'
import { noVariables } from '../../fakes/logins.ts'

const minutes = 60_000
const policy = policyOf(defaultSettings.logins)

const session = (changes: Partial<Session> = {}): Session => ({
  id: 'a',
  userId: 'user',
  username: 'user',
  roleName: 'clerk',
  permissions: [],
  rememberMe: false,
  createdAt: 0,
  expiresAt: 30 * minutes,
  absoluteEndsAt: 720 * minutes,
  lastActivity: 0,
  address: '',
  device: '',
  reportedAddress: null,
  reportedDevice: null,
  tokenId: 't1',
  tokenIssuedAt: 0,
  previousTokenId: null,
  previousUntil: null,
  renewals: 0,
  endedAt: null,
  endReason: null,
  ...changes,
})

describe('any order of refreshes, validations, pauses and late tokens', () => {
  type Step = { kind: 'refresh' | 'offer' | 'adopt'; token: number; wait: number }
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('refresh', 'offer', 'adopt'),
    token: fc.nat(4),
    wait: fc.integer({ min: 0, max: 12 * minutes }),
  })

  test('keeps at most two tokens good, never extends what is over, never outlives the longest life', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let now = 0
        let stored = session()
        const issued = ['t1']
        let over = false
        for (const { kind, token, wait } of steps) {
          now += wait
          const presented = issued[Math.max(0, issued.length - 1 - token)] ?? 't1'
          const next = `t${issued.length + 1}`
          const before = stored
          const { put } =
            kind === 'adopt' ? decideAdoption(stored, presented, now, null) : decideRenewal(stored, presented, kind, next, policy, now)
          const [changed] = put
          if (changed !== undefined) {
            expect(stateOf(before, now, null).live).toBe(true)
            stored = changed
            if (stored.tokenId === next) issued.push(next)
          }
          over ||= !stateOf(stored, now, null).live
          if (over) expect(stateOf(stored, now, null).live).toBe(false)
          expect(stored.expiresAt).toBeLessThanOrEqual(stored.absoluteEndsAt)
          expect(claimsOf(stored).exp * 1_000).toBeLessThanOrEqual(stored.expiresAt)
          expect(issued.filter((id) => standingOf(stored, id, now) !== 'replaced').length).toBeLessThanOrEqual(2)
        }
      }),
    )
  })

  test('gives every racer inside the grace the same successor', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: graceMs - 1 }), { minLength: 1, maxLength: 50 }), (delays) => {
        const begun = 28 * minutes
        let stored = session()
        const answers = new Set<string>()
        for (const [index, delay] of [0, ...delays.toSorted((a, b) => a - b)].entries()) {
          const { put, result } = decideRenewal(stored, 't1', 'refresh', `next-${index}`, policy, begun + delay)
          stored = put[0] ?? stored
          if (result.kind === 'current') answers.add(result.session.tokenId)
          else throw new Error(result.kind)
        }
        expect([...answers]).toEqual(['next-0'])
      }),
    )
  })
})

test('making room never leaves more than the limit, whatever was there', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ createdAt: fc.nat(1_000), lastActivity: fc.nat(1_000), expiresAt: fc.nat(2_000) }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('evict-oldest' as const, 'evict-least-recently-used' as const, 'deny' as const),
      (times, maxConcurrent, whenFull) => {
        const stored = times.map((each, index) => session({ ...each, id: `s${index}` }))
        const now = 1_000
        const { put, result } = decideCreate(stored, session({ id: 'new', expiresAt: 5_000 }), { maxConcurrent, whenFull }, now, null)
        const after = new Map([...stored, ...put].map((each) => [each.id, each]))
        const live = [...after.values()].filter((each) => stateOf(each, now, null).live)
        const before = stored.filter((each) => stateOf(each, now, null).live).length
        if (result.created) expect(live.length).toBe(Math.min(before + 1, maxConcurrent))
        else expect(after.has('new')).toBe(false)
      },
    ),
  )
})

test('the order of eviction is the same on every server', () => {
  const same = ['c', 'a', 'b'].map((id) => session({ id }))
  expect(evictionOrder(same, { whenFull: 'evict-oldest' }).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
})

describe('the policy', () => {
  test('takes the variables before the settings', () => {
    const given = policyOf(defaultSettings.logins, {
      ...noVariables,
      sessionDefaultExpiration: 1_500.5,
      sessionRememberMeExpiration: 10_000,
      jwtRefreshThreshold: 500,
      sessionMaxConcurrent: 2,
      sessionCleanupInterval: 7,
    })
    expect([given.life(false), given.life(true), given.threshold(false), given.limit('x').maxConcurrent, given.cleanupInterval]).toEqual([
      1_501, 10_000, 500, 2, 7,
    ])
  })

  test('gives the contract’s defaults', () => {
    expect([policy.life(false), policy.life(true), policy.threshold(false), policy.limit('x'), policy.cleanupInterval]).toEqual([
      30 * minutes,
      168 * 60 * minutes,
      5 * minutes,
      { maxConcurrent: 5, whenFull: 'evict-oldest' },
      10 * minutes,
    ])
  })

  test('never lets the longest life be shorter than one life', () => {
    expect(policyOf({ ...defaultSettings.logins, absoluteLimit: 1 }).absoluteLife(false)).toBe(30 * minutes)
  })
})
