/** What the relay takes when there is much of everything: tools in one list, sessions with their clients, servers behind it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { ms, p50, percentile, timed } from '../statistics.ts'
import { residentOf } from './processes.ts'
import { RawClient } from './raw-client.ts'

const toolCounts = [10, 100, 1_000]
const sessionCounts = [1, 10, 100, 1_000]
const serverCounts = [1, 10, 25, 50]
const listGoal = 20
const accept = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

export async function growth(say: (line: string) => void): Promise<void> {
  const yard = spawn(process.execPath, [join(import.meta.dirname, 'many-servers.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [port] = (await once(yard.stdout, 'data')) as [Buffer]
    const base = `http://127.0.0.1:${String(port).trim()}`
    await lists(base, say)
    await sessions(base, say)
    await servers(base, say)
  } finally {
    yard.kill('SIGKILL')
  }
}

async function withHouse(work: (house: ServerProcess) => Promise<void>): Promise<void> {
  const house = await startServer({ built: process.env['BENCH_SOURCE'] === undefined })
  try {
    await house.call('/control/v1/users', { method: 'POST', json: { id: 'bench', primaryEmail: 'bench@example.test', credits: 0 } })
    await work(house)
  } finally {
    await house.dispose()
  }
}

async function add(house: ServerProcess, name: string, url: string): Promise<string> {
  const made = await house.call('/control/v1/upstreams', { method: 'POST', json: { name, transport: 'http', url } })
  if (made.status !== 201) throw new Error(`${name} was not added: ${await made.text()}`)
  return ((await made.json()) as { id: string }).id
}

async function ready(house: ServerProcess, count: number): Promise<void> {
  await eventually(
    `${count} servers are ready`,
    async () => {
      const { upstreams } = (await (await house.call('/control/v1/upstreams')).json()) as { upstreams: { state: string }[] }
      return upstreams.filter(({ state }) => state === 'ready').length >= count
    },
    120_000,
  )
}

async function newSession(house: ServerProcess, policy: object = {}): Promise<string> {
  const made = await house.call('/relay/v1/relay-sessions', { method: 'POST', json: { accountId: 'bench', policy } })
  return ((await made.json()) as { sessionUrl: string }).sessionUrl
}

/** A client of the session era that has said hello; what it lists is counted. */
async function connected(url: string): Promise<{ list(): Promise<{ tools: number; bytes: number }>; close(): void }> {
  const client = await RawClient.open(url)
  const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'growth', version: '1' } }
  const { sessionId = '' } = await client.post(
    client.head(accept),
    JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: hello }),
  )
  const head = client.head({ ...accept, 'mcp-session-id': sessionId, 'mcp-protocol-version': '2025-06-18' })
  await client.post(head, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }))
  return {
    async list() {
      const { text } = await client.post(head, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }))
      return { tools: text.split('"inputSchema"').length - 1, bytes: text.length }
    },
    close: () => client.close(),
  }
}

async function times(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = []
  for (let index = 0; index < count; index += 1) taken.push(await timed(work))
  return taken
}

async function lists(base: string, say: (line: string) => void): Promise<void> {
  await withHouse(async (house) => {
    say('\ntools/list, from what is known')
    for (const [index, count] of toolCounts.entries()) {
      const id = await add(house, `yard-${count}`, `${base}/${count}/mcp`)
      await ready(house, index + 1)
      const client = await connected(await newSession(house, { upstreams: [id] }))
      const { tools, bytes } = await client.list()
      if (tools !== count) throw new Error(`${tools} tools were listed of ${count}`)
      const taken = await times(50, () => client.list())
      const goal = count === toolCounts.at(-1) ? `, goal ${listGoal} ms` : ''
      say(
        `${String(count).padStart(6)} tools, ${Math.round(bytes / 1_024)} KiB: p50 ${ms(p50(taken))}, p99 ${ms(percentile(taken, 0.99))}${goal}`,
      )
      client.close()
    }
  })
}

async function sessions(base: string, say: (line: string) => void): Promise<void> {
  await withHouse(async (house) => {
    const pid = house.child.pid ?? 0
    await add(house, 'yard', `${base}/100/mcp`)
    await ready(house, 1)
    say('\nsessions, each with a client that said hello and listed 100 tools')
    const clients: Awaited<ReturnType<typeof connected>>[] = []
    for (const count of sessionCounts) {
      const taken = await times(count - clients.length, async () => {
        const client = await connected(await newSession(house))
        clients.push(client)
        await client.list()
      })
      const all = await times(20, () => clients[0]?.list() ?? Promise.resolve())
      say(`${String(count).padStart(6)} sessions: ${residentOf(pid)} MB, a new one p50 ${ms(p50(taken))}, tools/list p50 ${ms(p50(all))}`)
    }
    for (const client of clients) client.close()
  })
}

async function servers(base: string, say: (line: string) => void): Promise<void> {
  await withHouse(async (house) => {
    const pid = house.child.pid ?? 0
    say('\nremote servers with 20 tools each')
    let made = 0
    for (const count of serverCounts) {
      const began = performance.now()
      for (; made < count; made += 1) await add(house, `yard-${made}`, `${base}/20/${made}/mcp`)
      await ready(house, count)
      const took = performance.now() - began
      const client = await connected(await newSession(house))
      const { tools } = await client.list()
      if (tools !== count * 20) throw new Error(`${tools} tools were listed of ${count * 20}`)
      const taken = await times(20, () => client.list())
      say(
        `${String(count).padStart(6)} servers: ready ${ms(took)} after the first was added, ${residentOf(pid)} MB, tools/list p50 ${ms(p50(taken))}`,
      )
      client.close()
    }
  })
}
