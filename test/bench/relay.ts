/** The relay beside other gateways, all before the same server: tool calls one at a time and sixteen in flight, every answer checked. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, SSEClientTransport, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { eventually } from '../fixtures/eventually.ts'
import { measure, type Target } from './relay/load.ts'
import { installPeers, peerStarts, type Peer } from './relay/peers.ts'
import { ms, p50, timed } from './statistics.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 3)
const everything = join(import.meta.dirname, '..', '..', 'node_modules', '@modelcontextprotocol', 'server-everything', 'dist', 'index.js')
const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-bench-relay-'))
const say = (line: string): void => console.log(line)

const house = await startServer()
try {
  say('installing the peers')
  await installPeers(folder)
  const ours = await prepare(house)
  say(`\n${'before server-everything'.padEnd(44)}${'1 at a time'.padStart(14)}${'p50'.padStart(10)}${'16 in flight'.padStart(14)}${'p99'.padStart(10)}`)

  const rows = new Map<string, number>()
  const row = async (name: string, target: Target): Promise<void> => {
    try {
      const one = await measure(target, 1, seconds)
      const many = await measure(target, 16, seconds)
      rows.set(name, many.perSecond)
      say(`${name.padEnd(44)}${`${Math.round(one.perSecond)}/s`.padStart(14)}${ms(one.p50).padStart(10)}${`${Math.round(many.perSecond)}/s`.padStart(14)}${ms(many.p99).padStart(10)}`)
    } catch (error) {
      say(`${name.padEnd(44)} ${String(error).slice(0, 160)}`)
    }
  }
  const starts = peerStarts(folder, everything)
  for (const name of ['direct, its own HTTP', 'mcp-proxy 6.7.19', 'supergateway 4.0.0']) {
    await withPeer(starts, name, async ({ url }) => {
      await row(`${name}, 2025`, { url, era: '2025', tool: 'echo' })
      if (name.startsWith('mcp-proxy')) await row(`${name}, 2026`, { url, era: '2026', tool: 'echo' })
    })
  }
  await row('Wheelhouse, 2025, free', { url: ours.free, era: '2025', tool: 'echo' })
  await row('Wheelhouse, 2026, free', { url: ours.free, era: '2026', tool: 'echo' })
  await ours.price(1)
  await row('Wheelhouse, 2025, ledger on the disk', { url: ours.free, era: '2025', tool: 'echo' })
  await row('Wheelhouse, 2026, ledger on the disk', { url: ours.free, era: '2026', tool: 'echo' })
  const best = Math.max(...[...rows].filter(([name]) => !/Wheelhouse|direct/.test(name)).map(([, rate]) => rate))
  for (const [name, rate] of rows) if (name.startsWith('Wheelhouse')) say(`${name}: ${(rate / best).toFixed(1)} x the best peer over HTTP`)

  say('\nwith the SDK’s client, which is most of the work here, 16 in flight')
  const hub = await withPeer(starts, 'mcp-hub 4.2.1', ({ url }) => bySdk('mcp-hub 4.2.1, SSE', () => new SSEClientTransport(new URL(url)), 'everything__echo'))
  const own = await bySdk('Wheelhouse, 2025', () => new StreamableHTTPClientTransport(new URL(ours.free)), 'echo')
  if (hub !== undefined) say(`Wheelhouse: ${(own / hub).toFixed(1)} x mcp-hub`)

  await others(house, ours)
} finally {
  await house.dispose()
  rmSync(folder, { recursive: true, force: true })
}

async function prepare(server: ServerProcess): Promise<{ id: string; free: string; sessionId: string; price(credits: number): Promise<void> }> {
  await server.call('/control/v1/users', { method: 'POST', json: { id: 'bench', primaryEmail: 'bench@example.test', credits: 1_000_000_000 } })
  const { id } = (await (await server.call('/control/v1/upstreams', { method: 'POST', json: { name: 'everything', transport: 'stdio', command: process.execPath, args: [everything, 'stdio'] } })).json()) as { id: string }
  await eventually('the server behind is ready', async () => (await serverState(server)).state === 'ready', 15_000)
  const { data } = (await (await fetch(`${server.ready.apis['relay']?.url}/api/sessions`, { method: 'POST', headers: { 'x-user-id': 'bench' } })).json()) as { data: { sessionUrl: string; sessionId: string } }
  return {
    id,
    free: data.sessionUrl,
    sessionId: data.sessionId,
    price: async (credits) => void (await server.call(`/relay/v1/upstreams/${id}/tools/echo`, { method: 'PATCH', json: { price: credits } })),
  }
}

async function serverState(server: ServerProcess): Promise<{ state: string; pid: number }> {
  const { upstreams } = (await (await server.call('/control/v1/upstreams')).json()) as { upstreams: { name: string; state: string; pid: number }[] }
  return upstreams.find(({ name }) => name === 'everything') ?? { state: 'none', pid: 0 }
}

async function withPeer<Result>(starts: Record<string, () => Promise<Peer>>, name: string, work: (peer: Peer) => Promise<Result>): Promise<Result | undefined> {
  let peer: Peer | undefined
  try {
    peer = await starts[name]?.()
    return peer === undefined ? undefined : await work(peer)
  } catch (error) {
    say(`${name}: ${String(error).slice(0, 160)}`)
    return undefined
  } finally {
    await peer?.stop()
  }
}

async function bySdk(name: string, transport: () => Transport, tool: string): Promise<number> {
  const client = new Client({ name: 'bench', version: '1.0.0' })
  await client.connect(transport())
  let done = 0
  const call = async (until: number): Promise<void> => {
    while (performance.now() < until) {
      const { content } = await client.callTool({ name: tool, arguments: { message: 'ahoy' } })
      if (JSON.stringify(content) !== '[{"type":"text","text":"Echo: ahoy"}]') throw new Error(`answered ${JSON.stringify(content)}`)
      done += 1
    }
  }
  await call(performance.now() + 300)
  done = 0
  await Promise.all(Array.from({ length: 16 }, () => call(performance.now() + seconds * 1_000)))
  await client.close()
  say(`${name.padEnd(44)}${`${Math.round(done / seconds)}/s`.padStart(14)}`)
  return done / seconds
}

/** Strength: first list, recovery, revocation, memory, and what a thousand visitors leave behind. */
async function others(server: ServerProcess, { free, sessionId }: { free: string; sessionId: string }): Promise<void> {
  const connect = async (): Promise<Client> => {
    const client = new Client({ name: 'bench', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(free)))
    return client
  }
  const listed = async (): Promise<void> => {
    const client = await connect()
    await client.listTools()
    await client.close()
  }
  say(`\nconnect and first tool list, p50           ${ms(p50(await repeated(20, listed)))}`)
  await server.call('/control/v1/upstreams', { method: 'POST', json: { name: 'hung', transport: 'stdio', command: process.execPath, args: ['-e', 'setInterval(()=>{},1000)'] } })
  say(`the same while another server hangs        ${ms(p50(await repeated(5, listed)))}`)

  const before = processes(server.child.pid ?? 0)
  const memory: string[] = [`${resident(server)} MB with none`]
  const held: Client[] = []
  for (const count of [1, 10, 50]) {
    while (held.length < count) held.push(await connect())
    memory.push(`${resident(server)} MB with ${count}`)
  }
  await Promise.all(held.map((client) => client.close()))
  say(`memory of the whole server                 ${memory.join(', ')} connected clients`)
  for (let index = 0; index < 50; index += 1) await Promise.all(Array.from({ length: 20 }, async () => (await connect()).close()))
  say(`processes after 1,000 connects and drops   ${processes(server.child.pid ?? 0)} (before: ${before})`)

  const { pid } = await serverState(server)
  process.kill(pid, 'SIGKILL')
  const recovered = await timed(() => eventually('it runs again', async () => { const { state, pid: now } = await serverState(server); return state === 'ready' && now !== pid }, 15_000))
  say(`a killed server answers again after        ${ms(recovered)}`)

  const call = () => fetch(free, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' })
  await fetch(`${server.ready.apis['relay']?.url}/api/sessions/${sessionId}`, { method: 'DELETE', headers: { 'x-user-id': 'bench' } })
  say(`the first request after a revocation       is answered ${(await call()).status}`)
}

async function repeated(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = []
  for (let index = 0; index < times; index += 1) taken.push(await timed(work))
  return taken
}

function resident({ child }: ServerProcess): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1_024)
}

/** Processes below this one. */
function processes(parent: number): number {
  const parents = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      return [{ pid: Number(pid), parent: Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]) }]
    } catch {
      return []
    }
  })
  const below = (of: number): number => parents.filter((each) => each.parent === of).reduce((sum, each) => sum + 1 + below(each.pid), 0)
  return below(parent)
}
