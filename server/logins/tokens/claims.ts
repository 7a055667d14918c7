/** The token of a session: made from what is stored, so that every racer and every server makes the same one. */
import { audience, issuer, type Claims } from '../keys/signing-keys.ts'
import type { Session } from '../session.ts'

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
