/** What lies at an address that a caller names: judged by the egress rules at each connection, with little patience. */
import { KernelFault } from '../../fault.ts'
import { plainName } from '../../http/file-names.ts'
import type { Fetch } from '../../http/egress-fetch.ts'
import { reasonOf } from '../../isolation.ts'
import { BotFault } from '../fault.ts'

export interface Fetched {
  content: AsyncIterable<Uint8Array>
  /** As the server says. */
  mimetype: string | null
  name: string
}

/** Ms from the call to the last byte: whoever called waits for it, and has a patience of its own. */
export const fetchedWithin = 50_000

/**
 * Hands what the address gives to `take`. Throws `address-refused`, `source-refused` for what will not be had by asking again, and
 * `source-unreachable`; and what `take` throws.
 */
export async function fetchSource<Result>(
  fetch: Fetch,
  url: string,
  { signal, most, within = fetchedWithin }: { signal: AbortSignal; most: number; within?: number },
  take: (found: Fetched) => Promise<Result>,
): Promise<Result> {
  const deadline = AbortSignal.timeout(within)
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, deadline]), headers: { accept: '*/*', 'user-agent': 'Wheelhouse' } })
    if (!answer.ok) throw refusalOf(answer.status)
    if (Number(answer.headers.get('content-length') ?? 0) > most) throw tooLarge(most)
    return await take({
      content: answer.body ?? (async function* () {})(),
      mimetype: answer.headers.get('content-type'),
      name: nameOf(answer.headers.get('content-disposition'), answer.url === '' ? url : answer.url),
    })
  } catch (error) {
    if (deadline.aborted) throw new BotFault('source-unreachable', `The address did not give the whole file within ${within / 1_000} s`)
    // What our own disk or rules say is said as it is.
    if (!isOfNetwork(error)) throw error
    throw new BotFault('source-unreachable', `The address could not be fetched: ${wordsOf(error)}`, {}, { cause: error })
  }
}

export function tooLarge(most: number): BotFault {
  return new BotFault('file-too-large', `The file has more than the ${most} bytes that may be sent so`)
}

function refusalOf(status: number): BotFault {
  const words = `The address answered ${status}`
  return status >= 500 || status === 429 ? new BotFault('source-unreachable', words) : new BotFault('source-refused', words)
}

function isOfNetwork(error: unknown): boolean {
  if (KernelFault.is(error, 'address-refused') || error instanceof BotFault || !(error instanceof Error)) return false
  // `fetch` gives a TypeError for all that went wrong on the way, and the library's own errors while the body comes.
  return error instanceof TypeError || error.name === 'AbortError' || String(Reflect.get(error, 'code')).startsWith('UND_ERR')
}

function wordsOf(error: unknown): string {
  return reasonOf(error instanceof Error && error.cause instanceof Error ? error.cause : error)
}

/** As the header says, else the last part of the address. */
function nameOf(header: string | null, url: string): string {
  const encoded = /filename\*\s*=\s*utf-8''([^;\s]+)/i.exec(header ?? '')?.[1]
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header ?? '')
  const said = decoded(encoded ?? '') || (plain?.[1]?.replaceAll(/\\(.)/g, '$1') ?? plain?.[2] ?? '')
  return plainName(said === '' ? decoded(new URL(url).pathname) : said)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
