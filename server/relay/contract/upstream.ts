/** An MCP server behind the relay: what may be given for it, and what is shown of it. */
import { z } from 'zod'
import { upstreamId } from './parts.ts'
import { startProgress } from './start-progress.ts'
import { upstreamOptions, upstreamOptionsPatch } from './upstream-options.ts'

/** Letters, digits, `-`, `_` and `.`: it becomes a part of tool names. */
export const upstreamName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'Letters, digits, - _ . and at most 63 of them')
export const transportName = z.enum(['stdio', 'http', 'sse'])
const text = z
  .string()
  .max(8_192)
  .refine((value) => !value.includes('\0'), 'May not contain a null character')
const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'Not the name of a variable')
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'Not the name of a header')
const headerValue = z
  .string()
  .max(8_192)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'Not the value of a header')

const fields = {
  name: upstreamName,
  transport: transportName,
  command: text.min(1).max(4_096).nullable().optional(),
  args: z.array(text).max(200).optional(),
  env: z.record(envName, text).optional(),
  cwd: text.min(1).max(4_096).nullable().optional(),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .nullable()
    .optional(),
  headers: z.record(headerName, headerValue).optional(),
  enabled: z.boolean().optional(),
  options: upstreamOptionsPatch.optional(),
}

export const newUpstream = z.object(fields).superRefine(needed)
export type NewUpstream = z.output<typeof newUpstream>

/** What is left out stays; a variable or header set to null is removed. */
export const upstreamPatch = z.object({
  ...fields,
  name: upstreamName.optional(),
  transport: transportName.optional(),
  env: z.record(envName, text.nullable()).optional(),
  headers: z.record(headerName, headerValue.nullable()).optional(),
})
export type UpstreamPatch = z.output<typeof upstreamPatch>

export const upstreamState = z.enum(['disabled', 'starting', 'ready', 'retrying', 'failed', 'signed-out', 'locked'])
export type UpstreamState = z.output<typeof upstreamState>

const ownProcess = z.object({
  id: z.string(),
  /** Id of the session it serves. */
  session: z.string(),
  /** The client it serves alone; null when it serves all of the session. */
  client: z.string().nullable(),
  pid: z.number().int().nullable(),
  since: z.iso.datetime(),
  lastUsed: z.iso.datetime(),
  /** Requests under way. */
  busy: z.number().int(),
})

/** How much of one of its lists is known. */
const listStanding = z.object({
  /** `absent`: it has none. `failed`: it is read again after a while. `cut`: there is more than what was taken. */
  state: z.enum(['absent', 'reading', 'read', 'failed', 'cut']),
  items: z.number().int(),
  /** Why it is not known whole. */
  error: z.string().nullable(),
})

/**
 * As it is shown: of variables and headers the names alone, of arguments the program and the names of options, of an address where it
 * leads.
 */
export const upstreamView = z.object({
  id: upstreamId,
  name: z.string(),
  transport: z.enum([...transportName.options, 'built-in', 'openapi']),
  command: z.string().nullable(),
  args: z.array(z.string()),
  cwd: z.string().nullable(),
  url: z.string().nullable(),
  envNames: z.array(z.string()),
  headerNames: z.array(z.string()),
  enabled: z.boolean(),
  options: upstreamOptions,
  /** How far it has come while it is `starting`. */
  progress: startProgress.nullable(),
  state: upstreamState,
  /** Why it is not ready. */
  error: z.string().nullable(),
  /** What a person can do about it; null when nobody needs to. */
  remedy: z.string().nullable(),
  /** When it is tried again by itself. */
  nextTry: z.iso.datetime().nullable(),
  /** Starts in a row that failed. */
  attempts: z.number().int(),
  pid: z.number().int().nullable(),
  tools: z.number().int(),
  lists: z.object({ tools: listStanding, resources: listStanding, resourceTemplates: listStanding, prompts: listStanding }),
  /** Connections of clients' or sessions' own, where it is not shared; a process each for a program. */
  own: z.array(ownProcess),
  /** Tools whose definition changed since a person agreed to it. */
  quarantined: z.number().int(),
  /** Names and addresses that it lists more than once; it answers for the first of each alone. */
  listedTwice: z.array(z.string()),
  /** Revision of the protocol spoken with it. */
  protocol: z.string().nullable(),
  /** Holds tokens that a person signed in for. */
  signedIn: z.boolean(),
  /** Median of the last calls, milliseconds. */
  latency: z.number().nullable(),
  createdAt: z.iso.datetime(),
})
export type UpstreamView = z.output<typeof upstreamView>

/** All that a server is run or called with, for who may change it. */
export const upstreamSettings = z.object({
  command: z.string().nullable(),
  args: z.array(z.string()),
  cwd: z.string().nullable(),
  url: z.string().nullable(),
  env: z.record(z.string(), z.string()),
  headers: z.record(z.string(), z.string()),
})
export type UpstreamSettings = z.output<typeof upstreamSettings>

function needed(
  value: { transport: string; command?: string | null | undefined; url?: string | null | undefined },
  context: z.RefinementCtx,
): void {
  if (value.transport === 'stdio' && (value.command ?? null) === null)
    context.addIssue({ code: 'custom', path: ['command'], message: 'A stdio server needs a command' })
  if (value.transport !== 'stdio' && (value.url ?? null) === null)
    context.addIssue({ code: 'custom', path: ['url'], message: 'A remote server needs an address' })
}
