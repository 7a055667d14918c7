/** Answers the published routes of a session service. */
import { iso } from '../../clock.ts'
import { LoginFault } from '../fault.ts'
import { actorOf, type Handlers } from '../../http/api.ts'
import type { publishedRoutes } from '../contract/published.ts'
import type { Session } from '../session.ts'
import { allow, callerOf, seenFrom, tokenGiven, troubleOf, type LoginsApiParts } from './calls.ts'

const serviceName = 'session-service'

export function createPublishedHandlers({ sessions, store, keys, policy, clock }: LoginsApiParts): Handlers<typeof publishedRoutes> {
  return {
    health() {
      const trouble = troubleOf(store, keys)
      if (trouble !== null)
        return { status: 503, body: { success: false, service: serviceName, status: 'unhealthy', message: trouble.message } }
      return { status: 200, body: { success: true, service: serviceName, status: 'healthy', message: 'Session service is operational' } }
    },

    async validate({ body }) {
      if (body.token === '') throw new LoginFault('token-missing')
      const verdict = await sessions.validate(body.token)
      if (!verdict.valid) return { status: 401, body: { is_valid: false, error_code: verdict.code, error_message: verdict.message } }
      const { session, shouldRefresh, newToken } = verdict
      return {
        status: 200,
        body: {
          is_valid: true,
          session: publishedSession(session),
          should_refresh: shouldRefresh,
          ...(newToken === null ? {} : { new_token: newToken }),
        },
      }
    },

    async createSession({ body }, call) {
      const expiresAt = body.expires_at == null ? null : Date.parse(body.expires_at)
      if (expiresAt !== null && !(expiresAt > clock.now())) throw new LoginFault('invalid-expiry', 'expires_at has to be in the future')
      const { session, token } = await sessions.create(
        {
          userId: body.user_id,
          username: body.username,
          roleName: body.role_name,
          permissions: body.permissions,
          rememberMe: body.remember_me,
          expiresAt,
          ...seenFrom(call),
          reportedAddress: body.ip_address ?? null,
          reportedDevice: body.user_agent ?? null,
        },
        actorOf(call.caller),
      )
      return {
        status: 201,
        body: {
          success: true,
          message: 'Session created successfully',
          session_id: session.id,
          token,
          expires_at: iso(session.expiresAt),
          user: { id: session.userId, username: session.username, role: session.roleName },
        },
      }
    },

    async refreshSession({ body }, call) {
      const { session, token, refreshed } = await sessions.refresh(tokenGiven(body?.token, call), actorOf(call.caller))
      return {
        status: 200,
        body: {
          success: true,
          message: refreshed ? 'Session refreshed successfully' : 'Session does not need to be refreshed yet',
          token,
          refreshed,
          expires_at: iso(session.expiresAt),
        },
      }
    },

    async noteActivity({ body }) {
      const now = clock.now()
      const over = await sessions.noteUses(body.sessions.map(({ session_id, used_ms_ago }) => ({ id: session_id, at: now - used_ms_ago })))
      return { status: 200, body: { success: true, message: 'Activity noted successfully', over } }
    },

    async logout({ body }, call) {
      await sessions.endByToken(tokenGiven(body?.token, call), 'logout', actorOf(call.caller))
      return { status: 200, body: { success: true, message: 'Session revoked successfully' } }
    },

    async sessionStats() {
      const { total, live, expired, ended, users } = await store.counts({ now: clock.now(), idleTimeout: policy().idleTimeout })
      return {
        status: 200,
        body: {
          success: true,
          stats: { total_sessions: total, active_sessions: live, expired_sessions: expired, ended_sessions: ended, active_users: users },
        },
      }
    },

    async userSessions({ params }, call) {
      const caller = await callerOf(call, sessions)
      allow(caller, params.userID, policy())
      const found = await sessions.ofUser(params.userID)
      return {
        status: 200,
        body: {
          success: true,
          user_id: params.userID,
          sessions: found.map((session) => ({
            session_id: session.id,
            created_at: iso(session.createdAt),
            last_activity: iso(session.lastActivity),
            is_active: true as const,
            is_current: session.id === caller.sessionId,
            expires_at: iso(session.expiresAt),
            address: session.reportedAddress ?? session.address,
            device: session.reportedDevice ?? session.device,
          })),
          count: found.length,
        },
      }
    },

    async revokeSession({ params }, call) {
      const caller = await callerOf(call, sessions)
      const session = await sessions.get(params.sessionID)
      allow(caller, session.userId, policy())
      await sessions.end(session.id, 'revoked', caller.actor)
      return { status: 200, body: { success: true, message: 'Session revoked successfully', session_id: session.id } }
    },

    async revokeUserSessions({ params, query }, call) {
      const caller = await callerOf(call, sessions)
      allow(caller, params.userID, policy())
      const excluded = query.exclude_current === 'true' || query.exclude_current === '1' ? caller.sessionId : null
      const { ended, live } = await sessions.endAll(params.userID, excluded, caller.actor)
      return {
        status: 200,
        body: {
          success: true,
          message: 'User sessions revoked successfully',
          user_id: params.userID,
          revoked_count: ended.length,
          total_sessions: live,
        },
      }
    },
  }
}

function publishedSession(session: Session) {
  return {
    session_id: session.id,
    user_id: session.userId,
    username: session.username,
    role_name: session.roleName,
    permissions: [...session.permissions],
    created_at: iso(session.createdAt),
    expires_at: iso(session.expiresAt),
    last_activity: iso(session.lastActivity),
  }
}
