/** What a receiver says: its status counts, of the rest the first bytes are kept for a person to read. */
import type { IncomingMessage } from 'node:http'

/** Bytes that are kept, and those that are taken at all. */
const kept = 2_048
const taken = 65_536
/** Ms after the status. */
const patience = 1_000
export const longestRetryAfter = 3_600_000

/** Resolves with the first bytes when the answer has ended, in whichever way, or has become too long or too slow. */
export function firstWords(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const done = (): void => {
      clearTimeout(timer)
      response.destroy()
      resolve(Buffer.concat(chunks).subarray(0, kept).toString('utf8').replaceAll('\0', ''))
    }
    const timer = setTimeout(done, patience)
    response.on('data', (chunk: Buffer) => {
      if (bytes < kept) chunks.push(chunk)
      bytes += chunk.length
      if (bytes > taken) done()
    })
    // The status was said: how the rest ends is nobody's matter.
    response.on('error', done)
    response.on('close', done)
    response.on('end', done)
  })
}

/** Ms that a receiver asks for by `Retry-After`, in seconds or as a date; null when it does not, an hour at most. */
export function retryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null
  const wait = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), longestRetryAfter)
}
