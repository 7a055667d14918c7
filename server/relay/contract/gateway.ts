/**
 * The gateway's addresses. What is spoken there is the Model Context Protocol over Streamable HTTP, so the routes take and give raw bytes.
 */
import { z } from 'zod'
import type { RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'

/** Loose: what is no session is refused as one, not as an address that does not exist. */
export const sessionInAddress = z.object({ sessionId: z.string().max(512) })
export const gatewayResponses = {
  200: { description: 'MCP messages, as JSON or as a stream of events', contentType: 'application/json' },
  202: { description: 'A notification was taken', contentType: 'application/json' },
  401: failure('Invalid or expired session'),
  402: { description: 'Not enough credits; the JSON-RPC error names the shortfall', contentType: 'application/json' },
} as const
export const ofGateway = {
  tag: 'Gateway',
  access: 'public',
  right: 'anyone',
  bodyType: 'raw',
  openedBySession: true,
  responses: gatewayResponses,
} as const
const params = sessionInAddress
const description =
  'Speaks the revisions 2025-03-26 to 2025-11-25 and 2026-07-28 of the protocol, and to a GET without `mcp-session-id` the older HTTP+SSE transport (2024-11-05).'

const route = <const Method extends 'GET' | 'POST' | 'DELETE'>(method: Method, summary: string) =>
  ({ ...ofGateway, method, summary, description }) as const

export const gatewayRoutes = {
  mcpPost: { ...route('POST', 'Send a message, with the session in the address'), path: '/mcp/:sessionId', params },
  mcpGet: { ...route('GET', 'Listen to a protocol session'), path: '/mcp/:sessionId', params },
  mcpDelete: { ...route('DELETE', 'End a protocol session'), path: '/mcp/:sessionId', params },
  mcpBearerPost: { ...route('POST', 'Send a message, with the session as Bearer token'), path: '/mcp' },
  mcpBearerGet: { ...route('GET', 'Listen to a protocol session, with the session as Bearer token'), path: '/mcp' },
  mcpBearerDelete: { ...route('DELETE', 'End a protocol session, with the session as Bearer token'), path: '/mcp' },
} as const satisfies Record<string, RouteDefinition>
