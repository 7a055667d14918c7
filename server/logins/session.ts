/** What a login session is, and what is true of it at a moment. Times are ms since the epoch. */

/** Why a session is over. `expired`, `idle` and `limit` follow from time alone; the others were done by somebody. */
export const endReasons = ['logout', 'revoked', 'evicted', 'reused', 'expired', 'idle', 'limit'] as const
export type EndReason = (typeof endReasons)[number]
/** What is written into a session; the reasons of time are never stored, so a clock that jumps and comes back ends nothing. */
export type StoredEndReason = Exclude<EndReason, 'expired' | 'idle' | 'limit'>

/** A value: a change makes a new one. */
export interface Session {
  readonly id: string
  readonly userId: string
  readonly username: string
  readonly roleName: string
  readonly permissions: readonly string[]
  readonly rememberMe: boolean
  readonly createdAt: number
  readonly expiresAt: number
  /** No renewal goes beyond it. */
  readonly absoluteEndsAt: number
  /**
   * Only ever rises, and with every use: the one field that is changed in place, since a copy with every validation would cost more than
   * the rest of it.
   */
  lastActivity: number
  /** As the server saw them. */
  readonly address: string
  readonly device: string
  /** What the gateway says of its client; never in place of what the server saw. */
  readonly reportedAddress: string | null
  readonly reportedDevice: string | null
  /** The `jti` of the one token that is current. */
  readonly tokenId: string
  readonly tokenIssuedAt: number
  /** The token before it, good until `previousUntil`. */
  readonly previousTokenId: string | null
  /** null while the successor was only offered: until somebody uses it, its owner may never have received it. */
  readonly previousUntil: number | null
  readonly renewals: number
  readonly endedAt: number | null
  readonly endReason: StoredEndReason | null
}

export type SessionState = { live: true } | { live: false; reason: EndReason; at: number }

/** The stored session is the one truth about time; `idleTimeout` is null where there is none. */
export function stateOf(session: Session, now: number, idleTimeout: number | null): SessionState {
  if (session.endedAt !== null) return { live: false, reason: session.endReason ?? 'revoked', at: session.endedAt }
  const idleAt = idleTimeout === null ? Infinity : session.lastActivity + idleTimeout
  const overAt = Math.min(session.expiresAt, idleAt)
  if (now < overAt) return { live: true }
  const reason = idleAt < session.expiresAt ? 'idle' : session.expiresAt >= session.absoluteEndsAt ? 'limit' : 'expired'
  return { live: false, reason, at: overAt }
}

export function isLive(session: Session, now: number, idleTimeout: number | null): boolean {
  return stateOf(session, now, idleTimeout).live
}

/** The session, ended; one that is over already stays as it is. */
export function ended(session: Session, reason: StoredEndReason, now: number): Session {
  return session.endedAt === null ? { ...session, endedAt: now, endReason: reason } : session
}
