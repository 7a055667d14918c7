/** The older `/api/v1/auth` routes: the service checks passwords itself and its tokens are sessions like all others. */
import { z } from 'zod'
import { failed, failure, time, token } from './parts.ts'

const legacyUser = z.object({ id: z.string(), username: z.string(), full_name: z.string(), is_active: z.boolean() })
const legacyRole = z.object({ id: z.string(), name: z.string() })
const unauthorized = failure('No token, or one that is not good')
const done = z.object({ success: z.literal(true), message: z.string() })

export const legacyRoutes = {
  login: {
    method: 'POST',
    path: '/api/v1/auth/login',
    tag: 'Legacy',
    summary: 'Sign in with user name and password',
    access: 'public',
    right: 'anyone',
    body: z
      .object({
        username: z.string().max(256).default(''),
        password: z.string().max(1_024).default(''),
        remember_me: z.boolean().default(false),
      })
      .nullish(),
    responses: {
      200: {
        description: 'Signed in',
        body: done.extend({
          user: legacyUser,
          role: legacyRole.extend({ permissions: z.array(z.string()) }),
          token: z.string(),
          session_id: z.string(),
          expires_at: time,
        }),
      },
      400: failure('User name or password is missing'),
      401: failure('They do not belong together'),
      403: failure('The account is inactive'),
      409: failure('The user has as many sessions as allowed'),
      429: { description: 'Too many wrong passwords', body: failed },
    },
  },
  authHealth: {
    method: 'GET',
    path: '/api/v1/auth/health',
    tag: 'Legacy',
    summary: 'Whether the service and its store work',
    access: 'public',
    right: 'anyone',
    responses: {
      200: {
        description: 'Healthy',
        body: z.object({
          success: z.literal(true),
          message: z.string(),
          data: z.object({ service: z.string(), status: z.literal('healthy'), storage: z.string() }),
        }),
      },
      503: failure('The store cannot be reached'),
    },
  },
  authLogout: {
    method: 'POST',
    path: '/api/v1/auth/logout',
    tag: 'Legacy',
    summary: 'End the session of the token',
    access: 'public',
    right: 'anyone',
    body: z.object({ token: token.optional() }).nullish(),
    responses: { 200: { description: 'Logged out', body: done }, 401: unauthorized, 404: failure('No such session') },
  },
  authRefresh: {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    tag: 'Legacy',
    summary: 'Replace a token that is near its end',
    access: 'public',
    right: 'anyone',
    body: z.object({ token: token.optional() }).nullish(),
    responses: {
      200: { description: 'The next token', body: z.object({ token: z.string(), expires_at: time, refresh_at: time }) },
      400: failure('Not near its end yet'),
      401: unauthorized,
      404: failure('No such session'),
    },
  },
  authValidate: {
    method: 'GET',
    path: '/api/v1/auth/validate',
    tag: 'Legacy',
    summary: 'Who the token belongs to',
    access: 'public',
    right: 'anyone',
    responses: {
      200: {
        description: 'Good',
        body: z.object({ is_authenticated: z.literal(true), user: legacyUser, role: legacyRole, expires_at: time, refresh_at: time }),
      },
      401: unauthorized,
      404: failure('No such session'),
    },
  },
  profile: {
    method: 'GET',
    path: '/api/v1/auth/profile',
    tag: 'Legacy',
    summary: 'User, role and permissions of the token',
    access: 'public',
    right: 'anyone',
    responses: {
      200: { description: 'Profile', body: z.object({ user: legacyUser, role: legacyRole, permissions: z.array(z.string()) }) },
      401: unauthorized,
      404: failure('No such session'),
    },
  },
  tokenInfo: {
    method: 'GET',
    path: '/api/v1/auth/token-info',
    tag: 'Legacy',
    summary: 'The claims of the token, for those with the permission admin-read',
    access: 'public',
    right: 'anyone',
    responses: {
      200: {
        description: 'Claims',
        body: z.object({ claims: z.record(z.string(), z.unknown()), valid: z.boolean(), error: z.string().nullable() }),
      },
      401: unauthorized,
      403: failure('Without the permission admin-read'),
    },
  },
} as const
