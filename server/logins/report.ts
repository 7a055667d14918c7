/** What of the logins needs a person, and how many there are. */
import { iso } from '../clock.ts'
import type { ConcernOf } from '../room-report.ts'
import type { SigningKeys } from './keys/signing-keys.ts'
import { isApart } from './store/redis-connection.ts'
import type { SessionStore } from './store/session-store.ts'

export interface LoginConcerns {
  'redis-unusable': { error: string }
  /** Ms by which this machine's clock is ahead of Redis'; negative when it is behind. */
  'clocks-differ': { ahead: number }
  'keys-locked': Record<never, never>
  'older-keys-locked': { count: number }
  'keys-lost': { before: string; now: string }
}

export type LoginFacts = { active: number; storage: SessionStore['kind']; mostPerUser: number }

/** Ms for which the loss of keys is shown; the audit trail keeps it. */
const lossShownFor = 24 * 60 * 60_000

export interface LoginState {
  store: SessionStore
  keys: SigningKeys
  startedAt: number
  now: number
  /** Ms by which this machine's clock is ahead of Redis'. */
  ahead: number | null
}

export function concernsOf({ store, keys, startedAt, now, ahead }: LoginState): ConcernOf<LoginConcerns>[] {
  const about = { room: 'logins', action: null, subject: null } as const
  const started = { ...about, since: iso(startedAt) }
  const concerns: ConcernOf<LoginConcerns>[] = []
  const state = store.state()
  if (!state.up)
    concerns.push({
      ...about,
      id: 'logins:store',
      kind: 'redis-unusable',
      facts: { error: state.error },
      tone: 'bad',
      since: iso(state.since),
    })
  if (ahead !== null && isApart(ahead))
    concerns.push({ ...started, id: 'logins:clock', kind: 'clocks-differ', facts: { ahead }, tone: 'attention' })
  // Those that the house sealed are named by the house.
  const locked = keys.shared ? keys.locked().length : 0
  if (locked > 0 && keys.state() === 'locked') concerns.push({ ...started, id: 'logins:keys', kind: 'keys-locked', facts: {}, tone: 'bad' })
  else if (locked > 0)
    concerns.push({ ...started, id: 'logins:keys', kind: 'older-keys-locked', facts: { count: locked }, tone: 'attention' })
  const lost = keys.lost()
  if (lost !== null && now - lost.at < lossShownFor)
    concerns.push({
      ...about,
      id: 'logins:keys-lost',
      kind: 'keys-lost',
      facts: { before: lost.before.algorithm, now: lost.now.algorithm },
      tone: 'bad',
      since: iso(lost.at),
    })
  return concerns
}
