/** What the window does with sessions, named by their rows: sees those of all accounts, changes what they reach, limits accounts. */
import { iso } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { RelayFault } from '../fault.ts'
import type { Standing } from '../../http/rights.ts'
import { opensNoMore, type BuiltInReach } from '../built-in/reach.ts'
import type { RelaySession } from '../contract/native-sessions.ts'
import type { AccountRules, ItemRef, GivenPolicy, SessionPolicy } from '../contract/parts.ts'
import type { relayEvents } from '../events.ts'
import { namesShown, resolvePolicy } from './given-policy.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { SealedAddresses } from './sealed-addresses.ts'
import { isReached, type IssuedSession, type NewSession, type Sessions } from './sessions.ts'
import type { SessionStore, StoredSession } from './store.ts'
import type { View } from './view.ts'
import type { Views } from './views.ts'

export interface SessionAdminOptions {
  sessions: Sessions
  store: SessionStore
  live: LiveSessions
  addresses: SealedAddresses
  reach: BuiltInReach
  views: Views
  events: Announcer<typeof relayEvents>
  changed(): void
}

export interface SessionPatch {
  name?: string | null | undefined
  policy?: GivenPolicy | undefined
}

export class SessionAdmin {
  readonly #options: SessionAdminOptions

  constructor(options: SessionAdminOptions) {
    this.#options = options
  }

  /** Sessions of all accounts that the caller may see. */
  all(by: Standing): StoredSession[] {
    const { store, live } = this.#options
    return live.withUses(store.all()).filter((session) => isReached(session, by))
  }

  /** What a session sees; the names it is shown are its from then on. */
  viewOf(session: StoredSession): View {
    return this.#options.views.of(session)
  }

  /** Why a session has no tool of a name, in words. */
  missing(view: View, name: string): string {
    return this.#options.views.missing(view, name)
  }

  /** As it is shown: without its secrets. */
  shown(session: StoredSession): RelaySession {
    const { id, name, accountId, prefix, createdAt, expiresAt, lastUsedAt, address, userAgent, policy, spent } = session
    return {
      ...{ id, name, accountId, prefix, address, userAgent, policy, spent },
      createdAt: iso(createdAt),
      expiresAt: iso(expiresAt),
      lastUsedAt: lastUsedAt === null ? null : iso(lastUsedAt),
      tools: this.#options.views.peek(session).tools.size,
    }
  }

  /** The tools a session sees, under the names it sees them. Throws `session-not-found`. */
  tools(id: string, by: Standing) {
    return [...this.viewOf(this.reached(id, by)).tools.values()].map(({ name, tool, listed }) => ({
      name,
      description: String(listed.description ?? ''),
      inputSchema: listed['inputSchema'],
      price: tool.price,
    }))
  }

  /** A session that the caller may see. Throws `session-not-found`. */
  reached(id: string, by: Standing): StoredSession {
    const session = this.#options.store.byId(id)
    if (session === undefined || !isReached(session, by)) throw new RelayFault('session-not-found')
    return session
  }

  /** One that the caller may use as it is. Throws `session-not-found`, `session-beyond-caller`. */
  holdable(id: string, by: Standing): StoredSession {
    const session = this.reached(id, by)
    if (!this.#options.sessions.mayHold(session, by))
      throw new RelayFault('session-beyond-caller', 'This session reaches more of Wheelhouse than this key does')
    return session
  }

  /**
   * The secret id once more, for the window's snippets; said in the audit trail. Throws `session-not-found`, `session-beyond-caller`,
   * `session-locked`.
   */
  secretOf(id: string, actor: string, by: Standing): string {
    const session = this.holdable(id, by)
    const secret = this.#options.addresses.open(session)
    if (secret === null)
      throw new RelayFault(
        'session-locked',
        'The address goes on working, but it was sealed with a key that is not here and cannot be shown',
      )
    this.#options.sessions.audit('session-address-shown', session, actor)
    return secret
  }

  /** Throws `session-not-found`, `policy-invalid`, `policy-beyond-caller`. */
  change(id: string, patch: SessionPatch, actor: string, by: Standing): StoredSession {
    const { sessions, store, live, reach, views } = this.#options
    const session = this.reached(id, by)
    const policy = patch.policy === undefined ? session.policy : this.#resolved(session, patch.policy)
    // Whoever opens more answers for all of it from then on.
    const opens = !opensNoMore(policy, session.policy)
    if (opens) reach.check(policy, by)
    const changed = {
      ...session,
      name: patch.name === undefined ? session.name : patch.name,
      policy,
      policyBy: opens ? by.maker : session.policyBy,
    }
    store.change(id, changed.name, changed.policy, changed.policyBy)
    if (patch.policy !== undefined && namesShown(patch.policy)) views.of(changed)
    if (patch.policy === undefined) live.forget(id)
    else sessions.announceReach(id)
    sessions.audit('session-changed', changed, actor)
    return changed
  }

  /** A person has said "always" to a tool whose calls waited; what the session reaches stays as it is. */
  allowAlways(id: string, item: ItemRef, actor: string): void {
    const { sessions, store, live } = this.#options
    const session = store.byId(id)
    if (session === undefined) return
    const { approvals } = session.policy
    const always = [...approvals.always.filter(({ upstream, name }) => upstream !== item.upstream || name !== item.name), item]
    const policy = { ...session.policy, approvals: { ...approvals, always } }
    store.change(id, session.name, policy, session.policyBy)
    live.forget(id)
    sessions.audit('session-changed', session, actor)
  }

  /**
   * Another session that reaches the same under the same names, of the same account unless another is named. Throws `session-not-found`,
   * `user-not-found`, `policy-beyond-caller`.
   */
  clone(
    id: string,
    { accountId, name, expiresIn, address }: Pick<NewSession, 'name' | 'expiresIn' | 'address'> & { accountId?: string | undefined },
    actor: string,
    by: Standing,
  ): IssuedSession {
    const { sessions, views } = this.#options
    const like = this.reached(id, by)
    const wanted = { accountId: accountId ?? like.accountId, name: name ?? like.name ?? undefined, policy: like.policy }
    const issued = sessions.create({ ...wanted, expiresIn, address }, actor, by)
    views.copyNames(like.id, issued.session.id)
    return issued
  }

  /** Throws `session-not-found`. */
  revoke(id: string, actor: string, by: Standing): void {
    this.#options.sessions.end(this.reached(id, by), actor)
  }

  /** The maker may do less now: its sessions reach less, also those in use. */
  reconsider(maker: string): void {
    for (const id of this.#options.store.byPolicy(maker)) this.#options.sessions.announceReach(id)
  }

  /** What accounts may reach; those without limits are left out. */
  rules(): { accountId: string; rules: AccountRules }[] {
    return this.#options.store.allRules()
  }

  /** Limits all sessions of an account, also those in use. Throws `user-not-found`. */
  setRules(accountId: string, rules: AccountRules, actor: string): void {
    const { sessions, store, events, changed } = this.#options
    const account = sessions.account(accountId)
    store.putRules(accountId, rules)
    events.emit({ type: 'account-rules-changed', subject: account.primaryEmail, actor, data: { account: accountId } })
    changed()
    for (const { id } of store.ofAccount(accountId)) sessions.announceReach(id)
  }

  /** By the names that the session shows now, and would show of servers it is to reach. */
  #resolved({ id, rules }: StoredSession, given: GivenPolicy): SessionPolicy {
    return resolvePolicy(given, this.#options.views.namesFor({ id, policy: given, rules }))
  }

  /** Sessions whose addresses cannot be shown. */
  locked(): string[] {
    return this.#options.addresses.locked()
  }

  /** Gives up the copies of addresses that cannot be opened. */
  giveUpLocked(): void {
    const { addresses, live, changed } = this.#options
    addresses.giveUpLocked()
    live.forgetAll()
    changed()
  }
}
