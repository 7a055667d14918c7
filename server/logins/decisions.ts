/** What becomes of sessions: pure rules, which the stores run inside their own kind of transaction. */
import type { Policy, RoleLimit } from './policy.ts'
import { ended, isLive, stateOf, type EndReason, type Session } from './session.ts'
import type { Changed } from './store/session-store.ts'

/** How long the token before the current one stays good after a rotation, and every racer gets the same successor. */
export const graceMs = 10_000

export type CreateOutcome = { created: true; evicted: Session[] } | { created: false; live: number }

/** The user's sessions make room for one more as the limit says. `sessions` are those nobody ended. */
export function decideCreate(
  sessions: readonly Session[],
  session: Session,
  limit: RoleLimit,
  now: number,
  idleTimeout: number | null,
): Changed<CreateOutcome> {
  const live = sessions.filter((each) => isLive(each, now, idleTimeout))
  const tooMany = live.length + 1 - limit.maxConcurrent
  if (tooMany <= 0) return { put: [session], result: { created: true, evicted: [] } }
  if (limit.whenFull === 'deny') return { put: [], result: { created: false, live: live.length } }
  const evicted = evictionOrder(live, limit)
    .slice(0, tooMany)
    .map((each) => ended(each, 'evicted', now))
  return { put: [...evicted, session], result: { created: true, evicted } }
}

/** Who goes first when there are too many. */
export function evictionOrder(live: readonly Session[], { whenFull }: Pick<RoleLimit, 'whenFull'>): Session[] {
  const key = (session: Session): number => (whenFull === 'evict-least-recently-used' ? session.lastActivity : session.createdAt)
  // By id among those of the same moment, so that two servers choose the same one.
  return live.toSorted((a, b) => key(a) - key(b) || (a.id < b.id ? -1 : 1))
}

/** What a token is to its session. `replaced` is one whose successor was used, or asked for, longer ago than the grace. */
export type TokenStanding = 'current' | 'previous' | 'replaced'

export function standingOf(session: Session, tokenId: string, now: number): TokenStanding {
  if (tokenId === session.tokenId) return 'current'
  if (tokenId === session.previousTokenId && (session.previousUntil === null || now < session.previousUntil)) return 'previous'
  return 'replaced'
}

export type RenewOutcome =
  | { kind: 'missing' }
  | { kind: 'over'; reason: EndReason }
  /** A token that was replaced came back: somebody else has it, so the family ends. */
  | { kind: 'reused'; session: Session }
  | { kind: 'not-yet' | 'exhausted'; session: Session }
  /** `renewed` is false for a racer, who gets the successor that is there already. */
  | { kind: 'current'; session: Session; renewed: boolean }

/**
 * Renews the session and its token. `ask` is `refresh` when the client asked for it: the token it holds is then replaced at once.
 * `offer` is the renewal a validation hands out: whoever ignores it keeps a good token until the offered one is used for the first time.
 */
export function decideRenewal(
  session: Session | undefined,
  tokenId: string,
  ask: 'refresh' | 'offer',
  newTokenId: string,
  policy: Policy,
  now: number,
): Changed<RenewOutcome> {
  if (session === undefined) return unchanged({ kind: 'missing' })
  const state = stateOf(session, now, policy.idleTimeout)
  if (!state.live) return unchanged({ kind: 'over', reason: state.reason })
  const standing = standingOf(session, tokenId, now)
  if (standing === 'replaced') {
    const over = ended(session, 'reused', now)
    return { put: [over], result: { kind: 'reused', session: over } }
  }
  if (standing === 'previous') {
    // The successor is there. Asking for it counts as receiving it.
    if (ask === 'offer' || session.previousUntil !== null) return unchanged({ kind: 'current', session, renewed: false })
    const received = { ...session, previousUntil: now + graceMs }
    return { put: [received], result: { kind: 'current', session: received, renewed: false } }
  }
  // While the token before this one has its grace, nothing is rotated again: it would fall out and look like a theft.
  if (session.previousTokenId !== null && session.previousUntil === null) {
    const adopted = { ...session, previousUntil: now + graceMs }
    return { put: [adopted], result: { kind: 'not-yet', session: adopted } }
  }
  if (session.previousUntil !== null && now < session.previousUntil) return unchanged({ kind: 'not-yet', session })
  if (session.expiresAt - now > policy.threshold(session.rememberMe)) return unchanged({ kind: 'not-yet', session })
  const expiresAt = Math.min(now + policy.life(session.rememberMe), session.absoluteEndsAt)
  const exhausted = expiresAt <= session.expiresAt || (policy.maxRenewals !== null && session.renewals >= policy.maxRenewals)
  if (exhausted) return unchanged({ kind: 'exhausted', session })
  const renewed: Session = {
    ...session,
    expiresAt,
    tokenId: newTokenId,
    tokenIssuedAt: now,
    previousTokenId: session.tokenId,
    previousUntil: ask === 'refresh' ? now + graceMs : null,
    renewals: session.renewals + 1,
  }
  return { put: [renewed], result: { kind: 'current', session: renewed, renewed: true } }
}

/** The first use of a token that was only offered: from now on the one before it has its grace and no more. */
export function decideAdoption(session: Session | undefined, tokenId: string, now: number, idleTimeout: number | null): Changed<void> {
  // The session may have come to its end since its token was looked at.
  if (session === undefined || !isLive(session, now, idleTimeout)) return unchanged(undefined)
  if (session.tokenId !== tokenId || session.previousTokenId === null || session.previousUntil !== null) return unchanged(undefined)
  return { put: [{ ...session, previousUntil: now + graceMs }], result: undefined }
}

function unchanged<Result>(result: Result): Changed<Result> {
  return { put: [], result }
}
