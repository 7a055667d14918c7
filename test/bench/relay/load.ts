/** Tool calls over HTTP with as little of a client as possible, so that the server is what is measured; every answer is looked at. */
import { RawClient } from './raw-client.ts'

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

const accept = 'application/json, text/event-stream'

export async function measure(target: Target, inFlight: number, seconds: number): Promise<Result> {
  const clients = await Promise.all(Array.from({ length: inFlight }, () => RawClient.open(target.url)))
  const first = clients[0]
  if (first === undefined) throw new TypeError('at least one call is in flight')
  try {
    const head = first.head(await greet(target, first))
    const times: number[] = []
    let next = 1
    const worker = async (client: RawClient, until: number): Promise<void> => {
      while (performance.now() < until) {
        const id = next
        next += 1
        const begun = performance.now()
        const answer = await client.post(head, messageOf(target, id))
        times.push(performance.now() - begun)
        // The speed of a peer that answers something else, or somebody else, is worth nothing.
        if (!answer.text.includes(`Echo: number ${id}"`))
          throw new Error(`call ${id} was answered ${answer.status} ${answer.text.slice(0, 300)}`)
      }
    }
    const all = (until: number): Promise<unknown> => Promise.all(clients.map((client) => worker(client, until)))
    await all(performance.now() + 500)
    const warm = times.length
    times.length = 0
    const begun = performance.now()
    await all(begun + seconds * 1_000)
    const took = performance.now() - begun
    times.sort((a, b) => a - b)
    const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN
    return { perSecond: (times.length / took) * 1_000, p50: at(0.5), p99: at(0.99), all: times.length + warm }
  } finally {
    for (const client of clients) client.close()
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

/** The headers of all calls. */
async function greet({ era, tool, headers: own = {} }: Target, client: RawClient): Promise<Record<string, string>> {
  const common = { ...own, 'content-type': 'application/json', accept }
  if (era === '2026') return { ...common, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool }
  const { sessionId, status, text } = await client.post(
    client.head(common),
    JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'load', version: '1' } },
    }),
  )
  if (status !== 200) throw new Error(`initialize was answered ${status} ${text.slice(0, 200)}`)
  const headers = { ...common, 'mcp-protocol-version': '2025-06-18', ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }) }
  await client.post(client.head(headers), JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }))
  return headers
}
