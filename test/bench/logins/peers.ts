/** The peers, installed from the package registry into a folder of their own at run time, and started. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const versions = { 'oidc-provider': '9', 'better-auth': '1.7.1', 'better-sqlite3': '13', autocannon: '8' }

/** Kept between runs, since an install takes longer than the bench. */
export function installPeers(): string {
  const folder = join(tmpdir(), 'wheelhouse-bench-logins')
  if (existsSync(join(folder, 'node_modules', 'autocannon'))) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }))
  // better-auth names an older better-sqlite3 as its peer, which has to be compiled; the newer one works as well.
  execFileSync(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--legacy-peer-deps',
      ...Object.entries(versions).map(([name, version]) => `${name}@${version}`),
    ],
    { cwd: folder, stdio: 'ignore' },
  )
  return folder
}

export interface Peer {
  url: string
  pid: number | undefined
  stop(): Promise<void>
}

export async function startPeer(folder: string, script: string): Promise<Peer> {
  const port = await freePort()
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, script), String(port), join(mkdtempSync(join(tmpdir(), 'wheelhouse-bench-')), 'peer.db')],
    { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] },
  )
  if (child.stdout === null) throw new Error('no output')
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break
  child.stdout.resume()
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
