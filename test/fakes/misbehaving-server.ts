/**
 * A remote MCP server of the session era that keeps to the protocol until a given step, and then to none. Over streamable HTTP or the older
 * SSE.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'

/** Where it goes wrong: the opening stream, a request by its method, or none. */
export type Step = 'stream' | 'server/discover' | 'initialize' | 'notifications/initialized' | 'tools/list' | 'tools/call' | 'nowhere'
export type Manner =
  | 'status 400'
  | 'status 401'
  | 'status 404'
  | 'status 405'
  | 'status 500'
  | 'status 503'
  | 'redirect'
  | 'error'
  | 'no result'
  | 'null result'
  | 'empty result'
  | 'unknown version'
  | 'wrong id'
  | 'array'
  | 'not json'
  | 'a web page'
  | 'nothing'
  | 'cut'
  | 'half'
  | 'quotes its address'
  | 'silence'
  | 'unanswered stream'
  | 'endpoint elsewhere'
  | 'endpoint nonsense'

export interface MisbehavingServer {
  url: string
  /** May be changed at any time. */
  trouble: { step: Step; manner: Manner; /** Connections that go well before. */ after?: number }
  /** Sessions that clients have ended. */
  goodbyes: string[]
  /** Ends all connections. */
  hangUp(): void
  /** Nobody listens any more. */
  leave(): Promise<void>
}

interface Asked {
  id?: unknown
  method?: string
}

export async function openMisbehavingServer(transport: 'http' | 'sse', trouble: MisbehavingServer['trouble']): Promise<MisbehavingServer> {
  let connections = 0
  const streams = new Map<string, ServerResponse>()
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  const base = await listenOnLoopback(server)
  const made: MisbehavingServer = {
    url: `${base}/${transport}`,
    trouble,
    goodbyes: [],
    hangUp: () => server.closeAllConnections(),
    leave: () => (server.listening ? stopServer(server) : Promise.resolve()),
  }
  return made

  function mannerAt(step: string): Manner | undefined {
    const { step: at, manner, after = 0 } = made.trouble
    return at === step && connections > after ? manner : undefined
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'DELETE') {
      made.goodbyes.push(String(request.headers['mcp-session-id']))
      return void response.writeHead(200).end()
    }
    if (request.method === 'GET') return transport === 'sse' ? openStream(response) : refuseStream(response)
    const message = JSON.parse(await text(request)) as Asked
    if (message.method === 'initialize' && transport === 'http') connections += 1
    // The question for the newest revision comes before the connection counts.
    const manner =
      message.method === 'server/discover' && made.trouble.step === 'server/discover' ? made.trouble.manner : mannerAt(message.method ?? '')
    const status = /^status (\d+)$/.exec(manner ?? '')?.[1]
    if (status !== undefined) return void response.writeHead(Number(status), { 'content-type': 'text/plain' }).end('Not today')
    if (manner === 'quotes its address')
      return void response.writeHead(500, { 'content-type': 'text/plain' }).end(`Cannot POST ${request.url}`)
    if (manner === 'redirect') return void response.writeHead(307, { location: 'http://127.0.0.1:9/elsewhere' }).end()
    if (manner === 'cut') return void response.destroy()
    if (manner === 'silence') return
    if (manner === 'unanswered stream') return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': wait\n\n')
    const body = bodyOf(message, manner)
    if (transport === 'sse') {
      const stream = streams.get(new URL(request.url ?? '/', base).searchParams.get('of') ?? '')
      response.writeHead(202).end()
      if (manner === 'half') return void stream?.end(`event: message\ndata: {"jsonrpc":"2.0","id`)
      if (body !== null) stream?.write(`event: message\ndata: ${body}\n\n`)
      return
    }
    if (message.id === undefined && manner === undefined) return void response.writeHead(202).end()
    response.writeHead(200, {
      'content-type': manner === 'a web page' ? 'text/html' : 'application/json',
      'mcp-session-id': `session-${connections}`,
      ...(manner === 'half' ? { 'content-length': '4096' } : {}),
    })
    if (manner === 'half') response.write('{"jsonrpc":"2.0",', () => response.destroy())
    else response.end(body ?? '')
  }

  function refuseStream(response: ServerResponse): void {
    const status = /^status (\d+)$/.exec(mannerAt('stream') ?? '')?.[1] ?? '405'
    response.writeHead(Number(status)).end()
  }

  function openStream(response: ServerResponse): void {
    connections += 1
    const manner = mannerAt('stream')
    const status = /^status (\d+)$/.exec(manner ?? '')?.[1]
    if (status !== undefined) return void response.writeHead(Number(status)).end()
    if (manner === 'cut') return void response.destroy()
    if (manner === 'a web page') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Welcome')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    if (manner === 'silence') return
    if (manner === 'nothing') return void response.end()
    const id = String(connections)
    streams.set(id, response)
    const endpoint =
      manner === 'endpoint elsewhere' ? 'http://127.0.0.1:9/message' : manner === 'endpoint nonsense' ? 'http://[' : `/message?of=${id}`
    response.write(`event: endpoint\ndata: ${endpoint}\n\n`)
  }
}

/** Null where there is nothing to say. Also used over standard streams. */
export function bodyOf({ id, method }: Asked, manner?: Manner): string | null {
  if (manner === 'not json') return 'Welcome!'
  if (manner === 'a web page') return '<p>Welcome'
  if (manner === 'nothing') return null
  if (id === undefined && manner === undefined) return null
  return JSON.stringify(
    manner === 'array' ? [] : { jsonrpc: '2.0', id: manner === 'wrong id' ? 'another' : (id ?? null), ...outcome(method, manner) },
  )
}

function outcome(method: string | undefined, manner: Manner | undefined): object {
  if (manner === 'error') return { error: { code: -32603, message: 'Not today' } }
  if (manner === 'no result') return {}
  if (manner === 'null result') return { result: null }
  if (manner === 'empty result') return { result: {} }
  switch (method) {
    case 'initialize':
      return {
        result: {
          protocolVersion: manner === 'unknown version' ? '1999-01-01' : '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'odd', version: '1.0.0' },
        },
      }
    case 'tools/list':
      return { result: { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] } }
    case 'tools/call':
      return { result: { content: [{ type: 'text', text: 'here' }] } }
    default:
      return { error: { code: -32601, message: 'Method not found' } }
  }
}
