/** Which version of WhatsApp's program is spoken: the library's own, or one that is set because WhatsApp does not take that any more. */
import type { Egress } from '../../http/egress.ts'
import { originsOf } from '../../http/egress.ts'
import { createEgressFetch, type Fetch } from '../../http/egress-fetch.ts'
import { reasonOf } from '../../isolation.ts'
import { BotFault } from '../fault.ts'

export type Version = [number, number, number]

/** Tells the newest one as `2.3000.1027934701`. Throws `version-unknown` with why it cannot be had. */
export type NewestVersion = () => Promise<string>

/** WhatsApp's own page, whose program names its revision. */
const page = 'https://web.whatsapp.com/sw.js'
/** Ms, and bytes, that the page may take. */
const [patience, longestPage] = [15_000, 4 * 1_048_576]
/** The first two numbers of the line that is spoken here; the page names the third. */
const line = '2.3000'

export function versionOf(text: string | null): Version | null {
  if (text === null) return null
  const [first = 0, second = 0, third = 0] = text.split('.').map(Number)
  return [first, second, third]
}

/** `whatsappUrl` is a server that stands in for WhatsApp's, which then has the page as well. */
export function createNewestVersion(egress: Egress, whatsappUrl: string | null): NewestVersion {
  const url = whatsappUrl === null ? page : new URL('/sw.js', whatsappUrl.replace(/^ws/, 'http')).href
  const send = createEgressFetch(egress, whatsappUrl === null ? [] : originsOf([url]))
  return async () => {
    try {
      return `${line}.${await revisionAt(url, send)}`
    } catch (error) {
      throw new BotFault('version-unknown', `The newest version could not be had from ${new URL(url).host}: ${whyNot(error)}`)
    }
  }
}

async function revisionAt(url: string, send: Fetch): Promise<string> {
  // It hands the program to browsers alone.
  const headers = {
    'sec-fetch-site': 'none',
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36',
  }
  const answer = await send(url, { headers, signal: AbortSignal.timeout(patience) })
  if (!answer.ok) throw new Error(`it answered ${answer.status}`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const part of answer.body ?? []) {
    text += decoder.decode(part, { stream: true })
    if (text.length > longestPage) break
  }
  const revision = /client_revision\\?"?:\s*(\d{1,12})/.exec(text)?.[1]
  if (revision === undefined) throw new Error('its page names none')
  return revision
}

/** "fetch failed" says nothing. */
function whyNot(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'it does not answer'
  return reasonOf(error instanceof TypeError && error.cause !== undefined ? error.cause : error)
}
