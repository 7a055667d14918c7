/** The command line: `wheelhouse [flags]` serves until it is told to stop; sub-commands speak to the server that runs. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { helpText, OptionError, readOptions, type Options } from './config/options.ts'
import { Fault } from './fault.ts'
import { createServer } from './index.ts'
import { say } from './library-output.ts'
import { onStarterGone } from './lifeline.ts'
import type { ServerStatus } from './server-status.ts'
import { askForSignInLink } from './sign-in-link.ts'
import { version } from './version.ts'

const commands: Readonly<Record<string, (options: Options, started: () => void) => Promise<number>>> = {
  'sign-in-link': printSignInLink,
  'generate-key': printAesKey,
}

/**
 * Resolves when the command is done; sets the exit code: 2 for a flag or variable that is not accepted, 1 for any other failure. `started`
 * is called when the server is up.
 */
export async function main(argv: readonly string[], started: () => void): Promise<void> {
  const [first = ''] = argv
  const command = Object.hasOwn(commands, first) ? commands[first] : undefined
  try {
    const options = readOptions(command === undefined ? argv : argv.slice(1), process.env)
    if (options.show !== null) process.stdout.write(options.show === 'help' ? helpText() : `${version}\n`)
    else process.exitCode = await (command ?? serve)(options, started)
  } catch (error) {
    say(process.stderr, `wheelhouse: ${wordsFor(error)}\n`)
    process.exitCode = error instanceof OptionError ? 2 : 1
  }
}

/** What was expected is told in its own words; anything else with the stack that finds it. */
function wordsFor(error: unknown): string {
  if (error instanceof OptionError || error instanceof Fault) return error.message
  return `could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}

/** Runs until SIGTERM, SIGINT, the end of its terminal or of the script that started it. Resolves with the exit code. */
async function serve(options: Options, started: () => void): Promise<number> {
  const stopped = Promise.withResolvers<number>()
  const server = await createServer({ ...options, ...rendererDir(), ownsProcess: true })
  const stop = (): void => void server.stop().then(() => stopped.resolve(0), stopped.reject)
  let interrupted = false
  process.on('SIGINT', () => {
    // A person who presses Ctrl+C again will not wait. SIGTERM comes more than once from those who tell a whole group of processes.
    if (interrupted) process.exit(1)
    interrupted = true
    stop()
  })
  process.on('SIGTERM', stop)
  // Without a terminal it is somebody else's, e.g. under `nohup`, whose wish Node itself does not heed.
  const hasTerminal = [0, 1, 2].some((fd) => isatty(fd))
  process.on('SIGHUP', () => {
    if (hasTerminal) stop()
  })
  onStarterGone(process.env, stop)
  const status = await server.start()
  say(process.stdout, `wheelhouse ready ${JSON.stringify(withoutToken(status))}\n`)
  for (const complaint of server.complaints()) say(process.stderr, `wheelhouse: ${complaint}\n`)
  started()
  const code = await stopped.promise
  // Something a room has let go of at the limit must not keep the process alive.
  process.exit(code)
}

function withoutToken({ control: { url }, ...status }: ServerStatus): object {
  const { version: running, pid, apis } = status
  return { version: running, pid, control: { url }, apis }
}

/** Built, the window lies beside the server; from source, where the last build put it. */
function rendererDir(): { rendererDir?: string } {
  // Built, this file is a chunk one folder further down.
  const beside = ['..', join('..', '..'), join('..', 'out')].map((way) => join(import.meta.dirname, way, 'renderer'))
  const folder = beside.find((candidate) => candidate.endsWith(join('out', 'renderer')) && existsSync(join(candidate, 'index.html')))
  return folder === undefined ? {} : { rendererDir: folder }
}

/** Prints a link that signs one browser in once, from the server running on this data directory. */
async function printSignInLink({ dataDir }: Options): Promise<number> {
  process.stdout.write(`${await askForSignInLink(dataDir)}\n`)
  return 0
}

/** Prints a new AES-256 key for the clients of a broker session; no server is needed. */
function printAesKey(): Promise<number> {
  process.stdout.write(`${randomBytes(32).toString('base64')}\n`)
  return Promise.resolve(0)
}
