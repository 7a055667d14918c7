/** Other gateways in front of the same server, installed into a folder of their own for this run. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../../fixtures/eventually.ts'

export interface Peer {
  name: string
  url: string
  /** Leads the processes that serve it. */
  pid: number
  stop(): Promise<void>
}

const packages = ['mcp-hub@4.2.1', 'mcp-proxy@6.7.19', 'supergateway@4.0.0']

export async function installPeers(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], { cwd: folder })
}

/** `everything` is the program of the server that all of them stand before. */
export function peerStarts(folder: string, everything: string): Record<string, () => Promise<Peer>> {
  const bin = (name: string): string => join(folder, 'node_modules', '.bin', name)
  const node = process.execPath
  return {
    'direct, its own HTTP': () =>
      start('direct, its own HTTP', '/mcp', (port) => spawn(node, [everything, 'streamableHttp'], options({ PORT: String(port) }))),
    'mcp-proxy 6.7.19': () =>
      start('mcp-proxy 6.7.19', '/mcp', (port) =>
        spawn(
          bin('mcp-proxy'),
          ['--port', String(port), '--host', '127.0.0.1', '--server', 'stream', '--', node, everything, 'stdio'],
          options(),
        ),
      ),
    'supergateway 4.0.0': () =>
      start('supergateway 4.0.0', '/mcp', (port) =>
        spawn(
          bin('supergateway'),
          [
            '--stdio',
            `${node} ${everything} stdio`,
            '--outputTransport',
            'streamableHttp',
            '--stateful',
            '--port',
            String(port),
            '--logLevel',
            'none',
          ],
          options(),
        ),
      ),
    'mcp-hub 4.2.1': () =>
      start(
        'mcp-hub 4.2.1',
        '/mcp',
        (port) => {
          const config = join(folder, 'hub.json')
          writeFileSync(config, JSON.stringify({ mcpServers: { everything: { command: node, args: [everything, 'stdio'] } } }))
          return spawn(bin('mcp-hub'), ['--port', String(port), '--config', config], options())
        },
        async (base) => ((await (await fetch(`${base}/api/health`)).json()) as { state: string }).state === 'ready',
      ),
  }
}

function options(env: Record<string, string> = {}) {
  return { env: { ...process.env, ...env }, stdio: 'ignore' as const, detached: true }
}

/** Some listen before they can answer; `ready` asks them. */
async function start(
  name: string,
  path: string,
  run: (port: number) => ChildProcess,
  ready: (base: string) => Promise<boolean> = async () => true,
): Promise<Peer> {
  const port = await freePort()
  const child = run(port)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
    await exited
  }
  try {
    const base = `http://127.0.0.1:${port}`
    await eventually(
      `${name} listens`,
      () =>
        fetch(base + path, { method: 'OPTIONS' })
          .then(() => ready(base))
          .catch(() => false),
      20_000,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return { name, url: `http://127.0.0.1:${port}${path}`, pid: child.pid ?? 0, stop }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
