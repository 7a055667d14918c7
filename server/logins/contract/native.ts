/** What the window and scripts need beyond the published routes: the table, users, keys, statistics, the token inspector. */
import { z } from 'zod'
import { failure, name, permissions, text, time, token } from './parts.ts'

export const loginState = z.enum(['active', 'expiring', 'expired', 'ended'])
export type LoginState = z.output<typeof loginState>

export const loginView = z.object({
  id: z.string(),
  userId: z.string(),
  username: z.string(),
  role: z.string(),
  permissions: z.array(z.string()),
  rememberMe: z.boolean(),
  state: loginState,
  /** Why it is over: `logout`, `revoked`, `evicted`, `reused`, `expired`, `idle`, `limit`. */
  reason: z.string().nullable(),
  createdAt: time,
  lastActivity: time,
  expiresAt: time,
  absoluteEndsAt: time,
  endedAt: time.nullable(),
  renewals: z.number().int(),
  /** As the server saw them, and as the gateway reported its client. */
  address: z.string(),
  device: z.string(),
  reportedAddress: z.string().nullable(),
  reportedDevice: z.string().nullable(),
  /** The next to go when this user logs in once more. */
  nextEvicted: z.boolean(),
})
export type LoginView = z.output<typeof loginView>

const filterShape = {
  /** Part of user name, user id, session id, address or device. */
  text: z.string().trim().max(200).optional(),
  userId: z.string().max(256).optional(),
  role: z.string().max(256).optional(),
  state: z.enum(['live', 'over']).optional(),
  createdAfter: time.optional(),
}
export const loginFilter = z.object(filterShape)
export type LoginFilter = z.input<typeof loginFilter>

export const loginUser = z.object({
  id: z.string(),
  username: z.string(),
  fullName: z.string(),
  role: z.string(),
  permissions: z.array(z.string()),
  active: z.boolean(),
  createdAt: time,
  lastLoginAt: time.nullable(),
})
export type LoginUser = z.output<typeof loginUser>

export const loginKey = z.object({
  id: z.string(),
  algorithm: z.enum(['HS256', 'EdDSA', 'ES256']),
  createdAt: time,
  verifyUntil: time.nullable(),
  signs: z.boolean(),
})
export type LoginKey = z.output<typeof loginKey>

export const loginStatus = z.object({
  storage: z.enum(['memory', 'database', 'redis']),
  up: z.boolean(),
  error: z.string().nullable(),
  /** `locked` when the key that signs does not open, `unread` while the store cannot be reached. */
  signing: z.enum(['ready', 'unread', 'locked']),
  /** Signing and verifying keys that do not open. */
  lockedKeys: z.number().int(),
  counts: z.object({
    total: z.number().int(),
    live: z.number().int(),
    expired: z.number().int(),
    ended: z.number().int(),
    users: z.number().int(),
  }),
  gateways: z.number().int(),
  policy: z.object({
    life: z.number(),
    rememberMeLife: z.number(),
    threshold: z.number(),
    rememberMeThreshold: z.number(),
    idleTimeout: z.number().nullable(),
    absoluteLife: z.number(),
    rememberMeAbsoluteLife: z.number(),
    maxRenewals: z.number().nullable(),
    maxConcurrent: z.number().int(),
    whenFull: z.string(),
    cleanupInterval: z.number(),
    keepEndedFor: z.number(),
  }),
  nextCleanupAt: time,
})
export type LoginStatus = z.output<typeof loginStatus>

export const inspectedToken = z.object({
  header: z.unknown(),
  claims: z.unknown(),
  valid: z.boolean(),
  /** In the order in which they are asked; what comes after the first `failed` is `skipped`. */
  checks: z.array(z.object({ name: z.string(), result: z.enum(['passed', 'failed', 'skipped']), text: z.string() })),
  session: loginView.nullable(),
})
export type InspectedToken = z.output<typeof inspectedToken>

const idParams = z.object({ id: z.string().max(200) })
const missing = failure('No such session')
const password = z.string().min(8).max(1_024)

export const nativeRoutes = {
  status: {
    method: 'GET',
    path: '/v1/status',
    tag: 'House',
    summary: 'Store, counts and the policy in force',
    access: 'key',
    right: 'logins:manage',
    responses: { 200: { description: 'Status', body: loginStatus } },
  },
  logins: {
    method: 'GET',
    path: '/v1/sessions',
    tag: 'Sessions',
    summary: 'Sessions page by page, searched in the store',
    access: 'key',
    right: 'logins:manage',
    query: loginFilter.extend({
      sort: z.enum(['lastActivity', 'createdAt', 'expiresAt', 'username']).default('createdAt'),
      direction: z.enum(['up', 'down']).default('down'),
      offset: z.coerce.number().int().min(0).max(10_000_000).default(0),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    responses: { 200: { description: 'One page', body: z.object({ sessions: z.array(loginView), total: z.number().int() }) } },
  },
  loginSession: {
    method: 'GET',
    path: '/v1/sessions/:id',
    tag: 'Sessions',
    summary: 'One session with the others of its user',
    access: 'key',
    right: 'logins:manage',
    params: idParams,
    responses: {
      200: {
        description: 'The session',
        body: z.object({
          session: loginView,
          others: z.array(loginView),
          limit: z.object({ maxConcurrent: z.number().int(), whenFull: z.string() }),
        }),
      },
      404: missing,
    },
  },
  endLogin: {
    method: 'DELETE',
    path: '/v1/sessions/:id',
    tag: 'Sessions',
    summary: 'Revoke a session',
    access: 'key',
    right: 'logins:manage',
    params: idParams,
    responses: { 204: { description: 'Revoked' }, 404: missing },
  },
  endUserLogins: {
    method: 'POST',
    path: '/v1/revoke-user',
    tag: 'Sessions',
    summary: 'Revoke all sessions of a user, or all but one',
    access: 'key',
    right: 'logins:manage',
    body: z.object({ userId: name, except: z.string().max(200).nullable().default(null) }),
    responses: { 200: { description: 'How many', body: z.object({ revoked: z.number().int() }) } },
  },
  endLogins: {
    method: 'POST',
    path: '/v1/revoke',
    tag: 'Sessions',
    summary: 'Revoke sessions by id or by filter; with `preview` only count them',
    access: 'key',
    right: 'logins:manage',
    body: z.union([
      z.object({ ids: z.array(z.string().max(200)).min(1).max(1_000), preview: z.boolean().default(false) }).strict(),
      z.object({ filter: loginFilter, preview: z.boolean().default(false) }).strict(),
    ]),
    responses: { 200: { description: 'How many', body: z.object({ matched: z.number().int(), revoked: z.number().int() }) } },
  },
  inspectToken: {
    method: 'POST',
    path: '/v1/inspect-token',
    tag: 'Sessions',
    summary: 'Why a token is or is not good; it is neither kept nor sent anywhere',
    access: 'key',
    right: 'logins:use',
    verb: 'read',
    body: z.object({ token }),
    responses: { 200: { description: 'What was found', body: inspectedToken } },
  },
  loginSeries: {
    method: 'GET',
    path: '/v1/series',
    tag: 'House',
    summary: 'Sessions created and ended over time',
    access: 'key',
    right: 'logins:manage',
    query: z.object({ span: z.enum(['1h', '24h', '7d']).default('24h') }),
    responses: {
      200: {
        description: 'Two series over the same times',
        body: z.object({ times: z.array(z.number()), created: z.array(z.number()), ended: z.array(z.number()) }),
      },
    },
  },
  loginKeys: {
    method: 'GET',
    path: '/v1/keys',
    tag: 'Keys',
    summary: 'The keys that sign and verify tokens',
    access: 'key',
    right: 'logins:manage',
    responses: { 200: { description: 'Keys, the youngest first', body: z.object({ keys: z.array(loginKey) }) } },
  },
  rotateKey: {
    method: 'POST',
    path: '/v1/keys',
    tag: 'Keys',
    summary: 'Make a new key sign; the one before verifies until its last token is over',
    access: 'key',
    right: 'logins:manage',
    body: z.object({ algorithm: z.enum(['HS256', 'EdDSA', 'ES256']).default('HS256') }),
    responses: { 201: { description: 'The new key', body: loginKey } },
  },
  giveUpKeys: {
    method: 'POST',
    path: '/v1/keys/give-up',
    tag: 'Keys',
    summary: 'Go on without the keys that do not open',
    description:
      'For keys that were sealed under a key that is lost. What they signed is refused from then on, and a new key signs; where other servers share the keys, theirs go on verifying.',
    access: 'key',
    right: 'logins:manage',
    responses: { 200: { description: 'How many', body: z.object({ keys: z.number().int() }) } },
  },
  removeKey: {
    method: 'DELETE',
    path: '/v1/keys/:id',
    tag: 'Keys',
    summary: 'Refuse at once what an old key signed',
    access: 'key',
    right: 'logins:manage',
    params: idParams,
    responses: { 204: { description: 'Removed' }, 404: failure('No such key'), 409: failure('It signs') },
  },
  loginUsers: {
    method: 'GET',
    path: '/v1/users',
    tag: 'Users',
    summary: 'Users of the legacy login',
    access: 'key',
    right: 'logins:manage',
    responses: { 200: { description: 'Users', body: z.object({ users: z.array(loginUser) }) } },
  },
  createLoginUser: {
    method: 'POST',
    path: '/v1/users',
    tag: 'Users',
    summary: 'Add a user',
    access: 'key',
    right: 'logins:manage',
    body: z.object({ username: name, fullName: text(256).trim().default(''), role: name, permissions: permissions.default([]), password }),
    responses: { 201: { description: 'The user', body: loginUser }, 400: failure('Invalid'), 409: failure('The name is taken') },
  },
  changeLoginUser: {
    method: 'PATCH',
    path: '/v1/users/:id',
    tag: 'Users',
    summary: 'Change a user; a new password or the end of the account revokes all sessions',
    access: 'key',
    right: 'logins:manage',
    params: idParams,
    body: z.object({
      fullName: text(256).trim().optional(),
      role: name.optional(),
      permissions: permissions.optional(),
      password: password.optional(),
      active: z.boolean().optional(),
    }),
    responses: { 200: { description: 'The user', body: loginUser }, 404: failure('No such user') },
  },
  removeLoginUser: {
    method: 'DELETE',
    path: '/v1/users/:id',
    tag: 'Users',
    summary: 'Remove a user and revoke all sessions',
    access: 'key',
    right: 'logins:manage',
    params: idParams,
    responses: { 204: { description: 'Removed' }, 404: failure('No such user') },
  },
} as const
