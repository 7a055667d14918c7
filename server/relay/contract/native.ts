/** What the window needs of the relay: sessions of all accounts, the catalogue, import, the inspector and usage. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { accountId, accountRules, expiresIn, failure, rowId, secretId, sessionPolicy, toolName, upstreamId } from './parts.ts'
import { upstreamView } from './upstream.ts'

export const relaySession = z.object({
  id: rowId,
  name: z.string().nullable(),
  accountId: z.string(),
  /** The first characters of the secret, to tell sessions apart. */
  prefix: z.string(),
  createdAt: isoTime,
  expiresAt: isoTime,
  lastUsedAt: isoTime.nullable(),
  address: z.string(),
  userAgent: z.string().nullable(),
  policy: sessionPolicy,
  spent: z.number().int(),
  /** Tools it sees now. */
  tools: z.number().int(),
})
export type RelaySession = z.output<typeof relaySession>

export const relayTool = z.object({
  name: z.string(),
  description: z.string(),
  inputSchema: z.unknown(),
  enabled: z.boolean(),
  price: z.number().int(),
  readOnly: z.boolean(),
  destructive: z.boolean(),
  /** Held back because its definition changed since a person agreed to it. */
  quarantined: z.boolean(),
  /** Calls this month. */
  calls: z.number().int(),
})
export type RelayTool = z.output<typeof relayTool>

export const catalogueServer = upstreamView.extend({ toolList: z.array(relayTool) })
export type CatalogueServer = z.output<typeof catalogueServer>

export const relayCall = z.object({
  id: z.number().int(),
  at: isoTime,
  sessionId: z.string(),
  accountId: z.string(),
  upstreamId: z.string(),
  tool: z.string(),
  /** Milliseconds from the request to its answer, and how many of them the server behind took. */
  duration: z.number(),
  serverDuration: z.number(),
  state: z.enum(['succeeded', 'failed', 'refused']),
  /** Held while it ran. */
  price: z.number().int(),
  /** Taken when it had succeeded. */
  credits: z.number().int(),
  error: z.string().nullable(),
})
export type RelayCall = z.output<typeof relayCall>

const importable = z.object({
  name: z.string(),
  transport: z.enum(['stdio', 'http', 'sse']),
  /** Exactly what would be run or called; agreeing means sending it back unchanged. */
  commandLine: z.string(),
  cwd: z.string().nullable(),
  envNames: z.array(z.string()),
  headerNames: z.array(z.string()),
  /** Why it cannot be taken over as it is. */
  problem: z.string().nullable(),
})
export type ImportableServer = z.output<typeof importable>

const usageRow = z.object({
  accountId: z.string(),
  month: z.string(),
  upstream: z.string(),
  tool: z.string(),
  calls: z.number().int(),
  failed: z.number().int(),
  credits: z.number().int(),
})
export type UsageRow = z.output<typeof usageRow>

const month = z.string().regex(/^\d{4}-\d{2}$/)
const usageQuery = z.object({ from: month.optional(), to: month.optional() })
const row = z.object({ id: rowId })
const server = z.object({ id: upstreamId })
const configText = z.string().max(524_288)
const prices = z.number().int().min(0).max(1_000_000)

export const nativeRoutes = {
  relaySessions: {
    method: 'GET',
    path: '/v1/relay-sessions',
    tag: 'Window',
    summary: 'Sessions of all accounts, without their secrets',
    access: 'key',
    right: 'relay:use',
    responses: { 200: { description: 'Sessions, newest first', body: z.object({ sessions: z.array(relaySession), mcpUrl: z.string() }) } },
  },
  createRelaySession: {
    method: 'POST',
    path: '/v1/relay-sessions',
    tag: 'Window',
    summary: 'Create a session; its secret is in this answer and nowhere else',
    access: 'key',
    right: 'relay:use',
    body: z.object({
      accountId,
      name: z.string().trim().max(80).optional(),
      expiresIn: expiresIn.optional(),
      policy: sessionPolicy.prefault({}),
    }),
    responses: {
      201: {
        description: 'The session with its secret',
        body: z.object({ session: relaySession, sessionId: secretId, sessionUrl: z.string(), bearerUrl: z.string() }),
      },
      404: failure('No such account'),
    },
  },
  changeRelaySession: {
    method: 'PATCH',
    path: '/v1/relay-sessions/:id',
    tag: 'Window',
    summary: 'Rename a session or change what it may reach',
    access: 'key',
    right: 'relay:use',
    params: row,
    body: z.object({ name: z.string().trim().max(80).nullable().optional(), policy: sessionPolicy.optional() }),
    responses: { 200: { description: 'The session', body: relaySession }, 404: failure('No such session') },
  },
  relaySessionAddress: {
    method: 'POST',
    path: '/v1/relay-sessions/:id/address',
    tag: 'Window',
    summary: 'The secret address of a session once more, as the published list has it',
    description: 'Noted in the audit trail.',
    access: 'key',
    right: 'relay:use',
    params: row,
    responses: {
      200: { description: 'The addresses', body: z.object({ sessionId: secretId, sessionUrl: z.string(), bearerUrl: z.string() }) },
      404: failure('No such session'),
    },
  },
  removeRelaySession: {
    method: 'DELETE',
    path: '/v1/relay-sessions/:id',
    tag: 'Window',
    summary: 'Revoke a session',
    access: 'key',
    right: 'relay:use',
    params: row,
    responses: { 204: { description: 'Revoked' }, 404: failure('No such session') },
  },
  accountRules: {
    method: 'GET',
    path: '/v1/account-rules',
    tag: 'Window',
    summary: 'What accounts may reach; those without limits are left out',
    access: 'key',
    right: 'relay:manage',
    responses: {
      200: { description: 'Rules', body: z.object({ accounts: z.array(z.object({ accountId: z.string(), rules: accountRules })) }) },
    },
  },
  changeAccountRules: {
    method: 'PUT',
    path: '/v1/account-rules/:accountId',
    tag: 'Window',
    summary: 'Limit what all sessions of an account may reach, also those in use',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ accountId }),
    body: accountRules,
    responses: { 200: { description: 'The rules', body: accountRules }, 404: failure('No such account') },
  },
  sessionTools: {
    method: 'GET',
    path: '/v1/relay-sessions/:id/tools',
    tag: 'Window',
    summary: 'The tools a session sees, under the names it sees them',
    access: 'key',
    right: 'relay:use',
    params: row,
    responses: {
      200: {
        description: 'Tools',
        body: z.object({
          tools: z.array(z.object({ name: z.string(), description: z.string(), inputSchema: z.unknown(), price: z.number().int() })),
        }),
      },
      404: failure('No such session'),
    },
  },
  catalogue: {
    method: 'GET',
    path: '/v1/catalogue',
    tag: 'Window',
    summary: 'Servers with their state and tools',
    access: 'key',
    right: 'relay:manage',
    responses: { 200: { description: 'Servers', body: z.object({ servers: z.array(catalogueServer) }) } },
  },
  restartUpstream: {
    method: 'POST',
    path: '/v1/upstreams/:id/restart',
    tag: 'Window',
    summary: 'Start a server again',
    access: 'key',
    right: 'relay:manage',
    params: server,
    responses: { 200: { description: 'The server', body: upstreamView }, 404: failure('No such server') },
  },
  signIn: {
    method: 'POST',
    path: '/v1/upstreams/:id/sign-in',
    tag: 'Window',
    summary: 'The page on which a person signs in at a remote server',
    description:
      'Authorization servers that do not let programs register themselves want a client that a person registered there, with the callback this API names.',
    access: 'key',
    right: 'relay:manage',
    params: server,
    body: z
      .object({ clientId: z.string().trim().min(1).max(2_048), clientSecret: z.string().min(1).max(2_048).optional() })
      .partial()
      .prefault({}),
    responses: {
      200: { description: 'Its address; the browser comes back to ours by itself', body: z.object({ url: z.url(), callbackUrl: z.url() }) },
      404: failure('No such server'),
      409: failure('A client has to be registered there by hand'),
      502: failure('The server offers no sign-in'),
    },
  },
  signOut: {
    method: 'DELETE',
    path: '/v1/upstreams/:id/sign-in',
    tag: 'Window',
    summary: 'Forget the tokens of a remote server',
    access: 'key',
    right: 'relay:manage',
    params: server,
    responses: { 200: { description: 'The server', body: upstreamView }, 404: failure('No such server') },
  },
  signInAnswer: {
    method: 'GET',
    path: '/oauth/callback',
    tag: 'Window',
    summary: 'Where a browser comes back to after signing in at a remote server',
    description: 'The answer is taken once, for a sign-in that was begun here less than ten minutes ago.',
    access: 'public',
    right: 'anyone',
    fromElsewhere: true,
    query: z.object({
      state: z.string().max(512).optional(),
      code: z.string().max(8_192).optional(),
      iss: z.string().max(2_048).optional(),
      error: z.string().max(256).optional(),
      error_description: z.string().max(2_048).optional(),
    }),
    responses: {
      200: { description: 'A page that says so', contentType: 'text/html' },
      400: { description: 'A page that says why not', contentType: 'text/html' },
    },
  },
  upstreamLog: {
    method: 'GET',
    path: '/v1/upstreams/:id/log',
    tag: 'Window',
    summary: 'What a server wrote lately',
    access: 'key',
    right: 'relay:manage',
    params: server,
    responses: {
      200: { description: 'Lines, oldest first', body: z.object({ lines: z.array(z.object({ at: isoTime, text: z.string() })) }) },
      404: failure('No such server'),
    },
  },
  changeTool: {
    method: 'PATCH',
    path: '/v1/upstreams/:id/tools/:name',
    tag: 'Window',
    summary: 'Switch or price a tool, or agree to its changed definition',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ id: upstreamId, name: toolName }),
    body: z.object({ enabled: z.boolean().optional(), price: prices.optional(), approve: z.literal(true).optional() }),
    responses: { 200: { description: 'The tool', body: relayTool }, 404: failure('No such server or tool') },
  },
  previewImport: {
    method: 'POST',
    path: '/v1/upstream-imports/preview',
    tag: 'Window',
    summary: 'Read the configuration of Claude, Cursor or VS Code; nothing is run',
    access: 'key',
    right: 'relay:manage',
    verb: 'read',
    body: z.object({ text: configText }),
    responses: {
      200: { description: 'Servers found', body: z.object({ servers: z.array(importable) }) },
      400: failure('Not a configuration'),
    },
  },
  importUpstreams: {
    method: 'POST',
    path: '/v1/upstream-imports',
    tag: 'Window',
    summary: 'Add servers of a configuration, each agreed to by its exact command',
    access: 'key',
    right: 'control:manage',
    body: z.object({
      text: configText,
      accept: z
        .array(z.object({ name: z.string().max(200), as: z.string().max(63).optional(), commandLine: z.string().max(16_384) }))
        .min(1)
        .max(100),
    }),
    responses: {
      201: { description: 'Added', body: z.object({ servers: z.array(upstreamView) }) },
      400: failure('Not a configuration, or the command is another one'),
      409: failure('A name is taken'),
    },
  },
  relayCalls: {
    method: 'GET',
    path: '/v1/relay-calls',
    tag: 'Window',
    summary: 'The last calls',
    access: 'key',
    right: 'relay:use',
    query: z.object({ session: rowId.optional(), limit: z.coerce.number().int().min(1).max(500).default(100) }),
    responses: { 200: { description: 'Calls, newest first', body: z.object({ calls: z.array(relayCall) }) } },
  },
  relayCallDetail: {
    method: 'GET',
    path: '/v1/relay-calls/:id',
    tag: 'Window',
    summary: 'What was sent and what came back',
    access: 'key',
    right: 'relay:use',
    params: z.object({ id: z.coerce.number().int() }),
    responses: {
      200: { description: 'The call', body: relayCall.extend({ request: z.string(), response: z.string() }) },
      404: failure('Not kept'),
    },
  },
  makeRelayCall: {
    method: 'POST',
    path: '/v1/relay-calls',
    tag: 'Window',
    summary: 'Call a tool as a session would, at its price',
    access: 'key',
    right: 'relay:use',
    body: z.object({ sessionId: rowId, tool: toolName, arguments: z.record(z.string(), z.unknown()).default({}) }),
    responses: {
      200: { description: 'What became of it', body: z.object({ call: relayCall, result: z.unknown() }) },
      404: failure('No such session or tool'),
      402: failure('Not enough credits'),
      502: failure('The server failed'),
    },
  },
  usage: {
    method: 'GET',
    path: '/v1/usage',
    tag: 'Window',
    summary: 'Calls and credits by account, tool and month',
    access: 'key',
    right: 'relay:manage',
    query: usageQuery,
    responses: { 200: { description: 'Usage', body: z.object({ rows: z.array(usageRow) }) } },
  },
  usageExport: {
    method: 'GET',
    path: '/v1/usage.csv',
    tag: 'Window',
    summary: 'Usage as a table for other programs',
    access: 'key',
    right: 'relay:manage',
    query: usageQuery,
    responses: { 200: { description: 'Comma-separated', contentType: 'text/csv' } },
  },
} as const satisfies Record<string, RouteDefinition>
