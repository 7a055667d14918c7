/**
 * The relay beside other gateways, all before the same server and in turns: tool calls one at a time and sixteen in flight, every answer
 * checked; then its strength. Calls a second depend on who else uses the machine, CPU per call hardly does, so both are shown.
 *
 * `BENCH_SECONDS=1` measures shorter, `BENCH_ROUNDS=5` more often. `npm run bench -- relay peers` or `relay growth` measures a part alone.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { eventually } from '../fixtures/eventually.ts'
import { growth } from './relay/growth.ts'
import { measure, type Target } from './relay/load.ts'
import { installPeers, peerStarts, type Peer } from './relay/peers.ts'
import { cpuOf } from './relay/processes.ts'
import { bySdk } from './relay/sdk-load.ts'
import { serverState, strength } from './relay/strength.ts'
import { ms, p50 } from './statistics.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 2)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3)
const everything = join(import.meta.dirname, '..', '..', 'node_modules', '@modelcontextprotocol', 'server-everything', 'dist', 'index.js')
const say = (line: string): void => console.log(line)

interface Row {
  name: string
  kind: 'ours' | 'peer' | 'direct'
  pid: number
  target: Target
}
interface Figures {
  alone: number[]
  aloneP50: number[]
  many: number[]
  manyP99: number[]
  /** CPU of all its processes for one call, ms. */
  cost: number[]
}

const parts = { peers: besidePeers, growth: () => growth(say) }
const wanted = process.argv.slice(2)
for (const [name, measureIt] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await measureIt()

async function besidePeers(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-bench-relay-'))
  const house = await startServer({ built: process.env['BENCH_SOURCE'] === undefined })
  const peers: Peer[] = []
  try {
    say('installing the peers')
    await installPeers(folder)
    const ours = await prepare(house)
    const starts = peerStarts(folder, everything)
    for (const [name, start] of Object.entries(starts)) {
      const peer = await start().catch((error: unknown) => say(`${name}: ${String(error).slice(0, 160)}`))
      if (peer !== undefined) peers.push(peer)
    }
    await sideBySide(ours, peers, house.child.pid ?? 0)
    await withSdk(ours, peers)
    for (const peer of peers.splice(0)) await peer.stop()
    say('')
    await strength(house, ours.free, say)
  } finally {
    for (const peer of peers) await peer.stop()
    await house.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function sideBySide({ free, paid }: Ours, peers: readonly Peer[], pid: number): Promise<void> {
  const rows: Row[] = peers
    .filter(({ name }) => !name.startsWith('mcp-hub'))
    .flatMap(({ name, url, pid: leader }): Row[] => {
      const kind = name.startsWith('direct') ? 'direct' : 'peer'
      const row = (era: '2025' | '2026'): Row => ({ name: `${name}, ${era}`, kind, pid: leader, target: { url, era, tool: 'echo' } })
      return name.startsWith('mcp-proxy') ? [row('2025'), row('2026')] : [row('2025')]
    })
  for (const era of ['2025', '2026'] as const) {
    rows.push({ name: `Wheelhouse, ${era}, free`, kind: 'ours', pid, target: { url: free, era, tool: 'echo' } })
    rows.push({ name: `Wheelhouse, ${era}, ledger on`, kind: 'ours', pid, target: { url: paid, era, tool: 'echo' } })
  }
  const figures = new Map(rows.map(({ name }): [string, Figures] => [name, { alone: [], aloneP50: [], many: [], manyP99: [], cost: [] }]))
  say(
    `\nnode ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, load before ${loadavg()[0]?.toFixed(1)}; ${rounds} rounds in turns, ${seconds} s each; medians`,
  )
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, pid: leader, target } of rows) {
      const of = figures.get(name)
      if (of === undefined) continue
      try {
        const alone = await measure(target, 1, seconds / 2)
        const before = cpuOf(leader)
        const many = await measure(target, 16, seconds)
        of.cost.push((cpuOf(leader) - before) / many.all)
        of.alone.push(alone.perSecond)
        of.aloneP50.push(alone.p50)
        of.many.push(many.perSecond)
        of.manyP99.push(many.p99)
      } catch (error) {
        say(`${name}: ${String(error).slice(0, 160)}`)
      }
    }
  }
  say(
    `${'before server-everything'.padEnd(38)}${'1 at a time'.padStart(13)}${'p50'.padStart(10)}${'16 in flight'.padStart(14)}${'p99'.padStart(10)}${'CPU per call'.padStart(15)}`,
  )
  const medians = rows.map((row) => ({ ...row, ...medianOf(figures.get(row.name)) }))
  for (const { name, alone, aloneP50, many, manyP99, cost } of medians)
    say(
      `${name.padEnd(38)}${`${Math.round(alone)}/s`.padStart(13)}${ms(aloneP50).padStart(10)}${`${Math.round(many)}/s`.padStart(14)}${ms(manyP99).padStart(10)}${ms(cost).padStart(15)}`,
    )

  const best = (kind: Row['kind'], of: (row: (typeof medians)[number]) => number, least = false): number => {
    const values = medians
      .filter((row) => row.kind === kind)
      .map(of)
      .filter(Number.isFinite)
    return least ? Math.min(...values) : Math.max(...values)
  }
  const bestPeer = best('peer', ({ many }) => many)
  const cheapestPeer = best('peer', ({ cost }) => cost, true)
  const directP50 = best('direct', ({ aloneP50 }) => aloneP50, true)
  for (const { name, kind, many, cost, aloneP50 } of medians)
    if (kind === 'ours')
      say(
        `${name}: ${(many / bestPeer).toFixed(1)} x the best peer, ${(cheapestPeer / cost).toFixed(1)} x less CPU than the cheapest; ${(aloneP50 - directP50).toFixed(2)} ms p50 above direct`,
      )
}

async function withSdk({ free }: Ours, peers: readonly Peer[]): Promise<void> {
  const hub = peers.find(({ name }) => name.startsWith('mcp-hub'))
  if (hub === undefined) return
  say('\nwith the SDK’s client, which is most of the work here, 16 in flight')
  const rates = { hub: [] as number[], ours: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    rates.hub.push(await bySdk(hub.url, 'sse', 'everything__echo', seconds))
    rates.ours.push(await bySdk(free, 'http', 'echo', seconds))
  }
  say(
    `mcp-hub 4.2.1, SSE ${Math.round(p50(rates.hub))}/s, Wheelhouse ${Math.round(p50(rates.ours))}/s: ${(p50(rates.ours) / p50(rates.hub)).toFixed(1)} x`,
  )
}

function medianOf(figures: Figures | undefined): Record<keyof Figures, number> {
  const of = (key: keyof Figures): number => p50(figures?.[key] ?? [])
  return { alone: of('alone'), aloneP50: of('aloneP50'), many: of('many'), manyP99: of('manyP99'), cost: of('cost') }
}

interface Ours {
  free: string
  /** The same server under another name, each call at a price. */
  paid: string
}

async function prepare(server: ServerProcess): Promise<Ours> {
  await server.call('/control/v1/users', {
    method: 'POST',
    json: { id: 'bench', primaryEmail: 'bench@example.test', credits: 1_000_000_000 },
  })
  const add = async (name: string): Promise<string> => {
    const { id } = (await (
      await server.call('/control/v1/upstreams', {
        method: 'POST',
        json: { name, transport: 'stdio', command: process.execPath, args: [everything, 'stdio'] },
      })
    ).json()) as { id: string }
    await eventually(`${name} is ready`, async () => (await serverState(server, name)).state === 'ready', 30_000)
    const { sessionUrl } = (await (
      await server.call('/relay/v1/relay-sessions', { method: 'POST', json: { accountId: 'bench', policy: { upstreams: [id] } } })
    ).json()) as { sessionUrl: string }
    return sessionUrl
  }
  const [free, paid] = [await add('everything'), await add('everything-paid')]
  await server.call(`/relay/v1/upstreams/${(await serverState(server, 'everything-paid')).id}/tools/echo`, {
    method: 'PATCH',
    json: { price: 1 },
  })
  return { free, paid }
}
