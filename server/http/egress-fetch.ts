/** `fetch` for addresses that others name: every connection is judged when it is made, those of redirects too. */
import { KernelFault } from '../fault.ts'
import type { Egress } from './egress.ts'
import { pinned } from './egress.ts'

export type Fetch = typeof fetch

/**
 * `opens` are origins that a person with *control:manage* wrote down. The library is loaded with the first call: most installations never
 * make one.
 */
export function createEgressFetch(egress: Egress, opens: readonly string[] = []): Fetch {
  let loading: Promise<Fetch> | undefined
  return async (input, init) => (await (loading ??= load(egress, opens)))(input, init)
}

async function load(egress: Egress, opens: readonly string[]): Promise<Fetch> {
  const { Agent, buildConnector, fetch: send } = await import('undici')
  const dispatcher = new Agent({
    connect: (target, answer) => {
      const protocol = target.protocol === 'https:' ? 'https:' : 'http:'
      const port = target.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(target.port)
      egress.addresses({ host: target.hostname, port, protocol }, opens).then(
        (found) => buildConnector({ lookup: pinned(found) })(target, answer),
        (error: unknown) => answer(error instanceof Error ? error : new Error(String(error)), null),
      )
    },
  })
  return async (input, init) => {
    try {
      // The library's types are those of the process's own `fetch`, of which it is the newer copy.
      const answer = await send(input as Parameters<typeof send>[0], { ...(init as Parameters<typeof send>[1]), dispatcher })
      return asOurs(answer)
    } catch (error) {
      // "fetch failed" says nothing; a refusal says what to change.
      if (error instanceof TypeError && KernelFault.is(error.cause, 'address-refused')) throw error.cause
      throw error
    }
  }
}

/** The process's own kind, which others ask for by `instanceof`. */
function asOurs(answer: import('undici').Response): Response {
  const headers = new Headers([...answer.headers])
  // The library's stream is this process's own; only its type is another copy.
  const ours = new Response(answer.body as ReadableStream | null, { status: answer.status, statusText: answer.statusText, headers })
  return Object.defineProperties(ours, { url: { value: answer.url }, redirected: { value: answer.redirected } })
}
