/** Answers the published routes and the standards beside them through the services. */
import { iso } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'
import { actorOf, implement, type Api, type Call, type Handlers } from '../../http/api.ts'
import { createLegacyHandlers } from './api-legacy.ts'
import { createNativeHandlers } from './api-native.ts'
import { loginsContract } from '../contract/index.ts'
import type { publishedRoutes, standardRoutes } from '../contract/published.ts'
import { lockedFault, type SigningKeys } from '../keys/signing-keys.ts'
import { audience, issuer } from '../tokens/claims.ts'
import type { Policy } from '../policy.ts'
import type { Revocations } from '../revocations.ts'
import type { Sessions } from '../service.ts'
import type { Session } from '../session.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { Inspection } from '../tokens/inspect.ts'
import type { LoginUsers } from '../users/users.ts'
import type { Clock } from '../../clock.ts'

export interface LoginsApiParts {
  sessions: Sessions
  users: LoginUsers
  keys: SigningKeys
  store: SessionStore
  revocations: Revocations
  inspect(token: string): Promise<Inspection>
  policy(): Policy
  clock: Clock
  /** When what is over is next removed. */
  nextCleanupAt(): number
}

const serviceName = 'session-service'

export function createLoginsApi(parts: LoginsApiParts): Api {
  return implement(
    loginsContract,
    { ...publishedHandlers(parts), ...standardHandlers(parts), ...createLegacyHandlers(parts), ...createNativeHandlers(parts) },
    {
      revocations: (socket, { query }) =>
        parts.revocations.connect(socket, query['since'] === 'now' ? null : typeof query['since'] === 'number' ? query['since'] : 0),
    },
  )
}

function publishedHandlers({ sessions, store, keys, policy, clock }: LoginsApiParts): Handlers<typeof publishedRoutes> {
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

function standardHandlers({ sessions, keys }: LoginsApiParts): Handlers<typeof standardRoutes> {
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

/** Why no login can be made or validated now; null when it can. */
export function troubleOf(store: SessionStore, keys: SigningKeys): Fault | null {
  if (!store.state().up) return new LoginFault('store-unavailable', 'The session store cannot be reached')
  if (keys.state() === 'locked') return lockedFault()
  return keys.state() === 'unread' ? new LoginFault('store-unavailable', 'The signing keys cannot be read') : null
}

/**
 * Who asks about sessions: the owner of a token, or whoever holds a key of this server, who may do all. A gateway sends its key with all it
 * passes on: where a token comes as well, its user asks, and may no more than they may.
 */
export interface SessionCaller {
  actor: string
  sessionId: string | null
  userId: string | null
  role: string | null
}

async function callerOf(call: Call, sessions: Sessions): Promise<SessionCaller> {
  const isKeyed = call.caller.kind === 'owner' || call.caller.kind === 'key'
  if (isKeyed && (call.headers['x-api-key'] === undefined || bearerOf(call) === null))
    return { actor: actorOf(call.caller), sessionId: null, userId: null, role: null }
  // Looking at sessions is not using them.
  const session = await sessionOf(call, sessions, false)
  return { actor: `user:${session.username}`, sessionId: session.id, userId: session.userId, role: session.roleName }
}

/** The session of the Authorization header. Throws `missing-token`, or why the token is not good. */
export function sessionOf(call: Call, sessions: Sessions, asUse: boolean): Promise<Session> {
  const token = bearerOf(call)
  if (token === null) throw new LoginFault('missing-token')
  return sessions.authenticate(token, asUse)
}

function allow(caller: SessionCaller, userId: string, { adminRoles }: Policy): void {
  if (caller.role === null || caller.userId === userId || adminRoles.includes(caller.role)) return
  throw new LoginFault('access-denied', 'Only the user or an administrator may do this')
}

/** From the body, else from the Authorization header. */
export function tokenGiven(inBody: string | undefined, call: Call): string {
  const token = inBody !== undefined && inBody !== '' ? inBody : bearerOf(call)
  if (token === null) throw new LoginFault('token-missing')
  return token
}

export function bearerOf(call: Call): string | null {
  const { authorization } = call.headers
  return (typeof authorization === 'string' ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined) ?? null
}

export function seenFrom(call: Call): { address: string; device: string } {
  const agent = call.headers['user-agent']
  return { address: call.address, device: typeof agent === 'string' ? agent.slice(0, 512) : '' }
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
