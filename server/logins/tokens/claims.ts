/** What a token says of its session: made from what is stored, so that every racer and every server makes the same one. */
import type { Session } from '../session.ts'

export const issuer = 'wheelhouse'
export const audience = 'wheelhouse-logins'

/** What a token says. `session_id`, `user_id` and `role_name` are the contract's words, `sid` and `sub` the standards'. */
export interface Claims {
  iss: string
  aud: string
  sub: string
  sid: string
  jti: string
  /** Seconds since the epoch. */
  iat: number
  exp: number
  session_id: string
  user_id: string
  username: string
  role_name: string
  permissions?: readonly string[]
  /** Left out where it is not; a gateway renews the token accordingly. */
  remember_me?: true
}

/** Beyond it a token would not fit into a request's headers; the stored session, which validation returns, always has them all. */
const permissionBytes = 2_048

export function claimsOf(session: Session): Claims {
  return {
    iss: issuer,
    aud: audience,
    sub: session.userId,
    sid: session.id,
    jti: session.tokenId,
    iat: Math.floor(session.tokenIssuedAt / 1_000),
    // Rounded down: a token never outlives its session.
    exp: Math.floor(session.expiresAt / 1_000),
    session_id: session.id,
    user_id: session.userId,
    username: session.username,
    role_name: session.roleName,
    ...(session.rememberMe ? { remember_me: true as const } : {}),
    ...(JSON.stringify(session.permissions).length <= permissionBytes ? { permissions: session.permissions } : {}),
  }
}

/** A part of a token, whoever signed it and whether it is good or not; undefined when it is not there, null when it cannot be read. */
export function unverifiedPart(token: string, part: 'header' | 'claims'): unknown {
  const text = token.split('.')[part === 'header' ? 0 : 1]
  if (text === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}
