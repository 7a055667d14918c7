/** What the window needs of calls: the inspector, calls of its own, and usage. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, rowId, toolName } from './parts.ts'

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
  /** What stood between the client and the tool, and what it did. */
  steps: z.array(z.object({ step: z.string(), did: z.string() })).readonly(),
})
export type RelayCall = z.output<typeof relayCall>

export const relayCallDetail = relayCall.extend({
  request: z.string(),
  response: z.string(),
  /** Where secrets were taken out of the arguments, as JSON pointers: whoever calls again has to give them again. */
  secrets: z.array(z.string()).readonly(),
})
export type RelayCallDetail = z.output<typeof relayCallDetail>

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

export const callRoutes = {
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
      200: { description: 'The call', body: relayCallDetail },
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
