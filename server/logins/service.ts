/** The rules of login sessions: create, validate, renew, end. Knows no HTTP and no SQL. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { createAnnouncer } from '../events/event-types.ts'
import { LoginFault } from './fault.ts'
import { randomBase62, type RandomBytes } from '../secrets/random.ts'
import type { Activity } from './activity.ts'
import { createBulkEnding } from './bulk-ending.ts'
import { decideAdoption, decideCreate, decideRenewal, standingOf, type RenewOutcome } from './decisions.ts'
import { loginEvents } from './events.ts'
import { lockedFault, type SigningKeys } from './keys/signing-keys.ts'
import type { Verified } from './keys/verifier.ts'
import type { Policy } from './policy.ts'
import type { Ending, Introspected, NewSession, Sessions } from './sessions.ts'
import { ended, isLive, stateOf, type Session, type StoredEndReason } from './session.ts'
import type { SessionStore } from './store/session-store.ts'
import { claimsOf } from './tokens/claims.ts'
import { faultOf, invalid, notFound, replacedToken, unknownToken, type Invalid, type Validation } from './tokens/verdict.ts'

export interface SessionsOptions {
  store: SessionStore
  keys: SigningKeys
  activity: Activity
  policy(): Policy
  clock: Clock
  events: EventSink
  random?: RandomBytes
}

export function createSessions({ store, keys, activity, policy, clock, events, random = randomBytes }: SessionsOptions): Sessions {
  const announcer = createAnnouncer(events, 'logins', loginEvents)
  let validations = 0
  const endMatching = createBulkEnding({ store, activity, policy, clock, events })
  const newTokenId = (): string => randomBase62(22, random)
  const tokenOf = (session: Session): string => keys.sign(claimsOf(session))

  async function verified(token: string, verify: SigningKeys['verify']): Promise<Verified> {
    let verdict = verify(token)
    if (!verdict.ok && verdict.problem === 'unknown-key') {
      // Another server may have rotated a moment ago.
      await keys.reload()
      verdict = verify(token)
    }
    // Neither good nor bad: who called it unknown would log out all whose key is put back, and end nothing where an end is wanted.
    if (!verdict.ok && verdict.problem === 'locked-key') throw lockedFault()
    return verdict
  }

  async function find(token: string): Promise<{ session: Session; tokenId: string; issuedAt: number; tokenEndsAt: number } | null> {
    const fast = keys.verify(token)
    const verdict = fast.ok ? fast : await verified(token, keys.verify)
    if (!verdict.ok) return null
    const { sessionId, tokenId, userId, issuedAt, expiresAt } = verdict.token
    const found = store.find(sessionId)
    const stored = found instanceof Promise ? await found : found
    if (stored === null || stored.userId !== userId) return null
    return { session: activity.latest(stored), tokenId, issuedAt: issuedAt * 1_000, tokenEndsAt: (expiresAt + 1) * 1_000 }
  }

  /** null when the token is good. */
  function refusal(session: Session, tokenId: string, tokenEndsAt: number, now: number): Invalid | null {
    const state = stateOf(session, now, policy().idleTimeout)
    if (!state.live) return invalid(state.reason)
    const standing = standingOf(session, tokenId, now)
    if (standing === 'replaced') return replacedToken
    // The current one ends with its session; the one before it had an end of its own.
    if (standing === 'previous' && now >= tokenEndsAt) return invalid('expired')
    return null
  }

  async function introspect(token: string): Promise<Introspected | null> {
    const found = await find(token)
    if (found === null) return null
    const { session, tokenId, issuedAt, tokenEndsAt } = found
    if (refusal(session, tokenId, tokenEndsAt, clock.now()) !== null) return null
    const endsAt = tokenId === session.tokenId ? session.expiresAt : Math.min(tokenEndsAt, session.previousUntil ?? Infinity)
    return { session, tokenId, issuedAt, endsAt }
  }

  async function authenticate(token: string, asUse: boolean): Promise<Session> {
    const found = await find(token)
    if (found === null) throw new LoginFault('token-refused', unknownToken.message)
    const { session, tokenId, tokenEndsAt } = found
    const now = clock.now()
    const refused = refusal(session, tokenId, tokenEndsAt, now)
    if (refused !== null) {
      if (isReuse(session, tokenId, now)) await renew(session, tokenId, 'offer', 'system')
      throw faultOf(refused)
    }
    if (asUse) await activity.note(session, now)
    return session
  }

  async function validate(token: string): Promise<Validation> {
    validations += 1
    const found = await find(token)
    if (found === null) return unknownToken
    const { session, tokenId, tokenEndsAt } = found
    const now = clock.now()
    const refused = refusal(session, tokenId, tokenEndsAt, now)
    if (refused !== null) {
      if (isReuse(session, tokenId, now)) await renew(session, tokenId, 'offer', 'system')
      return refused
    }
    const written = activity.note(session, now)
    if (written !== undefined) await written
    if (tokenId === session.tokenId && session.previousTokenId !== null && session.previousUntil === null) {
      await store.change(session.userId, { session: session.id }, ([stored]) =>
        decideAdoption(stored && activity.latest(stored), tokenId, now, policy().idleTimeout),
      )
    }
    if (tokenId === session.tokenId && !isDue(session, now)) return { valid: true, session, shouldRefresh: false, newToken: null }
    return offer(session, tokenId)
  }

  /** The session is near its end, or its next token is there already. */
  async function offer(session: Session, tokenId: string): Promise<Validation> {
    const outcome = await renew(session, tokenId, 'offer', 'system')
    if (outcome.kind === 'missing') return unknownToken
    if (outcome.kind === 'over') return invalid(outcome.reason)
    if (outcome.kind === 'reused') return invalid('reused')
    const latest = activity.latest(outcome.session)
    if (outcome.kind !== 'current') return { valid: true, session: latest, shouldRefresh: false, newToken: null }
    return { valid: true, session: latest, shouldRefresh: true, newToken: tokenOf(latest) }
  }

  async function renew(session: Session, tokenId: string, ask: 'refresh' | 'offer', actor: string): Promise<RenewOutcome> {
    const nextTokenId = newTokenId()
    const outcome = await store.change(session.userId, { session: session.id }, ([stored]) =>
      decideRenewal(stored && activity.latest(stored), tokenId, ask, nextTokenId, policy(), clock.now()),
    )
    if (outcome.kind === 'reused') tell('token-reused', outcome.session, 'system')
    if (outcome.kind === 'current' && outcome.renewed) tell('session-renewed', outcome.session, actor)
    return outcome
  }

  /** True when it was live then: what was used in time is not idle for having been reported a moment later. */
  async function noteUse({ id, at }: { id: string; at: number }): Promise<boolean> {
    const stored = await store.find(id)
    if (stored === null) return false
    const session = activity.latest(stored)
    const now = clock.now()
    const { idleTimeout } = policy()
    if (!isLive(session, now, null) || !isLive(session, at, idleTimeout)) return false
    await activity.note(session, at)
    return isLive(activity.latest(session), now, idleTimeout)
  }

  async function refresh(token: string, actor: string): Promise<{ session: Session; token: string; refreshed: boolean }> {
    const found = await find(token)
    if (found === null) throw faultOf(unknownToken)
    const { session, tokenId, tokenEndsAt } = found
    const now = clock.now()
    const refused = refusal(session, tokenId, tokenEndsAt, now)
    if (refused !== null && !isReuse(session, tokenId, now)) throw faultOf(refused)
    const outcome = await renew(session, tokenId, 'refresh', actor)
    if (outcome.kind === 'missing') throw faultOf(unknownToken)
    if (outcome.kind === 'over') throw faultOf(invalid(outcome.reason))
    if (outcome.kind === 'reused') throw faultOf(invalid('reused'))
    await activity.note(outcome.session, clock.now())
    const refreshed = outcome.kind === 'current'
    return { session: outcome.session, token: refreshed ? tokenOf(outcome.session) : token, refreshed }
  }

  async function end(id: string, reason: StoredEndReason, actor: string): Promise<Ending> {
    const found = await store.find(id)
    if (found === null) throw notFound()
    const outcome = await store.change<Ending | null>(found.userId, { session: id }, ([stored]) => {
      if (stored === undefined) return { put: [], result: null }
      if (stored.endedAt !== null) return { put: [], result: { session: stored, now: false } }
      const over = ended(stored, reason, clock.now())
      return { put: [over], result: { session: over, now: true } }
    })
    if (outcome === null) throw notFound()
    if (outcome.now) tell('session-ended', outcome.session, actor)
    return outcome
  }

  async function endAll(userId: string, except: string | null, actor: string): Promise<{ ended: Session[]; live: number }> {
    const outcome = await store.change(userId, 'all', (sessions) => {
      const now = clock.now()
      const live = new Set(sessions.filter((session) => isLive(activity.latest(session), now, policy().idleTimeout)).map(({ id }) => id))
      const over = sessions.filter(({ id }) => id !== except).map((session) => ended(session, 'revoked', now))
      return { put: over, result: { over, ended: over.filter(({ id }) => live.has(id)), live: live.size } }
    })
    const [first] = outcome.over
    if (first !== undefined)
      announcer.emit({
        type: 'sessions-ended',
        subject: first.username,
        actor,
        data: { user: userId, sessions: outcome.ended.length },
      })
    return { ended: outcome.ended, live: outcome.live }
  }

  async function create(request: NewSession, actor: string): Promise<{ session: Session; token: string; evicted: Session[] }> {
    const rules = policy()
    const limit = rules.limit(request.roleName)
    const now = clock.now()
    const absoluteEndsAt = now + rules.absoluteLife(request.rememberMe)
    const session: Session = {
      ...request,
      id: Buffer.from(random(16)).toString('hex'),
      createdAt: now,
      expiresAt: Math.min(request.expiresAt ?? now + rules.life(request.rememberMe), absoluteEndsAt),
      absoluteEndsAt,
      lastActivity: now,
      tokenId: newTokenId(),
      tokenIssuedAt: now,
      previousTokenId: null,
      previousUntil: null,
      renewals: 0,
      endedAt: null,
      endReason: null,
    }
    // Signed first: a session without a token would only take somebody's place.
    const token = tokenOf(session)
    const outcome = await store.change(session.userId, 'all', (sessions) =>
      decideCreate(sessions.map(activity.latest), session, limit, clock.now(), rules.idleTimeout),
    )
    if (!outcome.created) {
      announcer.emit({
        type: 'session-denied',
        subject: session.username,
        actor,
        data: { user: session.userId, live: outcome.live },
      })
      throw new LoginFault('session-limit', `${session.username} has ${outcome.live} of ${limit.maxConcurrent} sessions already`, {
        live: outcome.live,
        limit: limit.maxConcurrent,
      })
    }
    tell('session-created', session, actor)
    for (const each of outcome.evicted) tell('session-ended', each, 'system')
    return { session, token, evicted: outcome.evicted }
  }

  function isDue(session: Session, now: number): boolean {
    return session.expiresAt - now <= policy().threshold(session.rememberMe)
  }

  function isReuse(session: Session, tokenId: string, now: number): boolean {
    return isLive(session, now, policy().idleTimeout) && standingOf(session, tokenId, now) === 'replaced'
  }

  function tell(type: 'session-created' | 'session-renewed' | 'session-ended' | 'token-reused', session: Session, actor: string): void {
    const { id, userId, address, endReason } = session
    announcer.emit({
      type,
      subject: session.username,
      actor,
      data: { session: id, user: userId, address, reason: endReason ?? undefined },
    })
  }

  return {
    create,
    validate,
    async noteUses(uses) {
      const live = await Promise.all(uses.map(noteUse))
      return uses.filter((_, index) => live[index] === false).map(({ id }) => id)
    },
    introspect,
    authenticate,
    refresh,
    end,
    endAll,
    endMatching,
    validations: () => validations,
    async giveUpKeys(actor) {
      const rules = policy()
      const { keys: count, anyUsable } = await keys.giveUp(
        clock.now() + Math.max(rules.absoluteLife(false), rules.absoluteLife(true)),
        actor,
      )
      if (!anyUsable) await endMatching({}, actor)
      return count
    },
    async endByToken(token, reason, actor) {
      const verdict = await verified(token, keys.verifyForEnding)
      if (!verdict.ok) throw notFound()
      return end(verdict.token.sessionId, reason, actor)
    },
    async get(id) {
      const found = await store.find(id)
      if (found === null) throw notFound()
      return activity.latest(found)
    },
    async ofUser(userId) {
      const now = clock.now()
      return (await store.ofUser(userId)).map(activity.latest).filter((session) => isLive(session, now, policy().idleTimeout))
    },
    async page(query) {
      const { sessions, total } = await store.page(query, { now: clock.now(), idleTimeout: policy().idleTimeout })
      return { sessions: sessions.map(activity.latest), total }
    },
  }
}
