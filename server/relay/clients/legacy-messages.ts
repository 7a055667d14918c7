/** What clients of the session era say and are told, as far as it is read or said beside the SDK. */
import type { McpServer } from '@modelcontextprotocol/server'
import type { Json } from '../upstreams/connection.ts'

/** What is remembered of a client changes with it. */
export function asksForMore(body: unknown): boolean {
  return (Array.isArray(body) ? body : [body]).some(
    (message: unknown) =>
      typeof message === 'object' &&
      message !== null &&
      'method' in message &&
      ['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'].some((method) => method === message.method),
  )
}

/** Ids of the requests that a body takes back. */
export function cancelledIn(body: unknown): unknown[] {
  return (Array.isArray(body) ? body : [body]).flatMap((message: unknown) => {
    if (typeof message !== 'object' || message === null || !('method' in message) || message.method !== 'notifications/cancelled') return []
    const params = 'params' in message ? message.params : undefined
    return typeof params === 'object' && params !== null && 'requestId' in params ? [params.requestId] : []
  })
}

export function announce({ server }: McpServer, parts: ReadonlySet<string>): void {
  if (parts.has('tools')) void server.sendToolListChanged().catch(() => undefined)
  if (parts.has('prompts')) void server.sendPromptListChanged().catch(() => undefined)
  if (parts.has('resources') || parts.has('resourceTemplates')) void server.sendResourceListChanged().catch(() => undefined)
}

/** The predicate before it has checked the shape. */
export function initializeParams(body: unknown): { capabilities: Json; protocolVersion: string } {
  const { params } = body as { params: { capabilities: Json; protocolVersion: string } }
  return params
}
