/** What the window and scripts are shown: sessions, users, keys, the state of it all, an inspected token. */
import { z } from 'zod'
import { time } from './parts.ts'

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

export const filterShape = {
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
