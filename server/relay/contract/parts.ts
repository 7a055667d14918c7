/** Schemas that several parts of the relay's contract share. No Node import: the window reads them. */
import { z } from 'zod'
import { pageOrigin } from './page-origin.ts'
import { answerCache, answerCap, redaction } from './between.ts'

/** The published error shape. */
export const failed = z.object({ error: z.string(), statusCode: z.number().int(), requestId: z.string().optional() })
export const failure = (description: string) => ({ description, body: failed })

/** 27 random bytes as base64url. */
export const secretId = z.string().regex(/^[A-Za-z0-9_-]{36}$/)
export const rowId = z.string().regex(/^[0-9a-f-]{36}$/)
export const accountId = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$/)
export const upstreamId = z.string().regex(/^(up_[0-9A-Za-z]{12}|wheelhouse)$/)
export const groupId = z.string().regex(/^group_[0-9A-Za-z]{12}$/)
export const profileId = z.string().regex(/^profile_[0-9A-Za-z]{12}$/)
export const toolName = z.string().min(1).max(512)

/** Characters of a question to tool search, an agent's or a person's. */
export const longestQuestion = 500

/** Days. */
export const expiresIn = z.number().positive().max(3_650)

/** A tool or prompt by its server and the server's own name for it, whatever sessions show it under. */
export const itemRef = z.object({ upstream: upstreamId, name: toolName })
export type ItemRef = z.output<typeof itemRef>
/** A resource by its server and its address, or a template of addresses as the server lists it. */
export const resourceRef = z.object({ upstream: upstreamId, uri: z.string().min(1).max(8_192) })
export type ResourceRef = z.output<typeof resourceRef>

/** What every model takes as the name of a tool. */
export const shownName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'Letters, digits, _ and - and at most 64 of them')
/** A new name that a person gave a tool or prompt in one session. */
export const alias = z.object({ kind: z.enum(['tool', 'prompt']).default('tool'), upstream: upstreamId, name: toolName, as: shownName })
export type Alias = z.output<typeof alias>

const aliases = z
  .array(alias)
  .max(2_000)
  .refine((all) => new Set(all.map(({ kind, as }) => `${kind} ${as}`)).size === all.length, 'Two of one name could not be told apart')
  .refine(
    (all) => new Set(all.map(({ kind, upstream, name }) => `${kind} ${upstream} ${name}`)).size === all.length,
    'One thing has one new name',
  )

/** Which calls wait until a person has said yes. */
const approvals = z.object({
  tools: z.array(itemRef).max(2_000).default([]),
  /** Also all of which their servers say that they destroy something. */
  destructive: z.boolean().default(false),
  /** A person said "always": not asked again. */
  always: z.array(itemRef).max(2_000).default([]),
  /** Seconds until a call that nobody answered is refused. */
  timeout: z.number().int().min(5).max(3_600).default(60),
})

/** What a session may reach; everything a person allowed when left out. */
export const sessionPolicy = z.object({
  /** Ids of servers; null for all that are switched on, without the built-in one. */
  upstreams: z.array(upstreamId).max(100).nullable().default(null),
  /** Null for all, unless groups are named. */
  tools: z.array(itemRef).max(2_000).nullable().default(null),
  /** Groups of tools, allowed beside `tools`; a change of a group is followed. */
  groups: z.array(groupId).max(100).default([]),
  /** Null for all. */
  prompts: z.array(itemRef).max(2_000).nullable().default(null),
  /** Null for all, those that no server lists included; otherwise these alone. */
  resources: z.array(resourceRef).max(2_000).nullable().default(null),
  /** New names of tools and prompts. */
  renames: aliases.default([]),
  /** Only tools that say of themselves that they change nothing. */
  readOnly: z.boolean().default(false),
  /** Credits the session may spend over its life. */
  maxCredits: z.number().int().min(0).max(1_000_000_000).nullable().default(null),
  /** Tool calls in any minute. */
  maxCallsPerMinute: z.number().int().min(1).max(1_000_000).nullable().default(null),
  /** Origins of web pages that may use the session from a browser; none but our own otherwise. */
  origins: z.array(pageOrigin).max(20).default([]),
  /** Tools of Wheelhouse itself that change something, each switched on by name. */
  wheelhouseTools: z.array(toolName).max(100).default([]),
  /** `on`: its clients see tools that find, describe and call the others, in place of them. */
  search: z.enum(['off', 'on']).default('off'),
  /** Shown beside those all the same. */
  pinned: z.array(itemRef).max(100).default([]),
  approvals: approvals.prefault({}),
  redact: redaction.prefault({}),
  cap: answerCap.prefault({}),
  cache: answerCache.prefault({}),
})
export type SessionPolicy = z.output<typeof sessionPolicy>

/**
 * As it may be given. Tools by the name a session shows, before new names, are the older form of `tools` and `renames`: understood by what
 * the session shows now, and kept by server and tool.
 */
export const givenPolicy = sessionPolicy.extend({
  tools: z
    .array(z.union([toolName, itemRef]))
    .max(2_000)
    .nullable()
    .default(null),
  renames: z.union([z.record(toolName, shownName), aliases]).default([]),
})
export type GivenPolicy = z.output<typeof givenPolicy>

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
