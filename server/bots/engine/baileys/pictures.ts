/** Fetches what WhatsApp has put up for this account, over the connection's own proxy and not without bounds. */
import { request as overPlain } from 'node:http'
import { request as overTls } from 'node:https'
import type { Agent } from 'node:http'
import { BotFault } from '../../fault.ts'
import type { Picture } from '../contacts.ts'

const mostBytes = 4 * 1_048_576
/** Ms. */
const longestFetch = 20_000

/** Throws `picture-unreachable`. */
export function fetchPicture(url: string, agent: Agent | undefined): Promise<Picture> {
  const { promise, resolve, reject } = Promise.withResolvers<Picture>()
  const fail = (why: string): void => reject(new BotFault('picture-unreachable', `The picture could not be fetched: ${why}`))
  if (!isAddress(url)) {
    fail('its address is none')
    return promise
  }
  const send = url.startsWith('https:') ? overTls : overPlain
  const signal = AbortSignal.timeout(longestFetch)
  const request = send(url, { ...(agent === undefined ? {} : { agent }), signal }, (response) => {
    if (response.statusCode !== 200) {
      response.destroy()
      return fail(`answered ${response.statusCode}`)
    }
    const parts: Buffer[] = []
    let size = 0
    response.on('data', (part: Buffer) => {
      parts.push(part)
      size += part.length
      if (size > mostBytes) request.destroy(new Error('it is too large'))
    })
    response.on('end', () => {
      const bytes = Buffer.concat(parts)
      const mimetype = mimetypeOf(bytes)
      if (mimetype === null) fail('it is no picture')
      else resolve({ bytes, mimetype })
    })
    response.on('error', (error) => fail(error.message))
  })
  request.on('error', (error) => fail(error.message))
  request.end()
  return promise
}

function isAddress(text: string): boolean {
  return /^https?:/i.test(text) && URL.canParse(text)
}

/** By its first bytes: what the other side says of it is nobody's promise. */
export function mimetypeOf(bytes: Buffer): string | null {
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg'
  if (bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47]))) return 'image/png'
  return bytes.subarray(0, 4).toString('latin1') === 'RIFF' && bytes.subarray(8, 12).toString('latin1') === 'WEBP' ? 'image/webp' : null
}
