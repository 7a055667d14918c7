/**
 * However `npm run serve` is told to end, or loses who started it, the server ends as it promises: flushed, with exit code 0; and one that
 * is to go on goes on.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { isAlive, parentOf } from '../fakes/processes.ts'
import { cleanEnvironment, type ReadyLine } from '../fakes/server-process.ts'
import { eventually } from '../fixtures/eventually.ts'

const root = join(import.meta.dirname, '..', '..')
const anyPort = ['control', 'brokers', 'browsers', 'bots', 'logins', 'relay'].flatMap((api) => [`--${api}-port`, '0'])
/** npm as PID 1, as in a container; needs root, or user namespaces. */
const inContainer = ['unshare', '--fork', '--pid', '--mount-proc', '--kill-child']
const canUnshare = spawnSync(inContainer[0] ?? '', [...inContainer.slice(1), 'true']).status === 0

const groups: number[] = []
const folders: string[] = []

afterEach(() => {
  for (const group of groups.splice(0)) endGroup(group)
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-ending-'))
  folders.push(folder)
  return folder
}

interface Serving {
  /** npm, or what stands before it. */
  child: ChildProcess
  pid: number
  /** The script between npm and the server, and the server, by what the system calls them. */
  script: number
  server: number
  url: string
  dataDir: string
  ended: Promise<unknown[]>
}

/**
 * `npm run serve` or `npm start` without a terminal, as the leader of a process group of its own, with the words before it that a container
 * or `nohup` would put there.
 */
async function serve(before: readonly string[] = [], command: 'serve' | 'start' = 'serve'): Promise<Serving> {
  const dataDir = newFolder()
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...env } = cleanEnvironment()
  const [program = '', ...args] = [...before, 'npm', 'run', '--silent', command, '--', '--data-dir', dataDir, ...anyPort]
  const child = spawn(program, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = child.pid ?? 0
  groups.push(pid)
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    const [, json] = /^wheelhouse ready (.*)$/.exec(line) ?? []
    if (json === undefined) continue
    child.stdout.resume()
    const ready = JSON.parse(json) as ReadyLine
    const server = ready.pid
    return { child, pid, script: before[0] === 'unshare' ? 0 : parentOf(server), server, url: ready.control.url, dataDir, ended }
  }
  throw new Error('it ended before it was ready')
}

/** What a stop by force leaves behind. */
const runtimeFile = ({ dataDir }: { dataDir: string }): boolean => existsSync(join(dataDir, 'runtime.json'))

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Nobody of it is left.
  }
}

const hasEnded = (of: { server: number; dataDir: string }): Promise<boolean> =>
  eventually('the server has ended', () => !isAlive(of.server) && !runtimeFile(of))

describe('the server ends as it promises', () => {
  it.each(['serve', 'start'] as const)(
    'when SIGTERM goes to npm alone, as a supervisor sends it, by npm %s: npm waits for it and tells its exit code',
    async (command) => {
      const serving = await serve([], command)
      process.kill(serving.pid, 'SIGTERM')
      expect(await serving.ended).toEqual([0, null])
      expect([isAlive(serving.script), isAlive(serving.server), runtimeFile(serving)]).toEqual([false, false, false])
    },
  )

  it('when SIGTERM goes to the whole group, as systemd sends it, though each member passes it on as well', async () => {
    const serving = await serve()
    process.kill(-serving.pid, 'SIGTERM')
    expect(await serving.ended).toEqual([0, null])
    expect([isAlive(serving.server), runtimeFile(serving)]).toEqual([false, false])
  })

  it('when SIGINT goes to the whole group without a terminal', async () => {
    const serving = await serve()
    process.kill(-serving.pid, 'SIGINT')
    await serving.ended
    await hasEnded(serving)
  })

  it('when SIGTERM goes to the script', async () => {
    const serving = await serve()
    process.kill(serving.script, 'SIGTERM')
    expect(await serving.ended).toEqual([0, null])
    expect([isAlive(serving.server), runtimeFile(serving)]).toEqual([false, false])
  })

  it('when the script is killed', async () => {
    const serving = await serve()
    process.kill(serving.script, 'SIGKILL')
    await hasEnded(serving)
  })

  it('when npm is killed', async () => {
    const serving = await serve()
    process.kill(serving.pid, 'SIGKILL')
    await hasEnded(serving)
    await eventually('the script has ended', () => !isAlive(serving.script))
  })

  it.runIf(canUnshare)('when npm is the first process of a container, which ends with it', async () => {
    const serving = await serve(inContainer)
    const [npm = 0] = readFileSync(`/proc/${serving.pid}/task/${serving.pid}/children`, 'utf8').trim().split(' ').map(Number)
    process.kill(npm, 'SIGTERM')
    await serving.ended
    expect(runtimeFile(serving)).toBe(false)
  })
})

describe('the server goes on', () => {
  const isServing = async ({ url }: Serving): Promise<boolean> => (await fetch(`${url}/control/v1/health`)).ok

  it('under nohup when its terminal hangs up, which takes npm with it', async () => {
    const serving = await serve(['nohup'])
    process.kill(-serving.pid, 'SIGHUP')
    await serving.ended
    // By then its script has looked for its parent as often as the one of this server that is to end.
    const other = await serve()
    process.kill(other.pid, 'SIGKILL')
    await hasEnded(other)
    expect(await isServing(serving)).toBe(true)
    process.kill(serving.script, 'SIGTERM')
    await hasEnded(serving)
  })

  it('as a daemon whose starter has ended', async () => {
    const serving = await serve(['sh', '-c', '"$@" & echo started', 'sh'])
    expect(await serving.ended).toEqual([0, null])
    expect(await isServing(serving)).toBe(true)
    process.kill(parentOf(serving.script), 'SIGTERM')
    await hasEnded(serving)
  })

  it('started by hand, without npm and without its script', async () => {
    const dataDir = newFolder()
    const args = [join(root, 'out/main/cli.js'), '--data-dir', dataDir, ...anyPort]
    const starter = spawn('sh', ['-c', '"$@" > "$0" & echo $!', join(dataDir, 'out.txt'), process.execPath, ...args], {
      env: cleanEnvironment(),
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    groups.push(starter.pid ?? 0)
    const ended = once(starter, 'exit')
    const [printed] = await once(starter.stdout, 'data')
    const server = Number(String(printed))
    expect(await ended).toEqual([0, null])
    await eventually('it serves', () => runtimeFile({ dataDir }))
    expect(parentOf(server)).not.toBe(starter.pid)
    process.kill(server, 'SIGTERM')
    await hasEnded({ server, dataDir })
  })
})
