/** Answers the legacy `/api/v1/auth` routes. */
import { iso } from '../../clock.ts'
import { LoginFault } from '../fault.ts'
import { actorOf, type Handlers } from '../../http/api.ts'
import { bearerOf, seenFrom, sessionOf, troubleOf, type LoginsApiParts } from './calls.ts'
import type { legacyRoutes } from '../contract/legacy.ts'
import type { Session } from '../session.ts'
import { unverifiedPart } from '../tokens/claims.ts'

export function createLegacyHandlers({ sessions, users, keys, store, policy }: LoginsApiParts): Handlers<typeof legacyRoutes> {
  /** A session made by a gateway has no user here; then the session itself says who it is. */
  const userOf = async (session: Session) => {
    const user = await users.find(session.userId)
    return { id: session.userId, username: session.username, full_name: user?.fullName ?? '', is_active: user?.active ?? true }
  }
  const roleOf = (session: Session) => ({ id: session.roleName, name: session.roleName })
  const times = (session: Session) => ({
    expires_at: iso(session.expiresAt),
    refresh_at: iso(session.expiresAt - policy().threshold(session.rememberMe)),
  })

  return {
    async login({ body }, call) {
      try {
        const user = await users.signIn(body?.username ?? '', body?.password ?? '', call.address)
        const { session, token } = await sessions.create(
          {
            userId: user.id,
            username: user.username,
            roleName: user.roleName,
            permissions: user.permissions,
            rememberMe: body?.remember_me ?? false,
            expiresAt: null,
            ...seenFrom(call),
            reportedAddress: null,
            reportedDevice: null,
          },
          actorOf(call.caller),
        )
        // Removed, or changed, while the password was looked at: that ended what was open then, and this was not.
        if (!(await users.isStill(user))) {
          await sessions.end(session.id, 'revoked', 'system')
          throw new LoginFault('invalid-credentials')
        }
        return {
          status: 200,
          body: {
            success: true,
            message: 'Login successful',
            user: await userOf(session),
            role: { ...roleOf(session), permissions: [...session.permissions] },
            token,
            session_id: session.id,
            expires_at: iso(session.expiresAt),
          },
        }
      } catch (error) {
        if (!LoginFault.is(error, 'too-many-attempts')) throw error
        const failure = { success: false as const, error_code: 'too_many_attempts', error_message: error.message, message: error.message }
        return { status: 429, body: failure, headers: { 'retry-after': String(error.details['retryAfter']) } }
      }
    },

    authHealth() {
      const trouble = troubleOf(store, keys)
      if (trouble !== null) throw trouble
      return {
        status: 200,
        body: {
          success: true,
          message: 'Service is healthy',
          data: { service: 'session-service', status: 'healthy', storage: store.kind },
        },
      }
    },

    async authLogout({ body }, call) {
      const token = bearerOf(call) ?? body?.token ?? ''
      if (token === '') throw new LoginFault('missing-token')
      await sessions.endByToken(token, 'logout', actorOf(call.caller))
      return { status: 200, body: { success: true, message: 'Logged out successfully' } }
    },

    async authRefresh({ body }, call) {
      const token = body?.token ?? bearerOf(call) ?? ''
      if (token === '') throw new LoginFault('missing-token')
      const { session, token: next, refreshed } = await sessions.refresh(token, actorOf(call.caller))
      if (!refreshed) throw new LoginFault('refresh-failed', 'The token is not near its end yet')
      return { status: 200, body: { token: next, ...times(session) } }
    },

    async authValidate(_, call) {
      const session = await sessionOf(call, sessions, true)
      return { status: 200, body: { is_authenticated: true, user: await userOf(session), role: roleOf(session), ...times(session) } }
    },

    async profile(_, call) {
      const session = await sessionOf(call, sessions, true)
      return { status: 200, body: { user: await userOf(session), role: roleOf(session), permissions: [...session.permissions] } }
    },

    async tokenInfo(_, call) {
      const session = await sessionOf(call, sessions, true)
      if (!session.permissions.includes('admin-read')) throw new LoginFault('access-denied', 'This needs the permission admin-read')
      const token = bearerOf(call) ?? ''
      const verdict = keys.verify(token)
      return {
        status: 200,
        // What verifies is of our form.
        body: {
          claims: verdict.ok ? (unverifiedPart(token, 'claims') as Record<string, unknown>) : {},
          valid: verdict.ok,
          error: verdict.ok ? null : verdict.problem,
        },
      }
    },
  }
}
