/**
 * Brokers: nine scenarios, ours beside mosquitto, nats-server and aedes under the same load in the same run. What is confirmed after
 * fsync and what is confirmed from memory are named apart, since they are not the same promise.
 */
import { spawn } from 'node:child_process'
import { randomBytes, scryptSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createBrokerStore } from '../../server/brokers/store.ts'
import { defaultPolicy, type Policy } from '../../server/brokers/policy.ts'
import { openDatabase } from '../../server/store/database.ts'
import { migrate } from '../../server/store/migrate.ts'
import { newDataDir, startServer, type ServerProcess } from '../fakes/server-process.ts'
import { Line } from './brokers/line.ts'
import { pause, percentile, type Load, type LoadResult } from './brokers/load.ts'
import { startDurablePeers, startPeers, type Peer, type Peers } from './brokers/peers.ts'

const password = 'bench'
const seconds = Number(process.env['BENCH_SECONDS'] ?? 2)
/** Each broker under each load this often, in turns, so that what else the machine does falls on all. */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3)
const sessionsOfS3 = 200
const only = process.env['BENCH_ONLY']?.split(',')

/** What people run: the bundle, where there is one. */
const built = existsSync(join(import.meta.dirname, '..', '..', 'out', 'main', 'cli.js'))
const shapes: readonly Shape[] = [
  { title: 'S1  1 to 1, window 1', subscribers: 1, window: 1 },
  { title: 'S1  1 to 1, window 200', subscribers: 1, window: 200 },
  { title: 'S2  1 to 50, window 100', subscribers: 50, window: 100 },
  { title: 'S2  1 to 500, window 20', subscribers: 500, window: 20 },
]
const dataDir = newDataDir()
seedSessions(dataDir)
let server = await startServer({ dataDir, built })
const portOf = ({ ready }: ServerProcess): number => Number(new URL(ready.apis['brokers']?.url ?? '').port)
const call = (path: string, init?: Parameters<ServerProcess['call']>[1]): Promise<Response> => server.call(`/brokers${path}`, init)
const api = async <Body>(path: string): Promise<Body> => (await (await call(path)).json()) as Body

const scenarios: Record<string, () => Promise<void>> = {
  S1: () => besidePeers(shapes.filter(({ subscribers }) => subscribers === 1)),
  S2: () => besidePeers(shapes.filter(({ subscribers }) => subscribers > 1)),
  S3: manySessions,
  S4: idleConnections,
  S5: frozenReader,
  S6: killed,
  S7: backlog,
  S8: retryStorm,
  S9: () =>
    besidePeers([{ title: 'S9  1 to 1, window 1, each message on the disk', subscribers: 1, window: 1 }], startDurablePeers, ['fsync']),
}
try {
  for (const [name, scenario] of Object.entries(scenarios)) if (only === undefined || only.includes(name)) await scenario()
} finally {
  await server.dispose()
}

// S1, S2 and S9: throughput, beside the peers

interface Shape {
  title: string
  subscribers: number
  window: number
}

async function besidePeers(
  wanted: readonly Shape[],
  start: () => Promise<Peers> = startPeers,
  durabilities?: readonly string[],
): Promise<void> {
  const peers = await start()
  for (const reason of peers.missing) console.log(`  without ${reason}`)
  const pid = server.ready.pid
  const port = portOf(server)
  const ours: Peer[] = [
    { name: 'ours, JSON, fsync', protocol: 'json', port, pid, durable: 'yes, fsync' },
    { name: 'ours, MQTT over WebSocket, fsync', protocol: 'mqtt-ws', port, pid, durable: 'yes, fsync' },
    { name: 'ours, JSON, crash-safe', protocol: 'json', port, pid, durable: 'survives the process' },
    { name: 'ours, JSON, memory', protocol: 'json', port, pid, durable: 'no' },
  ]
  try {
    for (const { title, subscribers, window } of wanted) {
      console.log(`\n${title}, 256 B, medians of ${rounds} (slowest to fastest)`)
      const chosen = ours.filter(({ name }) => durabilities?.some((each) => name.endsWith(each)) ?? true)
      const all = [...chosen, ...peers.list].filter(({ protocol }) => protocol !== 'jetstream' || subscribers === 1)
      const measured = new Map<Peer, { result: LoadResult; cpu: number }[]>(all.map((peer) => [peer, []]))
      for (let round = 0; round < rounds; round += 1) {
        for (const peer of all) {
          const isOurs = peer.pid === pid
          const user = isOurs ? `bench-${peer.name.split(', ').at(-1)}` : ''
          const one = await load(
            {
              protocol: peer.protocol,
              port: peer.port,
              user,
              password,
              subscribers,
              window,
              size: 256,
              seconds,
              prefix: `p${randomBytes(4).toString('hex')}`,
            },
            peer.pid,
          )
          if (one !== null) measured.get(peer)?.push(one)
          if (isOurs) await forgetClients(user)
        }
      }
      for (const [peer, results] of measured) report(peer, results)
      const rateOf = (peer: Peer): number => percentile(measured.get(peer)?.map(({ result }) => result.messages) ?? [], 50)
      const [first] = all
      if (first !== undefined && durabilities !== undefined)
        for (const peer of peers.list) console.log(`  ${(rateOf(first) / rateOf(peer)).toFixed(2)} times ${peer.name}`)
    }
  } finally {
    peers.stop()
  }
}

function report({ name, durable }: Peer, results: readonly { result: LoadResult; cpu: number }[]): void {
  if (results.length === 0) {
    console.log(`  ${name.padEnd(33)} did not get through this load`)
    return
  }
  const median = (of: (one: { result: LoadResult; cpu: number }) => number): number => percentile(results.map(of), 50)
  const rates = results.map(({ result }) => result.messages)
  const perMessage = median(({ result, cpu }) => (cpu * 1e6) / Math.max(1, result.messages) / seconds)
  const perDelivery = median(({ result, cpu }) => (cpu * 1e6) / Math.max(1, result.deliveries) / seconds)
  const deliveries = median(({ result }) => result.deliveries)
  console.log(
    `  ${name.padEnd(33)} ${rate(median(({ result }) => result.messages))} msg/s (${rate(Math.min(...rates)).trim()} to ${rate(Math.max(...rates)).trim()}) ${rate(deliveries)} deliveries/s` +
      `  ack ${ms(median(({ result }) => result.ackP50))} / ${ms(median(({ result }) => result.ackP99))}  e2e ${ms(median(({ result }) => result.deliveryP50))} / ${ms(median(({ result }) => result.deliveryP99))}` +
      `  CPU ${perMessage.toFixed(1)} us/msg${deliveries > 0 ? ` ${perDelivery.toFixed(1)} us/delivery` : ''}  durable: ${durable}`,
  )
}

// S3: many sessions at once

async function manySessions(): Promise<void> {
  console.log(`\nS3  ${sessionsOfS3} sessions with 5 clients each, fsync`)
  const counts = new Array<number>(sessionsOfS3).fill(0)
  const lines: Line[] = []
  const publishers: Line[] = []
  const filler = 'x'.repeat(246)
  let isOn = true
  for (let session = 0; session < sessionsOfS3; session += 1) {
    const user = `many-${session}`
    const options = { protocol: 'json' as const, port: portOf(server), user, password }
    for (let client = 0; client < 4; client += 1) {
      const line = new Line({
        ...options,
        clientId: `r${client}`,
        onAck: () => undefined,
        onMessage: () => (counts[session] = (counts[session] ?? 0) + 1),
      })
      lines.push(line)
      await line.ready()
      await line.subscribe(client < 2 ? 'bench/t' : 'bench/u')
    }
    let token = 0
    const publisher = new Line({
      ...options,
      clientId: `w${session}`,
      onMessage: () => undefined,
      onAck: () => void (isOn && publisher.publish((token += 1) % 2 === 0 ? 'bench/t' : 'bench/u', token, filler)),
    })
    publishers.push(publisher)
    await publisher.ready()
  }
  for (const publisher of publishers) for (let window = 0; window < 4; window += 1) publisher.publish('bench/t', 1_000_000 + window, filler)
  await pause(1_000)
  const before = [...counts]
  const begun = performance.now()
  await pause(seconds * 1_000)
  const passed = (performance.now() - begun) / 1_000
  isOn = false
  const rates = counts.map((count, index) => (count - (before[index] ?? 0)) / passed)
  console.log(
    `  ${rate(rates.reduce((sum, each) => sum + each, 0))} deliveries/s in all; slowest session at ${((Math.min(...rates) / Math.max(...rates)) * 100).toFixed(0)} % of the fastest`,
  )
  for (const line of [...lines, ...publishers]) line.end()
}

// S4: connections that do nothing

async function idleConnections(): Promise<void> {
  const count = 5_000
  const folder = newDataDir()
  seedSessions(folder)
  // A server that has done nothing yet: memory that earlier loads left behind would hide what a connection takes.
  const fresh = await startServer({ dataDir: folder, built })
  try {
    // The first hundred bring in what is loaded once.
    const first = await connectMany(fresh, 100, 'first')
    const before = memory(fresh.ready.pid)
    const begun = performance.now()
    const lines = await connectMany(fresh, count, 'idle')
    const took = performance.now() - begun
    await pause(2_000)
    const after = memory(fresh.ready.pid)
    const cpu = cpuOf(fresh.ready.pid)
    await pause(2_000)
    console.log(
      `\nS4  ${count} idle connections: ${((after - before) / count / 1_024).toFixed(1)} KiB each, all logged in after ${ms(took)}; ${((cpuOf(fresh.ready.pid) - cpu) * 50).toFixed(1)} % of a core to keep them`,
    )
    for (const line of [...first, ...lines]) line.end()
    await pause(1_000)
    const again = performance.now()
    const back = await connectMany(fresh, count, 'storm')
    console.log(`  reconnect storm: all back after ${ms(performance.now() - again)}`)
    for (const line of back) line.end()
  } finally {
    await fresh.dispose()
  }
}

async function connectMany(to: ServerProcess, count: number, prefix: string): Promise<Line[]> {
  const lines: Line[] = []
  for (let begun = 0; begun < count; begun += 250) {
    const some = Array.from(
      { length: Math.min(250, count - begun) },
      (_, index) =>
        new Line({
          protocol: 'json',
          port: portOf(to),
          user: 'bench-fsync',
          password,
          clientId: `anonymous-${prefix}-${begun + index}`,
          onAck: () => undefined,
          onMessage: () => undefined,
        }),
    )
    lines.push(...some)
    await Promise.all(some.map((line) => line.ready()))
  }
  return lines
}

// S5: one frozen reader among healthy ones

async function frozenReader(): Promise<void> {
  const shape = {
    protocol: 'json' as const,
    port: portOf(server),
    user: 'bench-evict',
    password,
    subscribers: 49,
    window: 20,
    size: 256,
    seconds,
  }
  const ratios = { rate: [] as number[], cpu: [] as number[] }
  const rates = { alone: [] as number[], beside: [] as number[] }
  let peak = 0
  const watch = setInterval(() => (peak = Math.max(peak, memory(server.ready.pid))), 100)
  const base = memory(server.ready.pid)
  const measure = async (frozen: number, prefix: string): Promise<{ deliveries: number; cpu: number }> => {
    const measured = await load({ ...shape, frozen, prefix }, server.ready.pid)
    await forgetClients('bench-evict')
    const { deliveries } = measured?.result ?? { deliveries: 0 }
    return { deliveries, cpu: (measured?.cpu ?? 0) / Math.max(1, deliveries) }
  }
  // In pairs, and each pair in the other order: what else the machine does then falls on both.
  for (let pair = 0; pair < 9; pair += 1) {
    const first = await measure(pair % 2, `a${pair}`)
    const second = await measure(1 - (pair % 2), `b${pair}`)
    const [alone, beside] = pair % 2 === 0 ? [first, second] : [second, first]
    rates.alone.push(alone.deliveries)
    rates.beside.push(beside.deliveries)
    ratios.rate.push(beside.deliveries / alone.deliveries)
    ratios.cpu.push(beside.cpu / alone.cpu)
  }
  clearInterval(watch)
  console.log(
    `\nS5  49 healthy readers: ${rate(percentile(rates.alone, 50))} deliveries/s; beside one frozen ${rate(percentile(rates.beside, 50))}, ${(percentile(ratios.rate, 50) * 100).toFixed(1)} % in the median of 9 pairs (CPU a delivery ${(percentile(ratios.cpu, 50) * 100).toFixed(1)} %); ${((peak - base) / 1_048_576).toFixed(0)} MiB more at most`,
  )
  const frozen = new Line({ ...shape, clientId: 'frozen', onAck: () => undefined, onMessage: () => undefined })
  await frozen.ready()
  await frozen.subscribe('bench/t')
  frozen.socket.pause()
  const writer = new Line({ ...shape, clientId: 'writer', onAck: () => undefined, onMessage: () => undefined })
  await writer.ready()
  const begun = performance.now()
  for (let token = 0; token < 20_000; token += 1) writer.publish('bench/t', token, 'x'.repeat(1_000))
  const isThere = async (): Promise<boolean> =>
    (await api<{ clients: { name: string; linkId: number | null }[] }>('/v1/sessions/bench-evict')).clients.some(
      ({ name, linkId }) => name === 'frozen' && linkId !== null,
    )
  while (await isThere()) await pause(50)
  console.log(`  disconnected ${ms(performance.now() - begun)} after it froze (evictAfter 2000 ms), its queue kept`)
  for (const line of [frozen, writer]) line.end()
  await forgetClients('bench-evict')
}

// S6: kill -9

async function killed(): Promise<void> {
  const acked = new Set<number>()
  const seen = new Map<number, number>()
  const options = { protocol: 'json' as const, user: 'bench-fsync', password }
  const reader = new Line({
    ...options,
    port: portOf(server),
    clientId: 'kill-reader',
    onAck: () => undefined,
    onMessage: (token) => void seen.set(token, (seen.get(token) ?? 0) + 1),
  })
  await reader.ready()
  await reader.subscribe('bench/kill')
  let next = 0
  const writer = new Line({
    ...options,
    port: portOf(server),
    clientId: 'kill-writer',
    onMessage: () => undefined,
    onAck(token) {
      acked.add(token)
      writer.publish('bench/kill', (next += 1), 'x'.repeat(246))
    },
  })
  await writer.ready()
  for (let window = 0; window < 500; window += 1) writer.publish('bench/kill', (next += 1), 'x'.repeat(246))
  await pause(seconds * 1_000)
  const before = { acked: new Set(acked), delivered: seen.size }
  await server.end('SIGKILL')
  for (const token of acked) before.acked.add(token)
  const begun = performance.now()
  server = await startServer({ dataDir, built })
  const ready = performance.now()
  let firstAt = 0
  const back = new Line({
    ...options,
    port: portOf(server),
    clientId: 'kill-reader',
    onAck: () => undefined,
    onMessage(token) {
      if (firstAt === 0) firstAt = performance.now()
      seen.set(token, (seen.get(token) ?? 0) + 1)
    },
  })
  await back.ready()
  const probe = new Line({ ...options, port: portOf(server), clientId: 'kill-probe', onAck: () => undefined, onMessage: () => undefined })
  await probe.ready()
  probe.publish('bench/kill', 999_999_999, '')
  for (let tries = 0; tries < 200 && ![...before.acked].every((token) => seen.has(token)); tries += 1) await pause(50)
  const lost = [...before.acked].filter((token) => !seen.has(token)).length
  const duplicates = [...seen.values()].reduce((sum, count) => sum + count - 1, 0)
  console.log(
    `\nS6  kill -9 after ${before.acked.size} acknowledged: lost ${lost}, delivered twice ${duplicates}; ready ${ms(ready - begun)} after the start, first delivery ${ms(Math.max(0, firstAt - ready))} later (login with scrypt in it)`,
  )
  for (const line of [reader, writer, back, probe]) line.end()
  await pause(200)
  await forgetClients('bench-fsync')
}

// S7: a long absence

async function backlog(): Promise<void> {
  const count = 100_000
  const options = { protocol: 'json' as const, port: portOf(server), user: 'bench-fsync', password }
  const away = new Line({ ...options, clientId: 'away', onAck: () => undefined, onMessage: () => undefined })
  await away.ready()
  await away.subscribe('bench/backlog')
  away.end()
  let acked = 0
  let next = 0
  const writer = new Line({
    ...options,
    clientId: 'backlog-writer',
    onMessage: () => undefined,
    onAck: () => void ((acked += 1), next < count && writer.publish('bench/backlog', next++, 'x'.repeat(246))),
  })
  await writer.ready()
  const begun = performance.now()
  while (next < 1_000) writer.publish('bench/backlog', next++, 'x'.repeat(246))
  while (acked < count) await pause(10)
  const stored = performance.now() - begun
  let got = 0
  let firstAt = 0
  const since = performance.now()
  const back = new Line({
    ...options,
    clientId: 'away',
    onAck: () => undefined,
    onMessage: () => void ((got += 1), (firstAt ||= performance.now())),
  })
  const calls: number[] = []
  const until = performance.now() + 30_000
  while (got < count && performance.now() < until) {
    const asked = performance.now()
    await api('/v1/sessions')
    calls.push(performance.now() - asked)
    await pause(5)
  }
  const drained = performance.now() - since
  console.log(
    `\nS7  100k waiting messages: stored at ${rate((count / stored) * 1_000)}/s; first after ${ms(firstAt - since)}, all ${got} after ${ms(drained)} (${rate((got / drained) * 1_000)}/s); API meanwhile p50 ${ms(percentile(calls, 50))} p99 ${ms(percentile(calls, 99))}`,
  )
  for (const line of [writer, back]) line.end()
  await pause(200)
  await forgetClients('bench-fsync')
}

// S8: nobody acknowledges

async function retryStorm(): Promise<void> {
  const count = 2_000
  const retryInterval = 250
  const times = new Map<number, number[]>()
  const options = { protocol: 'json' as const, port: portOf(server), user: 'bench-retry', password }
  const deaf = new Line({
    ...options,
    clientId: 'deaf',
    onAck: () => undefined,
    onMessage: (token) => void times.set(token, [...(times.get(token) ?? []), performance.now()]),
  })
  deaf.acknowledges = false
  await deaf.ready()
  await deaf.subscribe('bench/t')
  let acked = 0
  const writer = new Line({ ...options, clientId: 'writer', onAck: () => (acked += 1), onMessage: () => undefined })
  await writer.ready()
  for (let token = 0; token < count; token += 1) writer.publish('bench/t', token, 'x'.repeat(246))
  while (acked < count) await pause(10)
  await pause(2_600)
  const { session } = await api<{ session: { deadLetters: number; queued: number } }>('/v1/sessions/bench-retry')
  const late = [...times.values()].flatMap((at) => at.slice(1).map((each, index) => each - (at[index] ?? 0) - retryInterval))
  const sent = [...times.values()].reduce((sum, at) => sum + at.length, 0)
  console.log(
    `\nS8  ${count} messages, never acknowledged, 2 s to live: ${session.deadLetters} dead letters, ${session.queued} left; ${sent} sends, retries late by ${ms(percentile(late, 50))} / ${ms(percentile(late, 99))} (p50 / p99)`,
  )
  for (const line of [deaf, writer]) line.end()
}

// Help

function seedSessions(folder: string): void {
  const database = openDatabase(join(folder, 'wheelhouse.db'))
  migrate(database)
  const store = createBrokerStore(database)
  const salt = randomBytes(16)
  // A quick hash: the load begins with hundreds of logins, which are not what is measured.
  const passwordHash = [
    'scrypt',
    1_024,
    8,
    1,
    salt.toString('base64url'),
    scryptSync(password, salt, 32, { N: 1_024, r: 8, p: 1 }).toString('base64url'),
  ].join('$')
  const add = (name: string, policy: Partial<Policy> = {}): void =>
    void store.add({
      name,
      passwordHash,
      secretHash: randomBytes(32),
      policy: { ...defaultPolicy, ...policy },
      suspended: false,
      createdAt: Date.now(),
      expiresAt: null,
      madeBy: null,
    })
  add('bench-fsync', { maxQueuedMessages: 1_000_000 })
  add('bench-crash-safe', { durability: 'crash-safe' })
  add('bench-memory', { durability: 'memory' })
  add('bench-evict', { evictAfter: 2_000 })
  add('bench-retry', { retryInterval: 250, messageExpiryTime: 2_000, maxInFlight: 65_535 })
  for (let session = 0; session < sessionsOfS3; session += 1) add(`many-${session}`)
  database.close()
}

/**
 * The load runs in a process of its own; the CPU is what the server used while it was measured. Null for a server that leaves it waiting.
 */
async function load(task: Load, pid: number, isSecondTry = false): Promise<{ result: LoadResult; cpu: number } | null> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'brokers', 'load.ts'), JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  let warm = 0
  let cool = 0
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8')
    if (warm !== 0 || !output.startsWith('warm')) return
    warm = cpuOf(pid)
    setTimeout(() => (cool = cpuOf(pid)), task.seconds * 1_000)
  })
  const late = setTimeout(() => child.kill('SIGKILL'), (task.seconds + 20) * 1_000)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(late)
  if (code === null) return null
  if (code !== 0) {
    // A peer that closes a connection during the login must not end the whole run; twice is no accident.
    console.log(`  a load of ${task.protocol} with ${task.subscribers} readers ended with ${code}`)
    if (isSecondTry) throw new Error(`the load of ${task.protocol} on port ${task.port} ended with ${code} twice`)
    return load({ ...task, prefix: `again-${task.prefix ?? ''}` }, pid, true)
  }
  return { result: JSON.parse(output.split('\n')[1] ?? '') as LoadResult, cpu: cool - warm }
}

/** Named clients of a run stay, as they should; the next run wants its own alone. */
async function forgetClients(session: string): Promise<void> {
  const { clients } = await api<{ clients: { subscriberId: number }[] }>(`/v1/sessions/${session}`)
  for (const { subscriberId } of clients) await call(`/v1/sessions/${session}/subscribers/${subscriberId}`, { method: 'DELETE' })
}

/** Seconds of CPU a process has used; 0 where the kernel does not tell. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

function memory(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1_024
}

function rate(value: number): string {
  return Math.round(value).toLocaleString('en').padStart(9)
}

function ms(value: number): string {
  return !Number.isFinite(value) ? '-' : `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
}
