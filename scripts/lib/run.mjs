/** Child processes: one way to start them, so that signals reach them and their exit code reaches the caller. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root } from './paths.mjs'

/**
 * @typedef {object} RunOptions
 * @property {import('node:child_process').StdioOptions} [stdio] default: all inherited
 * @property {Record<string, string | undefined>} [env] added to the environment
 * @property {number} [limit] milliseconds after which the child is ended
 * @property {(child: import('node:child_process').ChildProcess) => void} [onStart]
 */

/**
 * Runs a program to its end. Resolves with its exit code, or 128 + the signal's number, as a shell would say it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>}
 */
export function run(command, args, { stdio = 'inherit', env = {}, limit, onStart } = {}) {
  return new Promise((resolve, reject) => {
    // Batch files run in a shell only; what we pass to the one we use (npm.cmd) holds no character that a shell reads.
    const shell = command.endsWith('.cmd')
    const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, ...env }, shell, windowsHide: true })
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

/**
 * Ends the child when this process is told to end. The terminal's Ctrl+C reaches the whole group, so it is not sent a second time.
 * @param {import('node:child_process').ChildProcess} child
 */
function passSignals(child) {
  const terminate = () => void child.kill('SIGTERM')
  const hangUp = () => void child.kill('SIGHUP')
  const interrupt = () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  }
  process.on('SIGTERM', terminate)
  process.on('SIGHUP', hangUp)
  process.on('SIGINT', interrupt)
  return () => {
    process.off('SIGTERM', terminate)
    process.off('SIGHUP', hangUp)
    process.off('SIGINT', interrupt)
  }
}
