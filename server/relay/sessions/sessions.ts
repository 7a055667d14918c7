/** The rules of session addresses: who holds one, how long, and what validating it costs. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { RelayFault } from '../fault.ts'
import type { Standing } from '../../http/rights.ts'
import { hashSecret } from '../../secrets/hash.ts'
import { randomToken } from '../../secrets/random.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import type { Accounts, Account } from '../billing/accounts.ts'
import type { AccountRules, SessionPolicy } from '../contract/parts.ts'
import { opensNoMore, type BuiltInReach } from '../built-in/reach.ts'
import type { relayEvents } from '../events.ts'
import type { SessionStore, StoredSession } from './store.ts'

const day = 86_400_000
/** Longest that a validation may be answered from memory; ends of sessions are known at once all the same. */
const cacheFor = 300_000
const cacheSize = 10_000
const prefixLength = 6

export interface NewSession {
  accountId: string
  /** Days. */
  expiresIn?: number | undefined
  name?: string | undefined
  policy: SessionPolicy
  address: string
  userAgent?: string | undefined
  origin?: string | undefined
}

export interface IssuedSession {
  /** The secret in the address. */
  sessionId: string
  session: StoredSession
}

export interface SessionsOptions {
  store: SessionStore
  accounts: Accounts
  sealer: Sealer
  clock: Clock
  events: Announcer<typeof relayEvents>
  reach: BuiltInReach
  /** Days a session lasts when nobody says otherwise. */
  defaultDays(): number
  changed(): void
}

export class Sessions {
  private readonly options: SessionsOptions
  /** By secret id; kept in memory only. */
  private readonly cache = new Map<string, { session: StoredSession; until: number }>()
  /** Written in groups: a disk write for every call would cost more than the call. */
  private readonly uses = new Map<string, number>()
  private readonly endListeners = new Set<(id: string) => void>()
  private readonly reachListeners = new Set<(id: string) => void>()

  constructor(options: SessionsOptions) {
    this.options = options
  }

  /** Throws `user-not-found`, `policy-beyond-caller`. */
  create({ accountId, expiresIn, name, policy, address, userAgent, origin }: NewSession, actor: string, by: Standing): IssuedSession {
    const { store, clock, reach } = this.options
    const account = this.account(accountId)
    reach.check(policy, by)
    const sessionId = randomToken(27, randomBytes)
    const id = randomUUID()
    const createdAt = clock.now()
    const session: StoredSession = {
      ...{ id, accountId, createdAt, policy, address, name: name ?? null, userAgent: userAgent ?? null, origin: origin ?? null },
      hash: hashSecret(sessionId),
      sealed: this.sealedCopy(sessionId, id),
      prefix: sessionId.slice(0, prefixLength),
      expiresAt: createdAt + (expiresIn ?? this.options.defaultDays()) * day,
      rules: store.rulesOf(accountId),
      lastUsedAt: null,
      spent: 0,
      madeBy: by.maker,
      policyBy: by.maker,
    }
    session.expiresAt = Math.round(session.expiresAt)
    store.insert(session)
    this.audit('session-created', session, account, actor)
    return { sessionId, session }
  }

  /** Active sessions with their secret ids, as the contract lists them: those that the caller may use as they are; null for one that cannot be opened. Throws `user-not-found`. */
  list(accountId: string, by: Standing): { session: StoredSession; sessionId: string | null }[] {
    const { store, clock } = this.options
    this.account(accountId)
    return this.withUses(store.ofAccount(accountId))
      .filter((session) => session.expiresAt > clock.now() && this.mayHold(session, by))
      .map((session) => ({ session, sessionId: this.unsealed(session) }))
  }

  /** The secret id once more, for the window's snippets; said in the audit trail. Throws `session-not-found`, `session-beyond-caller`, `session-locked`. */
  secretOf(id: string, actor: string, by: Standing): string {
    const session = this.holdable(id, by)
    const secret = this.unsealed(session)
    if (secret === null)
      throw new RelayFault(
        'session-locked',
        'The address goes on working, but it was sealed with a key that is not here and cannot be shown',
      )
    this.audit('session-address-shown', session, this.options.accounts.find(session.accountId), actor)
    return secret
  }

  /** Sessions of all accounts, for the window: those that the caller may see. */
  all(by: Standing): StoredSession[] {
    return this.withUses(this.options.store.all()).filter((session) => isReached(session, by))
  }

  /** Throws `user-not-found`. */
  stats(
    accountId: string,
    by: Standing,
  ): { totalSessions: number; activeSessions: number; expiredSessions: number; lastActivity: number | null } {
    this.account(accountId)
    const sessions = this.withUses(this.options.store.ofAccount(accountId)).filter((session) => isReached(session, by))
    const active = sessions.filter(({ expiresAt }) => expiresAt > this.options.clock.now()).length
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
    const session = this.active(sessionId)
    // Never from memory: credits change with every call, and a removed account must not be served.
    const account = this.options.accounts.find(session.accountId)
    if (account === undefined) throw new RelayFault('session-not-found')
    this.uses.set(session.id, this.options.clock.now())
    return { session, account }
  }

  /** Throws `user-not-found`, `session-not-found`, `session-foreign`, `session-expired`. */
  refresh(sessionId: string, accountId: string, expiresIn: number | undefined, actor: string): IssuedSession {
    const account = this.account(accountId)
    const session = this.owned(this.active(sessionId), accountId)
    const expiresAt = Math.max(session.expiresAt, Math.round(this.options.clock.now() + (expiresIn ?? this.options.defaultDays()) * day))
    this.options.store.extend(session.id, expiresAt)
    this.cache.delete(sessionId)
    this.audit('session-refreshed', session, account, actor)
    return { sessionId, session: { ...session, expiresAt } }
  }

  /** Throws `user-not-found`, `session-not-found`, `session-foreign`. An expired session can still be revoked. */
  revoke(sessionId: string, accountId: string, actor: string): void {
    const account = this.account(accountId)
    const session = this.options.store.byHash(hashSecret(sessionId))
    if (session === undefined) throw new RelayFault('session-not-found')
    this.end(this.owned(session, accountId), account, actor)
  }

  /** Of those that the caller may change; returns how many. Throws `user-not-found`. */
  revokeAll(accountId: string, actor: string, by: Standing): number {
    const account = this.account(accountId)
    const sessions = this.options.store
      .ofAccount(accountId)
      .filter((session) => session.expiresAt > this.options.clock.now() && isReached(session, by))
    for (const session of sessions) this.end(session, account, actor)
    return sessions.length
  }

  /** By its row, for the window. Throws `session-not-found`. */
  revokeById(id: string, actor: string, by: Standing): void {
    const session = this.reached(id, by)
    this.end(session, this.options.accounts.find(session.accountId), actor)
  }

  /** Throws `session-not-found`, `policy-beyond-caller`. */
  change(
    id: string,
    patch: { name?: string | null | undefined; policy?: SessionPolicy | undefined },
    actor: string,
    by: Standing,
  ): StoredSession {
    const session = this.reached(id, by)
    const policy = patch.policy ?? session.policy
    // Whoever opens more answers for all of it from then on.
    const opens = !opensNoMore(policy, session.policy)
    if (opens) this.options.reach.check(policy, by)
    const changed = {
      ...session,
      name: patch.name === undefined ? session.name : patch.name,
      policy,
      policyBy: opens ? by.maker : session.policyBy,
    }
    this.options.store.change(id, changed.name, changed.policy, changed.policyBy)
    this.forget(id)
    if (patch.policy !== undefined) for (const listener of this.reachListeners) listener(id)
    this.audit('session-changed', changed, this.options.accounts.find(session.accountId), actor)
    return changed
  }

  /** What accounts may reach; those without limits are left out. */
  rules(): { accountId: string; rules: AccountRules }[] {
    return this.options.store.allRules()
  }

  /** Limits all sessions of an account, also those in use. Throws `user-not-found`. */
  setRules(accountId: string, rules: AccountRules, actor: string): void {
    const account = this.account(accountId)
    this.options.store.putRules(accountId, rules)
    this.options.events.emit({
      type: 'account-rules-changed',
      subject: account.primaryEmail,
      actor,
      data: { account: accountId },
    })
    this.options.changed()
    for (const { id } of this.options.store.ofAccount(accountId)) {
      this.forget(id)
      for (const listener of this.reachListeners) listener(id)
    }
  }

  /** A session that the caller may see. Throws `session-not-found`. */
  reached(id: string, by: Standing): StoredSession {
    const session = this.byId(id)
    if (!isReached(session, by)) throw new RelayFault('session-not-found')
    return session
  }

  /** One that the caller may use as it is. Throws `session-not-found`, `session-beyond-caller`. */
  holdable(id: string, by: Standing): StoredSession {
    const session = this.reached(id, by)
    if (!this.mayHold(session, by))
      throw new RelayFault('session-beyond-caller', 'This session reaches more of Wheelhouse than this key does')
    return session
  }

  /** The maker may do less now: its sessions reach less, also those in use. */
  reconsider(maker: string): void {
    for (const id of this.options.store.byPolicy(maker)) for (const listener of this.reachListeners) listener(id)
  }

  /** Throws `session-not-found`. */
  byId(id: string): StoredSession {
    const session = this.options.store.byId(id)
    if (session === undefined) throw new RelayFault('session-not-found')
    return session
  }

  find(id: string): StoredSession | undefined {
    return this.options.store.byId(id)
  }

  /** Removes what has expired; returns how many. */
  cleanup(): number {
    this.flush()
    const now = this.options.clock.now()
    for (const [sessionId, { session }] of this.cache) if (session.expiresAt <= now) this.cache.delete(sessionId)
    const removed = this.options.store.removeExpired(now)
    if (removed.length > 0) this.options.changed()
    for (const id of removed) for (const listener of this.endListeners) listener(id)
    return removed.length
  }

  countActive(): number {
    return this.options.store.countActive(this.options.clock.now())
  }

  /** Writes when sessions were last used. */
  flush(): void {
    if (this.uses.size === 0) return
    this.options.store.touch(this.uses)
    this.uses.clear()
  }

  /** Called with the row of a session whose clients may now reach something else. */
  onReach(listener: (id: string) => void): void {
    this.reachListeners.add(listener)
  }

  /** Called with the row of a session that is no more, so that its open streams end. */
  onEnd(listener: (id: string) => void): void {
    this.endListeners.add(listener)
  }

  /** Sessions whose addresses cannot be shown; they work all the same. */
  locked(): string[] {
    return this.options.store.sealed().flatMap((session) => (this.unsealed(session) === null ? [session.id] : []))
  }

  /** Gives up the copies that cannot be opened. */
  giveUpLocked(): void {
    this.options.store.dropSealed(this.locked())
    this.cache.clear()
    this.options.changed()
  }

  /** Only for showing the address again: without a sealing key there is none, and the session works all the same. */
  private sealedCopy(sessionId: string, id: string): Buffer {
    try {
      return this.options.sealer.seal(sessionId, sealContext(id))
    } catch {
      return Buffer.alloc(0)
    }
  }

  /** Its maker has the address anyway. */
  private mayHold(session: StoredSession, by: Standing): boolean {
    return isReached(session, by) && (session.madeBy === by.maker || this.options.reach.covers(by, session))
  }

  private unsealed({ id, sealed }: Pick<StoredSession, 'id' | 'sealed'>): string | null {
    try {
      return this.options.sealer.open(sealed, sealContext(id)).toString('utf8')
    } catch {
      return null
    }
  }

  private active(sessionId: string): StoredSession {
    const { store, clock } = this.options
    const cached = this.cache.get(sessionId)
    const session = cached !== undefined && cached.until > clock.monotonic() ? cached.session : store.byHash(hashSecret(sessionId))
    if (session === undefined) throw new RelayFault('session-not-found')
    if (session.expiresAt <= clock.now()) throw new RelayFault('session-expired')
    if (session !== cached?.session) this.remember(sessionId, session)
    return session
  }

  private remember(sessionId: string, session: StoredSession): void {
    const oldest = this.cache.size >= cacheSize ? this.cache.keys().next().value : undefined
    if (oldest !== undefined) this.cache.delete(oldest)
    this.cache.set(sessionId, { session, until: this.options.clock.monotonic() + cacheFor })
  }

  private forget(id: string): void {
    for (const [sessionId, { session }] of this.cache) if (session.id === id) this.cache.delete(sessionId)
  }

  private end(session: StoredSession, account: Account | undefined, actor: string): void {
    this.options.store.remove(session.id)
    this.forget(session.id)
    this.uses.delete(session.id)
    this.audit('session-revoked', session, account, actor)
    for (const listener of this.endListeners) listener(session.id)
  }

  private account(id: string): Account {
    const account = this.options.accounts.find(id)
    if (account === undefined) throw new RelayFault('user-not-found')
    return account
  }

  private owned(session: StoredSession, accountId: string): StoredSession {
    if (session.accountId !== accountId) throw new RelayFault('session-foreign')
    return session
  }

  private withUses(sessions: StoredSession[]): StoredSession[] {
    return sessions.map((session) => ({ ...session, lastUsedAt: this.uses.get(session.id) ?? session.lastUsedAt }))
  }

  private audit(
    type: Extract<keyof typeof relayEvents, `session-${string}`>,
    session: StoredSession,
    account: Account | undefined,
    actor: string,
  ): void {
    const subject = account?.primaryEmail ?? session.accountId
    this.options.events.emit({ type, subject, actor, data: { id: session.id, account: session.accountId } })
    this.options.changed()
  }
}

function isReached({ id, madeBy }: StoredSession, by: Standing): boolean {
  return by.reaches('relay', { subject: id, makers: [madeBy] })
}

function sealContext(id: string): string {
  return `relay:session:${id}`
}
