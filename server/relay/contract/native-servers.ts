/** What the window needs of the servers behind the relay: the catalogue, signing in, tools, and import from other clients. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { offeredItem } from './native-offered.ts'
import { failure, toolName, upstreamId } from './parts.ts'
import { toolHandling } from './tool-handling.ts'
import { upstreamView } from './upstream.ts'

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
  /** What a person has added to it. */
  handling: toolHandling,
  /** Calls this month. */
  calls: z.number().int(),
})
export type RelayTool = z.output<typeof relayTool>

export const catalogueServer = upstreamView.extend({ toolList: z.array(relayTool), itemList: z.array(offeredItem) })
export type CatalogueServer = z.output<typeof catalogueServer>

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

const server = z.object({ id: upstreamId })

const configText = z.string().max(524_288)

const prices = z.number().int().min(0).max(1_000_000)

export const serverRoutes = {
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
    summary: 'Switch or price a tool, agree to its changed definition, or add a note, another description or arguments to it',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ id: upstreamId, name: toolName }),
    body: z.object({
      enabled: z.boolean().optional(),
      price: prices.optional(),
      approve: z.literal(true).optional(),
      handling: toolHandling.optional(),
    }),
    responses: {
      200: { description: 'The tool', body: relayTool },
      400: failure('It has no such argument'),
      404: failure('No such server or tool'),
    },
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
} as const satisfies Record<string, RouteDefinition>
