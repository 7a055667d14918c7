/** Other brokers for the same load: Debian's mosquitto and nats-server, unpacked for this run, and npm's aedes. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Protocol } from './line.ts'
import { pause } from './load.ts'

const run = promisify(execFile)

export interface Peer {
  name: string
  protocol: Protocol
  port: number
  pid: number
  /** What its confirmation is worth. */
  durable: string
}

export interface Peers {
  list: Peer[]
  /** Why some are missing. */
  missing: string[]
  stop(): void
}

export async function startPeers(): Promise<Peers> {
  const peers = new Running()
  const { folder, list, missing } = peers
  const begin = peers.begin.bind(peers)
  try {
    const programs = await unpackDebian(folder)
    const [tcp, ws] = [await freePort(), await freePort()]
    writeFileSync(
      join(folder, 'mosquitto.conf'),
      `listener ${tcp} 127.0.0.1\nlistener ${ws} 127.0.0.1\nprotocol websockets\nallow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 1000000\npersistence false\nuser root\n`,
    )
    const mosquitto = begin(programs.mosquitto, ['-c', 'mosquitto.conf'], programs.env)
    await Promise.all([answers(tcp), answers(ws)])
    list.push(
      { name: 'mosquitto, WebSocket', protocol: 'mqtt-ws', port: ws, pid: mosquitto, durable: 'no' },
      { name: 'mosquitto, TCP', protocol: 'mqtt', port: tcp, pid: mosquitto, durable: 'no' },
    )
    const nats = await freePort()
    writeFileSync(join(folder, 'nats.conf'), `listen: 127.0.0.1:${nats}\njetstream { store_dir: "./js" }\n`)
    const natsPid = begin(programs.nats, ['-c', 'nats.conf'], programs.env)
    await answers(nats)
    list.push(
      { name: 'nats-server, core', protocol: 'nats', port: nats, pid: natsPid, durable: 'no, at most once' },
      { name: 'nats-server, JetStream file', protocol: 'jetstream', port: nats, pid: natsPid, durable: 'file, synced later' },
    )
  } catch (error) {
    missing.push(`mosquitto and nats-server: ${reasonOf(error)}`)
  }
  try {
    const port = await freePort()
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    await run('npm', ['install', '--no-audit', '--no-fund', 'aedes@1.2.0', 'ws@8'], { cwd: folder })
    writeFileSync(join(folder, 'aedes.js'), aedesProgram)
    const pid = begin(process.execPath, ['aedes.js', String(port)])
    await answers(port)
    list.push({ name: 'aedes, WebSocket', protocol: 'mqtt-ws', port, pid, durable: 'no' })
  } catch (error) {
    missing.push(`aedes: ${reasonOf(error)}`)
  }
  return peers
}

/**
 * Those that can be told to write each message before they confirm it: NATS from 2.10 on with `sync_interval: always`. Mosquitto with
 * `autosave_on_changes` writes all it holds after each change, and confirms before.
 */
export async function startDurablePeers(): Promise<Peers> {
  const peers = new Running()
  const { folder, list, missing } = peers
  try {
    const { mosquitto, env } = await unpackDebian(folder)
    const [tcp, ws] = [await freePort(), await freePort()]
    writeFileSync(
      join(folder, 'mosquitto.conf'),
      `listener ${tcp} 127.0.0.1\nlistener ${ws} 127.0.0.1\nprotocol websockets\nallow_anonymous true\npersistence true\npersistence_location ${folder}/\nautosave_on_changes true\nautosave_interval 1\nuser root\n`,
    )
    const pid = peers.begin(mosquitto, ['-c', 'mosquitto.conf'], env)
    await Promise.all([answers(tcp), answers(ws)])
    const durable = 'written after each change, once confirmed'
    list.push(
      { name: 'mosquitto, autosave, WebSocket', protocol: 'mqtt-ws', port: ws, pid, durable },
      { name: 'mosquitto, autosave, TCP', protocol: 'mqtt', port: tcp, pid, durable },
    )
  } catch (error) {
    missing.push(`mosquitto: ${reasonOf(error)}`)
  }
  try {
    const program = await unpackNewNats(folder)
    for (const [name, interval, durable] of [
      ['nats-server 2.10, sync always', 'always', 'yes, fsync'],
      ['nats-server 2.10, sync later', '2m', 'file, synced later'],
    ] as const) {
      const port = await freePort()
      const file = `nats-${interval}.conf`
      writeFileSync(
        join(folder, file),
        `listen: 127.0.0.1:${port}\njetstream { store_dir: "./js-${interval}", sync_interval: ${interval} }\n`,
      )
      const pid = peers.begin(program, ['-c', file])
      await answers(port)
      list.push({ name, protocol: 'jetstream', port, pid, durable })
    }
  } catch (error) {
    missing.push(`nats-server 2.10: ${reasonOf(error)}`)
  }
  return peers
}

class Running implements Peers {
  readonly folder = mkdtempSync(join(tmpdir(), 'wheelhouse-peers-'))
  readonly list: Peer[] = []
  readonly missing: string[] = []
  readonly #children: ChildProcess[] = []

  begin(command: string, args: string[], env: Record<string, string> = {}): number {
    const child = spawn(command, args, { cwd: this.folder, env: { ...process.env, ...env }, stdio: 'ignore' })
    this.#children.push(child)
    return child.pid ?? 0
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const aedesProgram = `
import { createServer } from 'node:http'
import { Aedes } from 'aedes'
import { WebSocketServer, createWebSocketStream } from 'ws'
const broker = await Aedes.createBroker({ concurrency: 1000 })
const server = createServer()
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket, request) => {
  const stream = createWebSocketStream(socket)
  stream.on('error', () => undefined)
  broker.handle(stream, request)
})
server.listen(Number(process.argv[2]), '127.0.0.1')
`

/** What is installed is used; else the packages are fetched and unpacked, not installed. */
async function unpackDebian(folder: string): Promise<{ mosquitto: string; nats: string; env: Record<string, string> }> {
  if (existsSync('/usr/sbin/mosquitto') && existsSync('/usr/sbin/nats-server'))
    return { mosquitto: '/usr/sbin/mosquitto', nats: '/usr/sbin/nats-server', env: {} }
  const packages = ['mosquitto', 'libmosquitto1', 'libwebsockets17', 'libdlt2', 'libcjson1', 'libev4', 'libuv1', 'libwrap0', 'nats-server']
  const debs = join(folder, 'debs')
  const root = join(folder, 'root')
  mkdirSync(debs)
  await run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', ...packages], { cwd: debs })
  for (const file of readdirSync(debs)) await run('dpkg', ['-x', join(debs, file), root])
  const nats = ['usr/sbin/nats-server', 'usr/bin/nats-server'].map((path) => join(root, path)).find(existsSync)
  if (nats === undefined) throw new Error('nats-server is not where Debian puts it')
  return { mosquitto: join(root, 'usr/sbin/mosquitto'), nats, env: { LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') } }
}

/** Debian 12 has 2.9, which cannot sync each message; the next Debian's needs no other libraries. */
const newNats = 'http://deb.debian.org/debian/pool/main/n/nats-server/nats-server_2.10.27-1+b2_amd64.deb'

async function unpackNewNats(folder: string): Promise<string> {
  const deb = join(folder, 'nats-server.deb')
  const root = join(folder, 'new-nats')
  await run('curl', ['-fsSL', '-o', deb, newNats])
  await run('dpkg', ['-x', deb, root])
  const program = ['usr/sbin/nats-server', 'usr/bin/nats-server'].map((path) => join(root, path)).find(existsSync)
  if (program === undefined) throw new Error('it is not where Debian puts it')
  return program
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    }),
  )
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (isOpen) return
    await pause(50)
  }
  throw new Error(`nothing answers on port ${port}`)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
}
