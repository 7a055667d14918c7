/** Reads what clients send, within bounds: of one message, and of all that are under way at a time. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readJson } from '../../http/body.ts'
import { Refusal } from '../../http/problem.ts'
import { headerOf, refuse } from './refusals.ts'

/** Arguments of tools nest as their makers like; what is far deeper only serves to exhaust who walks it. */
const maxDepth = 256
/** Bytes up to which a message is small: as many as connections allow may be read at once. */
const small = 1_048_576
/** Messages of the largest size that may be under way at once; smaller ones count by their bytes. */
const largeAtOnce = 8

export class MessageReader {
  readonly #limit: () => number
  #large = 0

  /** `limit` is in bytes. */
  constructor(limit: () => number) {
    this.#limit = limit
  }

  /** The message in a request; null when it cannot be read and the answer has said so. */
  async read(request: IncomingMessage, response: ServerResponse): Promise<{ body: unknown } | null> {
    const limit = this.#limit()
    const bytes = weightOf(request, limit)
    if (this.#large + bytes > limit * largeAtOnce) {
      const headers = { 'retry-after': '1', connection: 'close' }
      refuse(response, 503, -32000, 'Too many large requests are under way', { headers })
      return null
    }
    this.#large += bytes
    // It is in memory for as long as it is worked on.
    response.once('close', () => (this.#large -= bytes))
    try {
      return { body: await readJson(request, { limit, depth: maxDepth }) }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, message, headers } = error
      if (response.destroyed) return null
      if (code === 'invalid-json') refuse(response, 400, -32700, `Parse error: ${message}`, { headers })
      else refuse(response, code === 'body-too-large' ? 413 : 400, -32600, message, { headers })
      return null
    }
  }
}

/** One that does not say its length may have any; one that is too large is never kept. */
function weightOf(request: IncomingMessage, limit: number): number {
  const stated = Number(headerOf(request, 'content-length') ?? limit)
  return stated <= small || stated > limit ? 0 : stated
}
