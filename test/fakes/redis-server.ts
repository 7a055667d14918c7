/** Real Redis servers on free ports, without a disk; ended by their owner. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { reservedPort } from '../fixtures/ports.ts'
import { until } from './kernel.ts'

export interface RedisServer {
  url: string
  port: number
  /** Runs one command on it, whatever role it has. */
  command(name: string, ...values: (string | number)[]): Promise<unknown>
  /** Stops the process without ending it, as one that hangs; `resume` lets it go on. */
  pause(): void
  resume(): void
  /** Ends the process; `start` brings it back, empty, on the same port. */
  kill(): Promise<void>
  start(): Promise<void>
  dispose(): Promise<void>
}

export async function startRedis({
  password = '',
  settings = [],
}: { password?: string; settings?: readonly string[] } = {}): Promise<RedisServer> {
  const port = await reservedPort()
  // A replica writes there what it is sent.
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-redis-'))
  const process = redisProcess([
    '--dir',
    folder,
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    ...(password === '' ? [] : ['--requirepass', password, '--masterauth', password]),
    ...settings,
  ])
  await process.start()
  return {
    url: `redis://${password === '' ? '' : `:${password}@`}127.0.0.1:${port}/0`,
    port,
    ...process,
    async dispose() {
      await process.dispose()
      rmSync(folder, { recursive: true, force: true })
    },
    async command(name, ...values) {
      const client = new Redis({ host: '127.0.0.1', port, ...(password === '' ? {} : { password }), retryStrategy: () => null })
      try {
        return await client.call(name, ...values)
      } finally {
        client.disconnect()
      }
    },
  }
}

/** Makes `replica` follow `master`, and resolves when it has all that was there. */
export async function replicate(master: RedisServer, replica: RedisServer): Promise<void> {
  await replica.command('REPLICAOF', '127.0.0.1', master.port)
  await until('the replica follows', async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up'))
}

/** Ms after which one that says nothing is taken for dead. Longer than the clients take to notice, so that they do. */
const silentFor = 5_000

export interface Sentinel {
  port: number
  dispose(): Promise<void>
}

/** One Sentinel that alone decides: a master that is silent for as long as no busy machine makes it is replaced. */
export async function startSentinel(master: RedisServer, name: string, password: string): Promise<Sentinel> {
  const port = await reservedPort()
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${name} ${silentFor}`,
      `sentinel failover-timeout ${name} 10000`,
      `sentinel auth-pass ${name} ${password}`,
    ].join('\n'),
  )
  const process = redisProcess([file, '--sentinel'], 'Sentinel ID')
  await process.start()
  const client = new Redis({ port, host: '127.0.0.1' })
  await until('the Sentinel knows the replica', async () => String(await client.call('SENTINEL', 'replicas', name)).includes('slave'))
  client.disconnect()
  return {
    port,
    async dispose() {
      await process.dispose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export interface RedisCluster {
  url: string
  nodes: readonly RedisServer[]
  /** The node that has the slot of `key`. */
  nodeOf(key: string): Promise<RedisServer>
  dispose(): Promise<void>
}

/** Three masters, each with a third of the slots, and as many replicas as wanted, one after the other. */
export async function startCluster({ replicas = 0 }: { replicas?: number } = {}): Promise<RedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-cluster-'))
  const nodes: RedisServer[] = []
  const busPorts: number[] = []
  for (let index = 0; index < 3 + replicas; index += 1) {
    const busPort = await reservedPort()
    busPorts.push(busPort)
    nodes.push(
      await startRedis({
        settings: [
          '--cluster-enabled',
          'yes',
          '--cluster-config-file',
          join(folder, `${index}.conf`),
          '--cluster-port',
          String(busPort),
          '--cluster-node-timeout',
          String(silentFor),
        ],
      }),
    )
  }
  const [first, ...others] = nodes
  if (first === undefined) throw new Error('no node')
  const ranges = [
    [0, 5_460],
    [5_461, 10_922],
    [10_923, 16_383],
  ] as const
  for (const [index, [from, to]] of ranges.entries()) await nodes[index]?.command('CLUSTER', 'ADDSLOTSRANGE', from, to)
  for (const [index, node] of others.entries()) await first.command('CLUSTER', 'MEET', '127.0.0.1', node.port, busPorts[index + 1] ?? 0)
  const knowsAll = async (node: RedisServer): Promise<boolean> =>
    String(await node.command('CLUSTER', 'INFO')).includes(`cluster_known_nodes:${nodes.length}`)
  for (const node of nodes) await until('the node knows the others', () => knowsAll(node))
  for (let index = 0; index < replicas; index += 1) {
    const master = String(await nodes[index]?.command('CLUSTER', 'MYID'))
    const replica = nodes[3 + index]
    await until(
      'the node becomes a replica',
      async () => (await replica?.command('CLUSTER', 'REPLICATE', master).catch(() => null)) === 'OK',
    )
    await until('the replica follows', async () => String(await replica?.command('INFO', 'replication')).includes('master_link_status:up'))
  }
  for (const node of nodes)
    await until('the cluster serves', async () => String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok'))

  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    async nodeOf(key) {
      const slot = Number(await first.command('CLUSTER', 'KEYSLOT', key))
      const found = nodes[ranges.findIndex(([from, to]) => slot >= from && slot <= to)]
      if (found === undefined) throw new Error('no node has the slot')
      return found
    },
    async dispose() {
      for (const node of nodes) await node.dispose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function redisProcess(parameters: readonly string[], readyWords = 'Ready to accept connections') {
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const own = spawn('redis-server', parameters, { stdio: ['ignore', 'pipe', 'ignore'] })
    child = own
    for await (const line of createInterface({ input: own.stdout })) if (line.includes(readyWords)) break
    own.stdout.resume()
    if (own.exitCode !== null) throw new Error('redis-server ended at its start')
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  return { start, kill, pause: () => void child?.kill('SIGSTOP'), resume: () => void child?.kill('SIGCONT'), dispose: kill }
}
