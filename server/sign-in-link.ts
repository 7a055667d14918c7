/**
 * Asks the server that runs on a data directory for a link that signs one browser in, once; and says what to do where that cannot be had.
 */
import { isDataDirHeld, readRuntimeFile, type Runtime } from './config/runtime-file.ts'
import { OptionError } from './config/options.ts'

/** Ms for the answer: a server that takes longer hangs, however busy its machine is. */
const patience = 30_000

/** Throws `OptionError` with one line for the person. */
export async function askForSignInLink(dataDir: string): Promise<string> {
  const runtime = readRuntimeFile(dataDir)
  if (runtime === null) throw new OptionError(`no Wheelhouse runs on ${dataDir}: start one, or name its folder with --data-dir`)
  // Another program may have the pid and the port of one that was killed, and must not be asked, least of all with a token.
  if (!isDataDirHeld(dataDir))
    throw new OptionError(
      `the Wheelhouse that ran on ${dataDir} has ended without its last word (${runtime.control.url} is not its address any more): start it again, or name the folder of one that runs with --data-dir`,
    )
  const answer = await ask(runtime)
  if (answer === null)
    throw new OptionError(
      `the Wheelhouse on ${dataDir} (pid ${runtime.pid}) does not answer at ${runtime.control.url}: try again in a moment; if it stays so, end that process and start it again`,
    )
  const { url } = (await answer.json().catch(() => ({}))) as { url?: unknown } // our own server's, unless another has taken its port
  if (answer.ok && typeof url === 'string') return url
  throw new OptionError(
    `${runtime.control.url} answered ${answer.status}, as no Wheelhouse on ${dataDir} would: look there for what has its port, then restart it (pid ${runtime.pid})`,
  )
}

async function ask({ control: { url, token } }: Runtime): Promise<Response | null> {
  try {
    return await fetch(`${url}/control/v1/sign-in-links`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(patience),
    })
  } catch {
    return null
  }
}
