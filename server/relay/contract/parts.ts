/** Schemas that several parts of the relay's contract share. No Node import: the window reads them. */
import { z } from 'zod'

/** The published error shape. */
export const failed = z.object({ error: z.string(), statusCode: z.number().int(), requestId: z.string().optional() })
export const failure = (description: string) => ({ description, body: failed })

/** 27 random bytes as base64url. */
export const secretId = z.string().regex(/^[A-Za-z0-9_-]{36}$/)
export const rowId = z.string().regex(/^[0-9a-f-]{36}$/)
export const accountId = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$/)
export const upstreamId = z.string().regex(/^(up_[0-9A-Za-z]{12}|wheelhouse)$/)
export const toolName = z.string().min(1).max(200)

/** Days. */
export const expiresIn = z.number().positive().max(3_650)

/** What a session may reach; everything a person allowed when left out. */
export const sessionPolicy = z.object({
  /** Ids of servers; null for all that are switched on, without the built-in one. */
  upstreams: z.array(upstreamId).max(100).nullable().default(null),
  /** Tools by the name the session shows them under, before renames; null for all. */
  tools: z.array(toolName).max(2_000).nullable().default(null),
  /** Shown name to new name. */
  renames: z.record(toolName, z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/)).default({}),
  /** Only tools that say of themselves that they change nothing. */
  readOnly: z.boolean().default(false),
  /** Credits the session may spend over its life. */
  maxCredits: z.number().int().min(0).max(1_000_000_000).nullable().default(null),
  /** Tool calls in any minute. */
  maxCallsPerMinute: z.number().int().min(1).max(1_000_000).nullable().default(null),
  /** Tools of Wheelhouse itself that change something, each switched on by name. */
  wheelhouseTools: z.array(toolName).max(100).default([]),
})
export type SessionPolicy = z.output<typeof sessionPolicy>

/** What holds for all sessions of an account, whatever their own policy says. */
export const accountRules = z.object({
  /** Ids of servers; null for all. */
  upstreams: z.array(upstreamId).max(100).nullable().default(null),
  /** Tools by the server's own name for them; null for all. */
  tools: z
    .array(z.object({ upstream: upstreamId, name: toolName }))
    .max(2_000)
    .nullable()
    .default(null),
  /** Only tools that say of themselves that they change nothing. */
  readOnly: z.boolean().default(false),
})
export type AccountRules = z.output<typeof accountRules>
/** An account that nobody has limited. */
export const noRules: AccountRules = { upstreams: null, tools: null, readOnly: false }

export const metadata = z.object({
  userAgent: z.string().max(1_024).optional(),
  ipAddress: z.string().max(64).optional(),
  origin: z.string().max(1_024).optional(),
})
