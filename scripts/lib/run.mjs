/** Child processes: one way to start them, so that signals reach them and their exit code reaches the caller. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { watchParent } from './parent.mjs'
import { root } from './paths.mjs'

/**
 * @typedef {object} RunOptions
 * @property {import('node:child_process').StdioOptions} [stdio] default: all inherited
 * @property {string} [cwd] default: the project's folder
 * @property {Record<string, string | undefined>} [env] added to the environment
 * @property {number} [limit] milliseconds after which the child is ended
 * @property {boolean} [lifeline] the child ends when this process does, however that ends (`server/lifeline.ts`)
 * @property {(child: import('node:child_process').ChildProcess) => void} [onStart]
 */

/**
 * Runs a program to its end. Resolves with its exit code, or 128 + the signal's number, as a shell would say it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>}
 */
export function run(command, args, { stdio = 'inherit', cwd = root, env = {}, limit, lifeline = false, onStart } = {}) {
  // Told to end between two programs: the next one is not started any more.
  if (toldToEnd !== null) return Promise.resolve(128 + constants.signals[toldToEnd])
  const { streams, variables } = lifeline ? withLifeline(stdio) : { streams: stdio, variables: {} }
  return new Promise((resolve, reject) => {
    // Batch files run in a shell only; what we pass to the one we use (npm.cmd) holds no character that a shell reads.
    const shell = command.endsWith('.cmd')
    const child = spawn(command, args, {
      cwd,
      stdio: streams,
      env: { ...process.env, ...env, ...variables },
      shell,
      windowsHide: true,
    })
    const release = passSignals(child)
    const timer = limit === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), limit)
    const settle = () => {
      clearTimeout(timer)
      release()
    }
    child.once('error', (error) => {
      settle()
      reject(error)
    })
    child.once('close', (code, signal) => {
      settle()
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
    onStart?.(child)
  })
}

/**
 * Runs a program and keeps what it prints, for stages that run side by side.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function runQuietly(command, args, options = {}) {
  let output = ''
  const code = await run(command, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    onStart: (child) => {
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
    },
  })
  return { code, output }
}

/** @type {'SIGTERM' | 'SIGINT' | 'SIGHUP' | null} */
let toldToEnd = null
let hungUp = false
/** Without a terminal a hang-up means somebody else's end, e.g. under `nohup`, whose wish Node itself does not heed. */
const hasTerminal = [0, 1, 2].some((fd) => isatty(fd))

/**
 * Ends the child when this process is told to end, or its npm has gone. The terminal's Ctrl+C reaches the whole group, so it is not sent a
 * second time; without a terminal the child is told by SIGTERM, since a second SIGINT would mean a person's impatience.
 * @param {import('node:child_process').ChildProcess} child
 */
function passSignals(child) {
  const terminate = () => {
    toldToEnd ??= 'SIGTERM'
    child.kill('SIGTERM')
  }
  const hangUp = () => {
    hungUp = true
    if (!hasTerminal) return
    toldToEnd ??= 'SIGHUP'
    child.kill('SIGHUP')
  }
  const interrupt = () => {
    toldToEnd ??= 'SIGINT'
    if (!process.stdin.isTTY) child.kill('SIGTERM')
  }
  process.on('SIGTERM', terminate)
  process.on('SIGHUP', hangUp)
  process.on('SIGINT', interrupt)
  const stopWatching = watchParent({ process, gone: terminate, hasOutlivedHangUp: () => hungUp && !hasTerminal })
  return () => {
    process.off('SIGTERM', terminate)
    process.off('SIGHUP', hangUp)
    process.off('SIGINT', interrupt)
    stopWatching()
  }
}

/**
 * One stream more than the child's own three: a pipe that the system closes with this process. Windows ends no process by the end of
 * another.
 * @param {import('node:child_process').StdioOptions} stdio
 */
function withLifeline(stdio) {
  if (process.platform === 'win32') return { streams: stdio, variables: {} }
  const streams = typeof stdio === 'string' ? [stdio, stdio, stdio] : [...stdio]
  return {
    streams: /** @type {import('node:child_process').StdioOptions} */ ([...streams, 'pipe']),
    variables: { WHEELHOUSE_LIFELINE: String(streams.length) },
  }
}
