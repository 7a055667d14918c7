/** Answers for debug bundles, and has them made around a call of an operation. */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { iso } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import { handled, type Call, type Handlers } from '../../http/api.ts'
import type { debugRoutes } from '../contract/debug.ts'
import type { DebugBundle } from '../debug/debug-bundles.ts'
import { DebugRun } from '../debug/debug-run.ts'
import { BrowserFault } from '../fault.ts'
import { attachment } from '../../http/file-names.ts'
import { useSession, type Use } from '../use-session.ts'
import { isReached, type ApiParts } from './parts.ts'

type DebugParts = Pick<ApiParts, 'service' | 'debugBundles' | 'clock' | 'textOf'>

export function createDebugHandlers({ debugBundles }: DebugParts): Handlers<typeof debugRoutes> {
  return {
    debugBundle: ({ params }, call) =>
      sendBundle(
        debugBundles.get(params.bundle, ({ session, makers }) => isReached(call, { id: session, makers })),
        call,
      ),
  }
}

async function sendBundle({ path, bytes, operation, madeAt }: DebugBundle & { path: string }, { node }: Call): Promise<typeof handled> {
  const { response } = node
  response.statusCode = 200
  response.setHeader('content-type', 'application/zip')
  response.setHeader('content-length', bytes)
  response.setHeader('content-disposition', attachment(`${operation}-${iso(madeAt).replaceAll(/[:.]/g, '-')}.zip`))
  response.setHeader('cache-control', 'no-store')
  // Whoever goes away before the end needs none of it.
  await pipeline(createReadStream(path), response).catch(() => response.destroy())
  return handled
}

/** An operation as `useSession` runs it, with `debug_bundle_url` where that is wanted; what fails has it in its details. */
export async function useWithDebug(
  { service, debugBundles, clock, textOf }: DebugParts,
  call: Pick<Call, 'origin' | 'standing'>,
  use: Use,
  wanted: boolean,
): Promise<Awaited<ReturnType<typeof useSession>> & { debug: { debug_bundle_url?: string } }> {
  if (!wanted) return { ...(await useSession(service, use)), debug: {} }
  const run = new DebugRun({ operation: use.operation, inputs: use.inputs, clock, textOf })
  const keep = async (): Promise<string | null> => {
    const { session } = run
    const zip = await run.bundle()
    if (session === null || zip === null) return null
    const id = await debugBundles.add({ session: session.id, operation: use.operation, makers: [...session.makers] }, zip)
    return `${call.origin}/v1/debug-bundles/${id}`
  }
  try {
    const used = await useSession(service, { ...use, debug: run })
    // A disk that refuses costs the bundle, not the answer.
    const url = await keep().catch(() => null)
    return { ...used, debug: url === null ? {} : { debug_bundle_url: url } }
  } catch (error) {
    const url = error instanceof Fault ? await keep().catch(() => null) : null
    if (!(error instanceof BrowserFault) || url === null) throw error
    throw new BrowserFault(error.code, error.message, { ...error.details, debugBundleUrl: url }, { cause: error })
  }
}
