/** A real Redis on a free port, without a disk; ended by its owner. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface RedisServer {
  url: string
  port: number
  /** Stops the process without ending it, as one that hangs; `resume` lets it go on. */
  pause(): void
  resume(): void
  /** Ends the process; `start` brings it back, empty, on the same port. */
  kill(): Promise<void>
  start(): Promise<void>
  dispose(): Promise<void>
}

export async function startRedis({ password = '' }: { password?: string } = {}): Promise<RedisServer> {
  const port = await freePort()
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const own = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...(password === '' ? [] : ['--requirepass', password])], { stdio: ['ignore', 'pipe', 'ignore'] })
    child = own
    for await (const line of createInterface({ input: own.stdout })) if (line.includes('Ready to accept connections')) break
    own.stdout.resume()
    if (own.exitCode !== null) throw new Error('redis-server ended at its start')
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  await start()
  return {
    url: `redis://${password === '' ? '' : `:${password}@`}127.0.0.1:${port}/0`,
    port,
    kill,
    start,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    dispose: kill,
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
