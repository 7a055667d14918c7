/** The built shell (`out/main/index.js`) in a process of its own, under Node, with the fake in place of Electron. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../../scripts/lib/set-up.mjs'
import type { Actions } from './electron-hook.ts'
import { cleanEnvironment } from './server-process.ts'

const root = join(import.meta.dirname, '../..')
const ports = ['control', 'brokers', 'browsers', 'bots', 'logins', 'relay'].flatMap((api) => [`--${api}-port`, '0'])

export interface BuiltShell {
  pid: number
  dataDir: string
  /** Looks or acts inside the process. */
  ask<Name extends keyof Actions>(name: Name, ...parameters: Parameters<Actions[Name]>): Promise<Awaited<ReturnType<Actions[Name]>>>
  signal(signal: NodeJS.Signals): void
  exited: Promise<number | null>
  stdout(): string
  stderr(): string
  /** Ends what still runs and removes the folder. */
  dispose(): Promise<void>
}

/**
 * Builds when there is no build. Keeping it up to date is `npm test`'s, since two test files that build at once would spoil each other's.
 */
export async function buildShell(): Promise<void> {
  if (!existsSync(join(root, 'out/main/index.js'))) await build(process.execPath)
}

/** `app` is the folder that Electron would be given; the working tree when left out. */
export function startBuiltShell(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}, app = root): BuiltShell {
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-shell-'))
  const child = spawn(
    process.execPath,
    ['--import', join(import.meta.dirname, 'electron-hook.ts'), join(app, 'out/main/index.js'), '--data-dir', dataDir, ...ports, ...args],
    { env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced' },
  )
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))

  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>()
  let lastId = 0
  child.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error !== undefined) asked?.reject(new Error(error))
    // The hook answers with what its action of that name gives.
    else asked?.resolve(value as never)
  })
  void exited.then((code) => {
    for (const { reject } of waiting.values()) reject(new Error(`The shell ended with ${code}: ${stderr}`))
  })

  return {
    pid: child.pid ?? 0,
    dataDir,
    ask: (name, ...parameters) =>
      new Promise((resolve, reject) => {
        const id = ++lastId
        waiting.set(id, { resolve, reject })
        child.send({ id, name, parameters }, (error) => error !== null && reject(error))
      }),
    signal: (signal) => void child.kill(signal),
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    async dispose() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
