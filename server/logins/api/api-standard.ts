/** Answers introspection (RFC 7662), revocation (RFC 7009) and the key set (RFC 7517). */
import { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'
import { actorOf, type Handlers } from '../../http/api.ts'
import type { standardRoutes } from '../contract/standard.ts'
import { audience, issuer } from '../tokens/claims.ts'
import type { LoginsApiParts } from './calls.ts'

export function createStandardHandlers({ sessions, keys }: LoginsApiParts): Handlers<typeof standardRoutes> {
  return {
    async introspect({ body }) {
      if (body.token === '') throw new LoginFault('token-missing')
      const found = await sessions.introspect(body.token)
      if (found === null) return { status: 200, body: { active: false } }
      const { session, tokenId, issuedAt, endsAt } = found
      return {
        status: 200,
        body: {
          active: true,
          sub: session.userId,
          username: session.username,
          // RFC 6749: scope values are parted by spaces, so a permission with one in it cannot be among them.
          scope: session.permissions.filter((permission) => !permission.includes(' ')).join(' '),
          token_type: 'Bearer',
          iss: issuer,
          aud: audience,
          jti: tokenId,
          iat: Math.floor(issuedAt / 1_000),
          exp: Math.floor(endsAt / 1_000),
          sid: session.id,
          role_name: session.roleName,
        },
      }
    },

    async revokeToken({ body }, call) {
      if (body.token === '') throw new LoginFault('token-missing')
      try {
        await sessions.endByToken(body.token, 'revoked', actorOf(call.caller))
      } catch (error) {
        // RFC 7009, 2.2: the purpose of the call, that the token is worth nothing, is achieved already.
        if (!(error instanceof Fault) || error.code !== 'session-not-found') throw error
      }
      return { status: 200, body: '' }
    },

    jwks: () => ({ status: 200, body: keys.jwks(), headers: { 'cache-control': 'public, max-age=60' } }),
  }
}
