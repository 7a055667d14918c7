/** The nine published routes of a session service, and one that its gateways need. */
import { z } from 'zod'
import { failure, name, permissions, text, time, token } from './parts.ts'

const publishedSession = z.object({
  session_id: z.string(),
  user_id: z.string(),
  username: z.string(),
  role_name: z.string(),
  permissions: z.array(z.string()),
  created_at: time,
  expires_at: time,
  last_activity: time,
})

const done = z.object({ success: z.literal(true), message: z.string() })
const sessionParams = z.object({ sessionID: z.string().max(200) })
const userParams = z.object({ userID: z.string().min(1).max(256) })
const unauthorized = failure('No token, or one that is not good')
const forbidden = failure('Neither the owner nor an administrator')
const down = failure('The session store cannot be reached')

export const publishedRoutes = {
  health: {
    method: 'GET',
    path: '/api/v1/sessions/health',
    tag: 'Public',
    summary: 'Whether the session service is operational',
    access: 'public',
    right: 'anyone',
    responses: {
      200: {
        description: 'Operational',
        body: z.object({ success: z.literal(true), service: z.string(), status: z.literal('healthy'), message: z.string() }),
      },
      503: {
        description: 'The store cannot be reached',
        body: z.object({ success: z.literal(false), service: z.string(), status: z.literal('unhealthy'), message: z.string() }),
      },
    },
  },
  validate: {
    method: 'POST',
    path: '/api/v1/sessions/validate',
    tag: 'Public',
    summary: 'Validate a token against the stored sessions',
    access: 'public',
    right: 'anyone',
    body: z.object({ token }),
    responses: {
      200: {
        description: 'Valid',
        body: z.object({
          is_valid: z.literal(true),
          session: publishedSession,
          should_refresh: z.boolean(),
          new_token: z.string().optional(),
        }),
      },
      400: failure('No token'),
      401: { description: 'Not valid', body: z.object({ is_valid: z.literal(false), error_code: z.string(), error_message: z.string() }) },
      503: down,
    },
  },
  createSession: {
    method: 'POST',
    path: '/api/v1/sessions',
    tag: 'Gateway',
    summary: 'Create a session after a successful login',
    description:
      'At the limit of concurrent sessions the policy decides: the oldest or least recently used one ends, or this call is refused.',
    access: 'local',
    right: 'logins:use',
    body: z.object({
      user_id: name,
      username: name,
      role_name: name,
      permissions: permissions.default([]),
      remember_me: z.boolean().default(false),
      /** The first expiry; the default life when left out. */
      expires_at: z.iso.datetime({ offset: true }).nullish(),
      /** The client as the gateway saw it; kept beside, never instead of, what this server saw. */
      ip_address: text(64).nullish(),
      user_agent: text(512).nullish(),
    }),
    responses: {
      201: {
        description: 'Created',
        body: z.object({
          success: z.literal(true),
          message: z.string(),
          session_id: z.string(),
          token: z.string(),
          expires_at: time,
          user: z.object({ id: z.string(), username: z.string(), role: z.string() }),
        }),
      },
      400: failure('A field is missing or wrong'),
      409: failure('The user has as many sessions as allowed'),
      503: down,
    },
  },
  refreshSession: {
    method: 'POST',
    path: '/api/v1/sessions/refresh',
    tag: 'Gateway',
    summary: 'Replace a token that is near its end',
    description:
      'The old token stays good for ten seconds, in which everyone who asks gets the same successor. Used later than that it ends the session.',
    access: 'local',
    right: 'logins:use',
    body: z.object({ token: token.optional() }).nullish(),
    responses: {
      200: { description: 'The token to go on with', body: done.extend({ token: z.string(), refreshed: z.boolean(), expires_at: time }) },
      400: failure('No token'),
      401: unauthorized,
      404: failure('No such session'),
      503: down,
    },
  },
  noteActivity: {
    method: 'POST',
    path: '/api/v1/sessions/activity',
    tag: 'Gateway',
    summary: 'Note that sessions were used: what a gateway let pass by itself',
    description:
      'Counts as their last activity at that time. `over` names those among them that are over or not known; their tokens have to be refused.',
    access: 'local',
    right: 'logins:use',
    body: z.object({
      sessions: z
        .array(
          z.object({
            session_id: z.string().max(200),
            /** Not a time, since clocks differ. */ used_ms_ago: z.number().int().min(0).max(86_400_000).default(0),
          }),
        )
        .min(1)
        .max(1_000),
    }),
    responses: {
      200: { description: 'Noted', body: done.extend({ over: z.array(z.string()) }) },
      400: failure('A field is missing or wrong'),
      503: down,
    },
  },
  logout: {
    method: 'POST',
    path: '/api/v1/sessions/logout',
    tag: 'Gateway',
    summary: 'Revoke the session of a token, given in the body or the Authorization header',
    access: 'local',
    right: 'logins:use',
    body: z.object({ token: token.optional() }).nullish(),
    responses: { 200: { description: 'Revoked', body: done }, 400: failure('No token'), 404: failure('No such session'), 503: down },
  },
  sessionStats: {
    method: 'GET',
    path: '/api/v1/sessions/stats',
    tag: 'Gateway',
    summary: 'Counts, computed from the store',
    access: 'local',
    right: 'logins:use',
    responses: {
      200: {
        description: 'Counts',
        body: z.object({
          success: z.literal(true),
          stats: z.object({
            total_sessions: z.number().int(),
            active_sessions: z.number().int(),
            expired_sessions: z.number().int(),
            ended_sessions: z.number().int(),
            active_users: z.number().int(),
          }),
        }),
      },
      503: down,
    },
  },
  userSessions: {
    method: 'GET',
    path: '/api/v1/sessions/user/:userID',
    tag: 'Protected',
    summary: 'The active sessions of a user, for themselves or an administrator',
    access: 'public',
    right: 'anyone',
    params: userParams,
    responses: {
      200: {
        description: 'Newest first',
        body: z.object({
          success: z.literal(true),
          user_id: z.string(),
          sessions: z.array(
            z.object({
              session_id: z.string(),
              created_at: time,
              last_activity: time,
              is_active: z.literal(true),
              is_current: z.boolean(),
              expires_at: time,
              address: z.string(),
              device: z.string(),
            }),
          ),
          count: z.number().int(),
        }),
      },
      401: unauthorized,
      403: forbidden,
      503: down,
    },
  },
  revokeSession: {
    method: 'DELETE',
    path: '/api/v1/sessions/:sessionID',
    tag: 'Protected',
    summary: 'Revoke one session, for its user or an administrator',
    access: 'public',
    right: 'anyone',
    params: sessionParams,
    responses: {
      200: { description: 'Revoked', body: done.extend({ session_id: z.string() }) },
      401: unauthorized,
      403: forbidden,
      404: failure('No such session'),
      503: down,
    },
  },
  revokeUserSessions: {
    method: 'DELETE',
    path: '/api/v1/sessions/user/:userID',
    tag: 'Protected',
    summary: 'Revoke all sessions of a user, or all but the current one',
    access: 'public',
    right: 'anyone',
    params: userParams,
    query: z.object({ exclude_current: z.enum(['true', 'false', '1', '0']).default('false') }),
    responses: {
      200: {
        description: 'Revoked',
        body: done.extend({ user_id: z.string(), revoked_count: z.number().int(), total_sessions: z.number().int() }),
      },
      401: unauthorized,
      403: forbidden,
      503: down,
    },
  },
} as const
