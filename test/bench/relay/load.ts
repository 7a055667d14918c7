/** Tool calls over HTTP with as little of a client as possible, so that the server is what is measured; every answer is looked at. */
import { Agent, request } from 'node:http'

export interface Target {
  url: string
  era: '2025' | '2026'
  /** The tool as this server names it. */
  tool: string
  headers?: Record<string, string>
}

export interface Result {
  perSecond: number
  /** Ms. */
  p50: number
  p99: number
  /** With those before the clock ran. */
  all: number
}

interface Answer {
  status: number
  sessionId: string | undefined
  text: string
}

const accept = 'application/json, text/event-stream'

export async function measure(target: Target, inFlight: number, seconds: number): Promise<Result> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight })
  try {
    const headers = await greet(target, agent)
    const times: number[] = []
    let next = 1
    const worker = async (until: number): Promise<void> => {
      while (performance.now() < until) {
        const id = next
        next += 1
        const begun = performance.now()
        const answer = await post(target.url, agent, headers, messageOf(target, id))
        times.push(performance.now() - begun)
        // The suite of a peer that answers something else, or for somebody else, is worth nothing.
        if (!answer.text.includes(`Echo: number ${id}"`))
          throw new Error(`call ${id} was answered ${answer.status} ${answer.text.slice(0, 300)}`)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, () => worker(performance.now() + 500)))
    const warm = times.length
    times.length = 0
    const begun = performance.now()
    await Promise.all(Array.from({ length: inFlight }, () => worker(begun + seconds * 1_000)))
    const took = performance.now() - begun
    times.sort((a, b) => a - b)
    const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN
    return { perSecond: (times.length / took) * 1_000, p50: at(0.5), p99: at(0.99), all: times.length + warm }
  } finally {
    agent.destroy()
  }
}

function messageOf({ era, tool }: Target, id: number): string {
  const meta =
    era === '2026'
      ? {
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'load', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        }
      : {}
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: tool, arguments: { message: `number ${id}` }, ...meta },
  })
}

async function greet({ url, era, tool, headers: own = {} }: Target, agent: Agent): Promise<Record<string, string>> {
  const common = { ...own, 'content-type': 'application/json', accept }
  if (era === '2026') return { ...common, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool }
  const { sessionId, status, text } = await post(
    url,
    agent,
    common,
    JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'load', version: '1' } },
    }),
  )
  if (status !== 200) throw new Error(`initialize was answered ${status} ${text.slice(0, 200)}`)
  const headers = { ...common, 'mcp-protocol-version': '2025-06-18', ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }) }
  await post(url, agent, headers, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }))
  return headers
}

function post(url: string, agent: Agent, headers: Record<string, string>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, sessionId: [response.headers['mcp-session-id']].flat()[0], text }),
      )
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
