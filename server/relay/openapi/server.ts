/** An HTTP API as an MCP server within this process: each of its operations that a person chose is a tool. */
import type { CallToolResult, Transport } from '@modelcontextprotocol/server'
import { version } from '../../version.ts'
import type { Json } from '../upstreams/connection.ts'
import type { UpstreamDefinition } from '../upstreams/definition.ts'
import { resultOf } from './answer.ts'
import type { ApiPlan, Operation } from './operations.ts'
import { ArgumentError, requestOf } from './request.ts'

export interface ApiServerParts {
  definition: Pick<UpstreamDefinition, 'name' | 'url' | 'headers'>
  /** Reaches what the API's address opens. */
  fetch: typeof fetch
  plan: Pick<ApiPlan, 'title' | 'description' | 'operations'>
}

/** Places one request may be sent on to, all of the API's own origin. */
const maxRedirects = 5

/** The server's end of a new connection. */
export async function connectApi({ definition, fetch: send, plan }: ApiServerParts): Promise<Transport> {
  const { InMemoryTransport, McpServer, ProtocolError } = await import('@modelcontextprotocol/server')
  const { server } = new McpServer(
    { name: definition.name, title: plan.title, version },
    { capabilities: { tools: {} }, ...(plan.description === '' ? {} : { instructions: plan.description }) },
  )
  const byName = new Map(plan.operations.map((operation) => [operation.name, operation]))
  // Schemas are the API's own words: the cast stands where the SDK's types know their outer form alone.
  const tools = plan.operations.map(toolOf) as { name: string; inputSchema: { type: 'object' } }[]
  server.setRequestHandler('tools/list', () => ({ tools }))
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const operation = byName.get(params.name)
    if (operation === undefined) throw new ProtocolError(-32602, `Unknown tool: ${params.name}`)
    return callApi(operation, params.arguments ?? {}, { definition, send, signal: mcpReq.signal })
  })
  const [here, there] = InMemoryTransport.createLinkedPair()
  await server.connect(there)
  return here
}

interface CallParts {
  definition: ApiServerParts['definition']
  send: typeof fetch
  signal: AbortSignal
}

/** What goes wrong is said in the result, where a model can read it and do better. */
async function callApi(operation: Operation, args: Json, { definition, send, signal }: CallParts): Promise<CallToolResult> {
  try {
    const { url, method, headers, body } = requestOf(operation, args, { base: new URL(definition.url ?? ''), headers: definition.headers })
    return await resultOf(await sent(url, { method, headers, body: body ?? null }, send, signal))
  } catch (error) {
    if (signal.aborted) throw error
    const why = error instanceof ArgumentError ? error.message : `The API could not be reached: ${reasonOf(error)}`
    return { isError: true, content: [{ type: 'text', text: why }] }
  }
}

/** Sent on only within the API's own origin: its credentials are nobody else's. */
async function sent(url: URL, request: RequestInit, send: typeof fetch, signal: AbortSignal): Promise<Response> {
  let [at, method, body] = [url, request.method ?? 'GET', request.body]
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send(at, { ...request, method, body: body ?? null, redirect: 'manual', signal })
    const location = answer.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === null || !URL.canParse(location, at.href)) return answer
    const next = new URL(location, at)
    if (next.origin !== url.origin || redirects >= maxRedirects) return answer
    await answer.body?.cancel()
    if (answer.status === 303 || (answer.status < 303 && method === 'POST')) [method, body] = ['GET', null]
    at = next
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

function toolOf({ name, id, method, summary, description, deprecated, inputSchema }: Operation): Json {
  const readOnlyHint = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  const words = [...new Set([summary, description])].filter((text) => text !== '')
  return {
    name,
    description: [...(deprecated ? ['Deprecated.'] : []), ...(words.length === 0 ? [id] : words)].join('\n\n'),
    inputSchema,
    annotations: {
      ...(summary === '' ? {} : { title: summary }),
      readOnlyHint,
      destructiveHint: method === 'DELETE',
      idempotentHint: readOnlyHint || method === 'PUT' || method === 'DELETE',
      openWorldHint: true,
    },
  }
}
