/**
 * The scripts that start this program hold one end of a pipe, of which the other is open here under the number in this variable. However
 * they end, the system closes theirs. Started in any other way, e.g. by a service manager, this program has no such pipe and outlives whom
 * it likes.
 */
import { Socket } from 'node:net'

const variable = 'WHEELHOUSE_LIFELINE'

/**
 * Calls `gone` once when whoever started this process is no more. The variable is taken out of `env`, so that no child looks for the pipe.
 */
export function onStarterGone(env: NodeJS.ProcessEnv, gone: () => void): void {
  const fd = Number(env[variable] ?? '')
  delete env[variable]
  if (!Number.isInteger(fd) || fd < 3) return
  try {
    const pipe = new Socket({ fd })
    pipe.on('error', () => undefined)
    pipe.once('close', gone)
    pipe.resume().unref()
  } catch {
    // Not a pipe: somebody has set the variable by hand.
  }
}
