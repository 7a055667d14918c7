/** The real server in a process of its own, as `npm run serve` starts it: on free ports, in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const source = join(root, 'server', 'cli.ts')
const built = join(root, 'out', 'main', 'cli.js')
const apis = ['control', 'brokers', 'browsers', 'bots', 'logins', 'relay']

export interface ReadyLine {
  version: string
  pid: number
  control: { url: string }
  apis: Record<string, { url: string; state: string; error?: string }>
}

export interface ServerProcess {
  child: ChildProcess
  dataDir: string
  ready: ReadyLine
  token: string
  /** All of stdout so far. */
  stdout(): string
  stderr(): string
  /** A call of the control API or, by its full address, of any other, as the owner. */
  call(path: string, init?: RequestInit & { json?: unknown }): Promise<Response>
  /** Sends a signal and resolves with the exit code, null when the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>
  /** Ends what still runs and removes the folder. */
  dispose(): Promise<void>
}

export interface ServerProcessOptions {
  dataDir?: string
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** APIs whose port the settings file decides; the others take any free one. */
  portsFromSettings?: readonly string[]
  /** Bytes; the system refuses to let any file of the server grow beyond, as a full disk would. Where there is a POSIX shell. */
  largestFile?: number
  /** Runs the bundle in `out/` with its window instead of the sources. */
  built?: boolean
}

export function newDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))
}

/** Variables that would change what the server does must not leak in from whoever runs the tests. */
export function cleanEnvironment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(WHEELHOUSE_|SESSION_|JWT_|API_KEY$|PORT$|DATABASE_URL$|REDIS_URL$|NODE_OPTIONS$|VITEST)/.test(name),
  )
  return { ...Object.fromEntries(kept), ...env }
}

/** Runs the command line to its end. */
export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [source, ...args], { env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const output = collect(child)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout: output.stdout(), stderr: output.stderr() })))
}

export async function startServer({
  dataDir = newDataDir(),
  args = [],
  env = {},
  portsFromSettings = [],
  largestFile,
  built: fromBuild = false,
}: ServerProcessOptions = {}): Promise<ServerProcess> {
  const freePorts = apis.filter((api) => !portsFromSettings.includes(api)).flatMap((api) => [`--${api}-port`, '0'])
  const command = [process.execPath, fromBuild ? built : source, '--data-dir', dataDir, ...freePorts, '--log-level', 'warn', ...args]
  // The signal that comes with the refusal would end the process; ignored, the write fails with EFBIG. The shell counts in blocks of 512
  // bytes.
  const [program = '', ...rest] =
    largestFile === undefined
      ? command
      : ['sh', '-c', `trap '' XFSZ; ulimit -f ${Math.ceil(largestFile / 512)}; exec "$@"`, 'sh', ...command]
  const child = spawn(program, rest, { env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const output = collect(child)
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const ready = await new Promise<ReadyLine>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const line = /^wheelhouse ready (.*)\n/m.exec(output.stdout())?.[1]
      if (line !== undefined) resolve(JSON.parse(line) as ReadyLine)
    })
    void exited.then((code) => reject(new Error(`the server ended with ${code}: ${output.stderr()}`)))
  })
  const token = ownerToken(dataDir)
  const end = (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal)
    return exited
  }
  return {
    child,
    dataDir,
    ready,
    token,
    ...output,
    call: (path, { json, ...init } = {}) =>
      fetch(new URL(path, ready.control.url), {
        ...init,
        headers: {
          authorization: `Bearer ${token}`,
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...Object.fromEntries(new Headers(init.headers)),
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      }),
    end,
    async dispose() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL')
      // What it started ends by itself, some time after it, and may write until then.
      await rm(dataDir, { recursive: true, force: true, maxRetries: 30 })
    },
  }
}

/** Empty where the disk did not take the file that has it. */
function ownerToken(dataDir: string): string {
  try {
    const { control } = JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8')) as { control: { token: string } } // written by the server just now
    return control.token
  } catch {
    return ''
  }
}

function collect(child: ChildProcess): { stdout(): string; stderr(): string } {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return { stdout: () => stdout, stderr: () => stderr }
}
