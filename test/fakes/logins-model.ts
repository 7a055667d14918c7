/** Login sessions without HTTP, driven step by step through the real service, with every id and every moment known beforehand. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { defaultSettings } from '../../server/config/settings.ts'
import { Fault } from '../../server/fault.ts'
import { createActivity } from '../../server/logins/activity.ts'
import { createSigningKeys } from '../../server/logins/keys/signing-keys.ts'
import type { KeyRecord } from '../../server/logins/keys/keys-store.ts'
import { policyOf, type Policy } from '../../server/logins/policy.ts'
import { createSessions } from '../../server/logins/service.ts'
import type { Sessions } from '../../server/logins/sessions.ts'
import type { Session } from '../../server/logins/session.ts'
import type { SessionStore } from '../../server/logins/store/session-store.ts'
import { recordedEvents, testClock, testLog, type TestClock } from './kernel.ts'

const minutes = 60_000

export interface Rules {
  idleTimeout: number | null
  maxRenewals: number | null
  absoluteLimit: number
  maxConcurrent: number
  whenFull: 'evict-oldest' | 'evict-least-recently-used' | 'deny'
}

export const anyRules: fc.Arbitrary<Rules> = fc.record({
  idleTimeout: fc.constantFrom(null, 4 * 60, 20 * 60),
  maxRenewals: fc.constantFrom(null, 0, 2),
  absoluteLimit: fc.constantFrom(3_600, 43_200),
  maxConcurrent: fc.integer({ min: 1, max: 3 }),
  whenFull: fc.constantFrom('evict-oldest', 'evict-least-recently-used', 'deny'),
})

/** `token` and `session` count back from the youngest. */
export type Step =
  | { kind: 'wait'; ms: number }
  | { kind: 'create'; user: number; remember: boolean; life: number | null }
  | { kind: 'validate' | 'refresh' | 'authenticate' | 'introspect' | 'logout'; token: number }
  | { kind: 'end'; session: number }
  | { kind: 'endAll'; user: number; except: number }
  | { kind: 'endMatching'; role: 'clerk' | 'auditor' }

const token = fc.nat(6)
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(12 * minutes), fc.constantFrom(1, 9_999, 10_000, 10_001, 4 * minutes, 25 * minutes, 30 * minutes)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      user: fc.nat(1),
      remember: fc.boolean(),
      life: fc.option(fc.integer({ min: 1, max: 60 * minutes })),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom('validate' as const, 'refresh' as const, 'authenticate' as const, 'introspect' as const),
      token,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('logout' as const), token }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), session: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('endAll' as const), user: fc.nat(1), except: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('endMatching' as const), role: fc.constantFrom('clerk' as const, 'auditor' as const) }),
  },
)

export interface Model {
  clock: TestClock
  policy: Policy
  /** In the order in which they were handed out. */
  tokens: string[]
  sessions: Sessions
  /** What came of it, in words that are the same for every store. */
  take(step: Step): Promise<unknown>
  /** All that are stored, the youngest first. */
  all(): Promise<Session[]>
  end(): Promise<void>
}

export async function createModel(store: SessionStore, rules: Rules): Promise<Model> {
  const clock = testClock()
  const events = recordedEvents()
  const policy = policyOf({ ...defaultSettings.logins, ...rules })
  const records: KeyRecord[] = [{ id: 'key_test', algorithm: 'HS256', secret: Buffer.alloc(64, 1), createdAt: 0, verifyUntil: null }]
  const keys = createSigningKeys({
    store: {
      shared: false,
      last: { read: () => null, write: () => undefined },
      load: async () => ({ records, locked: [] }),
      add: async () => undefined,
      remove: async () => undefined,
      onChange: () => () => undefined,
    },
    clock,
    events,
    log: testLog(),
  })
  await keys.start()
  const activity = createActivity({ store, policy: () => policy, log: testLog() })
  let drawn = 0
  const random = (count: number): Uint8Array =>
    createHash('sha256')
      .update(String((drawn += 1)))
      .digest()
      .subarray(0, count)
  const sessions = createSessions({ store, keys, activity, policy: () => policy, clock, events, random })
  const tokens: string[] = []
  const ids: string[] = []
  const back = (list: readonly string[], count: number): string => list[Math.max(0, list.length - 1 - count)] ?? 'none'
  const handOut = (next: string | null): string | null => {
    if (next !== null && !tokens.includes(next)) tokens.push(next)
    return next
  }

  async function act(step: Step): Promise<unknown> {
    switch (step.kind) {
      case 'wait':
        return clock.advance(step.ms)
      case 'create': {
        const user = `user-${step.user}`
        const made = await sessions.create(
          {
            userId: user,
            username: user,
            roleName: step.user === 0 ? 'clerk' : 'auditor',
            permissions: [],
            rememberMe: step.remember,
            expiresAt: step.life === null ? null : clock.now() + step.life,
            address: '',
            device: '',
            reportedAddress: null,
            reportedDevice: null,
          },
          'test',
        )
        ids.push(made.session.id)
        handOut(made.token)
        return { id: made.session.id, evicted: made.evicted.map(({ id }) => id) }
      }
      case 'validate': {
        const verdict = await sessions.validate(back(tokens, step.token))
        if (verdict.valid) handOut(verdict.newToken)
        return verdict
      }
      case 'refresh': {
        const outcome = await sessions.refresh(back(tokens, step.token), 'test')
        handOut(outcome.token)
        return outcome
      }
      case 'authenticate':
        return sessions.authenticate(back(tokens, step.token), true)
      case 'introspect':
        return sessions.introspect(back(tokens, step.token))
      case 'logout':
        return sessions.endByToken(back(tokens, step.token), 'logout', 'test')
      case 'end':
        return sessions.end(back(ids, step.session), 'revoked', 'test')
      case 'endAll':
        return sessions.endAll(`user-${step.user}`, back(ids, step.except), 'test')
      case 'endMatching':
        return sessions.endMatching({ role: step.role }, 'test')
    }
  }

  return {
    ...{ clock, policy, tokens, sessions },
    async take(step) {
      try {
        // A copy: the last use is raised in place.
        return JSON.parse(
          JSON.stringify({
            outcome: (await act(step)) ?? null,
            told: events.emitted.splice(0).map(({ type, subject }) => [type, subject]),
          }),
        )
      } catch (error) {
        if (error instanceof Error && 'code' in error && Fault.is(error, String(error.code)))
          return { fault: error.code, told: events.emitted.splice(0).map(({ type }) => type) }
        throw error
      }
    },
    all: async () => (await sessions.page({ filter: {}, sort: 'createdAt', descending: true, offset: 0, limit: 500 })).sessions,
    end: () => activity.stop(),
  }
}
