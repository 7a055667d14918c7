/** The rules of session addresses: who holds one, how long, and what validating it costs. */
import { randomBytes, randomUUID } from 'node:crypto'
import { createSignal } from '../../async/signal.ts'
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { RelayFault } from '../fault.ts'
import type { Standing } from '../../http/rights.ts'
import { hashSecret } from '../../secrets/hash.ts'
import { randomToken } from '../../secrets/random.ts'
import type { Account, Accounts } from '../accounts.ts'
import type { BuiltInReach } from '../built-in/reach.ts'
import type { GivenPolicy } from '../contract/parts.ts'
import type { relayEvents } from '../events.ts'
import { namesShown, resolvePolicy } from './given-policy.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { SealedAddresses } from './sealed-addresses.ts'
import type { SessionStore, StoredSession } from './store.ts'
import type { Views } from './views.ts'

const day = 86_400_000
const prefixLength = 6

export interface NewSession {
  accountId: string
  /** Days. */
  expiresIn?: number | undefined
  name?: string | undefined
  policy: GivenPolicy
  address: string
  userAgent?: string | undefined
  origin?: string | undefined
}

export interface IssuedSession {
  /** The secret in the address. */
  sessionId: string
  session: StoredSession
}

export interface SessionStats {
  totalSessions: number
  activeSessions: number
  expiredSessions: number
  lastActivity: number | null
}

export interface SessionsOptions {
  store: SessionStore
  live: LiveSessions
  addresses: SealedAddresses
  accounts: Accounts
  clock: Clock
  events: Announcer<typeof relayEvents>
  reach: BuiltInReach
  views: Views
  /** Days a session lasts when nobody says otherwise. */
  defaultDays(): number
  changed(): void
}

export class Sessions {
  readonly #options: SessionsOptions
  readonly #ended = createSignal<[id: string]>()
  readonly #reachChanged = createSignal<[id: string]>()

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  /** Throws `user-not-found`, `policy-invalid`, `policy-beyond-caller`. */
  create(
    { accountId, expiresIn, name, policy: given, address, userAgent, origin }: NewSession,
    actor: string,
    by: Standing,
  ): IssuedSession {
    const { store, addresses, clock, reach, views } = this.#options
    this.account(accountId)
    const rules = store.rulesOf(accountId)
    const names = views.namesFor({ id: null, policy: given, rules })
    const policy = resolvePolicy(given, names)
    reach.check(policy, by)
    const sessionId = randomToken(27, randomBytes)
    const id = randomUUID()
    const createdAt = clock.now()
    const session: StoredSession = {
      ...{ id, accountId, createdAt, policy, address, name: name ?? null, userAgent: userAgent ?? null, origin: origin ?? null },
      hash: hashSecret(sessionId),
      sealed: addresses.seal(sessionId, id),
      prefix: sessionId.slice(0, prefixLength),
      expiresAt: Math.round(createdAt + this.#lifetime(expiresIn)),
      rules,
      lastUsedAt: null,
      spent: 0,
      madeBy: by.maker,
      policyBy: by.maker,
    }
    store.insert(session)
    if (namesShown(given)) views.keep(id, names)
    this.audit('session-created', session, actor)
    return { sessionId, session }
  }

  /**
   * Active sessions with their secret ids, as the contract lists them: those that the caller may use as they are; null for one that cannot
   * be opened. Throws `user-not-found`.
   */
  list(accountId: string, by: Standing): { session: StoredSession; sessionId: string | null }[] {
    const { store, live, addresses, clock } = this.#options
    this.account(accountId)
    return live
      .withUses(store.ofAccount(accountId))
      .filter((session) => session.expiresAt > clock.now() && this.mayHold(session, by))
      .map((session) => ({ session, sessionId: addresses.open(session) }))
  }

  /** Throws `user-not-found`. */
  stats(accountId: string, by: Standing): SessionStats {
    const { store, live, clock } = this.#options
    this.account(accountId)
    const sessions = live.withUses(store.ofAccount(accountId)).filter((session) => isReached(session, by))
    const active = sessions.filter(({ expiresAt }) => expiresAt > clock.now()).length
    const last = Math.max(0, ...sessions.map(({ lastUsedAt }) => lastUsedAt ?? 0))
    return {
      totalSessions: sessions.length,
      activeSessions: active,
      expiredSessions: sessions.length - active,
      lastActivity: last === 0 ? null : last,
    }
  }

  /** The session and its account as it is now. Throws `session-not-found`, `session-expired`. */
  validate(sessionId: string): { session: StoredSession; account: Account } {
    const { live, accounts } = this.#options
    const session = live.get(sessionId)
    // Never from memory: credits change with every call, and a removed account must not be served.
    const account = accounts.find(session.accountId)
    if (account === undefined) throw new RelayFault('session-not-found')
    live.noteUse(session.id)
    return { session, account }
  }

  /** Throws `user-not-found`, `session-not-found`, `session-foreign`, `session-expired`. */
  refresh(sessionId: string, accountId: string, expiresIn: number | undefined, actor: string): IssuedSession {
    const { store, live, clock } = this.#options
    this.account(accountId)
    const session = owned(live.get(sessionId), accountId)
    const expiresAt = Math.max(session.expiresAt, Math.round(clock.now() + this.#lifetime(expiresIn)))
    store.extend(session.id, expiresAt)
    live.forget(session.id)
    this.audit('session-refreshed', session, actor)
    return { sessionId, session: { ...session, expiresAt } }
  }

  /** Throws `user-not-found`, `session-not-found`, `session-foreign`. An expired session can still be revoked. */
  revoke(sessionId: string, accountId: string, actor: string): void {
    this.account(accountId)
    const session = this.#options.store.byHash(hashSecret(sessionId))
    if (session === undefined) throw new RelayFault('session-not-found')
    this.end(owned(session, accountId), actor)
  }

  /** Of those that the caller may change; returns how many. Throws `user-not-found`. */
  revokeAll(accountId: string, actor: string, by: Standing): number {
    const { store, clock } = this.#options
    this.account(accountId)
    const sessions = store.ofAccount(accountId).filter((session) => session.expiresAt > clock.now() && isReached(session, by))
    for (const session of sessions) this.end(session, actor)
    return sessions.length
  }

  find(id: string): StoredSession | undefined {
    return this.#options.store.byId(id)
  }

  /** Removes what has expired; returns how many. */
  cleanup(): number {
    const { store, live, clock, changed } = this.#options
    live.flush()
    const now = clock.now()
    live.dropExpired(now)
    const removed = store.removeExpired(now)
    if (removed.length > 0) changed()
    for (const id of removed) this.#ended.emit(id)
    return removed.length
  }

  /** Writes when sessions were last used. */
  flush(): void {
    this.#options.live.flush()
  }

  countActive(): number {
    return this.#options.store.countActive(this.#options.clock.now())
  }

  /** Called with the row of a session whose clients may now reach something else. */
  onReach(listener: (id: string) => void): void {
    this.#reachChanged.subscribe(listener)
  }

  /** Called with the row of a session that is no more, so that its open streams end. */
  onEnd(listener: (id: string) => void): void {
    this.#ended.subscribe(listener)
  }

  /** Its clients may reach something else, also those connected now. */
  announceReach(id: string): void {
    this.#options.live.forget(id)
    this.#reachChanged.emit(id)
  }

  end(session: StoredSession, actor: string): void {
    const { store, live } = this.#options
    store.remove(session.id)
    live.end(session.id)
    this.audit('session-revoked', session, actor)
    this.#ended.emit(session.id)
  }

  /** Throws `user-not-found`. */
  account(id: string): Account {
    const account = this.#options.accounts.find(id)
    if (account === undefined) throw new RelayFault('user-not-found')
    return account
  }

  /** Whether the caller may use the session as it is. Its maker has the address anyway. */
  mayHold(session: StoredSession, by: Standing): boolean {
    return isReached(session, by) && (session.madeBy === by.maker || this.#options.reach.covers(by, session))
  }

  audit(type: Extract<keyof typeof relayEvents, `session-${string}`>, session: StoredSession, actor: string): void {
    const { accounts, events, changed } = this.#options
    const subject = accounts.find(session.accountId)?.primaryEmail ?? session.accountId
    events.emit({ type, subject, actor, data: { id: session.id, account: session.accountId } })
    changed()
  }

  #lifetime(days: number | undefined): number {
    return (days ?? this.#options.defaultDays()) * day
  }
}

/** Whether the caller may see the session at all. */
export function isReached({ id, madeBy }: StoredSession, by: Standing): boolean {
  return by.reaches('relay', { subject: id, makers: [madeBy] })
}

function owned(session: StoredSession, accountId: string): StoredSession {
  if (session.accountId !== accountId) throw new RelayFault('session-foreign')
  return session
}
