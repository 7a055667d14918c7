/** A remote MCP server of the session era that offers what it is told to, which may change while it runs. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'

export interface Offering {
  tools: { name: string; [more: string]: unknown }[]
  prompts: { name: string; [more: string]: unknown }[]
  resources: { uri: string; name: string; [more: string]: unknown }[]
  resourceTemplates: { uriTemplate: string; name: string; [more: string]: unknown }[]
}

export interface OfferingServer {
  url: string
  /** May be changed at any time; the relay reads it with the next start. */
  offers: Offering
  /** What was asked of it since it started, lists and greetings left out. */
  asked: { method: string; params: Record<string, unknown> }[]
  stop(): Promise<void>
}

/** A tool that takes a text. */
export const tool = (name: string, more: object = {}) => ({
  ...{ name, description: `Does ${name}` },
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
  ...more,
})

export async function openOfferingServer(offered: Partial<Offering>): Promise<OfferingServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  const made: OfferingServer = {
    url: `${await listenOnLoopback(server)}/mcp`,
    offers: { tools: [], prompts: [], resources: [], resourceTemplates: [], ...offered },
    asked: [],
    stop: () => stopServer(server),
  }
  return made

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const {
      id,
      method,
      params = {},
    } = JSON.parse(await text(request)) as { id?: unknown; method: string; params?: Record<string, unknown> }
    if (id === undefined) return void response.writeHead(202).end()
    const result = resultOf(method, params)
    const body = result === null ? { error: { code: -32601, message: 'Method not found' } } : { result }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...body }))
  }

  function resultOf(method: string, params: Record<string, unknown>): object | null {
    const { tools, prompts, resources, resourceTemplates } = made.offers
    switch (method) {
      case 'initialize':
        return {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {}, prompts: {}, resources: { subscribe: true }, completions: {} },
          serverInfo: { name: 'offering', version: '1' },
        }
      case 'tools/list':
        return { tools }
      case 'prompts/list':
        return { prompts }
      case 'resources/list':
        return { resources }
      case 'resources/templates/list':
        return { resourceTemplates }
      case 'ping':
        return {}
      case 'tools/call':
        made.asked.push({ method, params })
        return { content: [{ type: 'text', text: JSON.stringify(params['arguments'] ?? {}) }] }
      case 'prompts/get':
        made.asked.push({ method, params })
        return { messages: [{ role: 'user', content: { type: 'text', text: String(params['name']) } }] }
      case 'resources/read':
        made.asked.push({ method, params })
        return { contents: [{ uri: params['uri'], text: 'read' }] }
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        made.asked.push({ method, params })
        return {}
      case 'completion/complete':
        made.asked.push({ method, params })
        return { completion: { values: ['one'] } }
      default:
        return null
    }
  }
}
