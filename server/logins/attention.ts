/** What of the logins needs a person. */
import { iso } from '../clock.ts'
import type { AttentionItem } from '../room-report.ts'
import type { SigningKeys } from './keys/signing-keys.ts'
import { isApart } from './store/redis-connection.ts'
import type { SessionStore } from './store/session-store.ts'

/** Ms for which the loss of keys is shown; the audit trail keeps it. */
const lossShownFor = 24 * 60 * 60_000

export interface Concerns {
  store: SessionStore
  keys: SigningKeys
  startedAt: number
  now: number
  /** Ms by which this machine's clock is ahead of Redis'. */
  ahead: number | null
}

export function attentionOf({ store, keys, startedAt, now, ahead }: Concerns): AttentionItem[] {
  const items: AttentionItem[] = []
  const add = (id: string, tone: AttentionItem['tone'], since: number, title: string, text: string): void => {
    items.push({ id: `logins:${id}`, room: 'logins', tone, title, text, since: iso(since), action: null, subject: null })
  }
  const state = store.state()
  if (!state.up)
    add(
      'store',
      'bad',
      state.since,
      'Redis cannot be used',
      `Logins cannot be made, ended or relied on: ${state.error}. It is tried again by itself.`,
    )
  if (ahead !== null && isApart(ahead)) {
    const by = `${Math.round(Math.abs(ahead) / 1_000)} s`
    add(
      'clock',
      'attention',
      startedAt,
      `This machine’s clock is ${by} ${ahead > 0 ? 'ahead of' : 'behind'} that of Redis`,
      'Logins go by the clock of Redis, all else here by the machine’s own. Let both follow a time server.',
    )
  }
  // Those that the house sealed are named by the house.
  const locked = keys.shared ? keys.locked().length : 0
  if (locked > 0 && keys.state() === 'locked') {
    add(
      'keys',
      'bad',
      startedAt,
      'The keys that sign logins are locked',
      'They were sealed under another password of Redis. No login can be made or validated until it is given, or they are given up: Logins, Keys.',
    )
  } else if (locked > 0) {
    add(
      'keys',
      'attention',
      startedAt,
      locked === 1 ? 'An older signing key is locked' : `${locked} older signing keys are locked`,
      'Tokens they signed under another password of Redis cannot be checked here. They are forgotten when their time is over.',
    )
  }
  const lost = keys.lost()
  if (lost !== null && now - lost.at < lossShownFor) {
    const algorithm =
      lost.before.algorithm === lost.now.algorithm
        ? `A new ${lost.now.algorithm} key signs`
        : `A key of another algorithm signs now: ${lost.now.algorithm} instead of ${lost.before.algorithm}`
    add(
      'keys-lost',
      'bad',
      lost.at,
      'Signing keys were lost',
      `They are gone from where they were kept; it was emptied or exchanged. ${algorithm}. All who were logged in have to log in again.`,
    )
  }
  return items
}
