/**
 * What clients in the field insist on beside the gateway's own addresses: other names for them, and the address to which clients of the
 * older HTTP+SSE transport (2024-11-05) send, which the first event of their stream tells them.
 */
import { z } from 'zod'
import type { RouteDefinition } from '../../http/contract.ts'
import { gatewayResponses, ofGateway, sessionInAddress } from './gateway.ts'

const description =
  'The same as the address without the last word, for clients that insist on it. GET with `accept: text/event-stream` and no `mcp-session-id` opens the stream of the older HTTP+SSE transport (2024-11-05).'
const words = {
  POST: 'Send a message, at an address that ends as a client wants it',
  GET: 'Listen to a protocol session, or open the stream of the older transport',
  DELETE: 'End a protocol session, at an address that ends as a client wants it',
} as const

const facts = <const Method extends keyof typeof words>(method: Method) =>
  ({ ...ofGateway, method, summary: words[method], description }) as const

const withSession = <const Method extends keyof typeof words, const Path extends string>(method: Method, path: Path) =>
  ({ ...facts(method), path, params: sessionInAddress }) as const
const withBearer = <const Method extends keyof typeof words, const Path extends string>(method: Method, path: Path) =>
  ({ ...facts(method), path }) as const

export const fieldRoutes = {
  mcpAtMcpPost: withSession('POST', '/mcp/:sessionId/mcp'),
  mcpAtMcpGet: withSession('GET', '/mcp/:sessionId/mcp'),
  mcpAtMcpDelete: withSession('DELETE', '/mcp/:sessionId/mcp'),
  mcpAtSsePost: withSession('POST', '/mcp/:sessionId/sse'),
  mcpAtSseGet: withSession('GET', '/mcp/:sessionId/sse'),
  mcpAtSseDelete: withSession('DELETE', '/mcp/:sessionId/sse'),
  bearerAtMcpPost: withBearer('POST', '/mcp/mcp'),
  bearerAtMcpGet: withBearer('GET', '/mcp/mcp'),
  bearerAtMcpDelete: withBearer('DELETE', '/mcp/mcp'),
  bearerAtSsePost: withBearer('POST', '/sse'),
  bearerAtSseGet: withBearer('GET', '/sse'),
  bearerAtSseDelete: withBearer('DELETE', '/sse'),
  olderMessage: {
    ...ofGateway,
    method: 'POST',
    path: '/mcp/messages/:stream',
    summary: 'Send a message of the older transport; the answer comes on its stream',
    description: 'The address is told by the first event of the stream, and ends with it.',
    params: z.object({ stream: z.string().max(64) }),
    responses: {
      202: { description: 'Taken', contentType: 'text/plain' },
      401: gatewayResponses[401],
      404: { description: 'There is no such stream, or it has ended', contentType: 'application/json' },
    },
  },
} as const satisfies Record<string, RouteDefinition>
