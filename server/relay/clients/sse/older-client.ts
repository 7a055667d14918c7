/**
 * One client of the HTTP+SSE transport (2024-11-05): a stream on which everything comes, and messages sent beside it. Behind it is a
 * protocol session like any other, spoken to on the inner way; both end together.
 */
import type { ServerResponse } from 'node:http'
import { StreamableWay, type Fetch } from '../../bridge/streamable-way.ts'

export interface OlderClientGiven {
  response: ServerResponse
  /** The session's secret, as the stream was opened with it. */
  secret: string
  fetch: Fetch
  /** Where it is to send to; a path of the origin it called. */
  messagesAt: string
  onEnd(): void
}

/** Bytes a client may leave unread; one that reads nothing is not to fill the memory. */
const unreadAtMost = 16 * 1_048_576
/** Ms. Proxies cut what is silent, and a peer that vanished is found by writing to it. */
const beat = 25_000
const inside = new URL('http://relay/')

export class OlderClient {
  readonly #response: ServerResponse
  readonly #way: StreamableWay
  readonly #heart: NodeJS.Timeout
  readonly #onEnd: () => void
  #ended = false

  constructor({ response, secret, fetch, messagesAt, onEnd }: OlderClientGiven) {
    this.#response = response
    this.#onEnd = onEnd
    this.#way = new StreamableWay({
      ...{ url: () => inside, headers: { authorization: `Bearer ${secret}` }, fetch },
      hear: (message) => this.#write(`event: message\ndata: ${JSON.stringify(message)}\n\n`),
      onRefused: () => void this.end(),
    })
    response.writeHead(200, {
      ...{ 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' },
    })
    this.#write(`event: endpoint\ndata: ${messagesAt}\n\n`)
    this.#heart = setInterval(() => this.#write(': still here\n\n'), beat)
    response.once('close', () => void this.end())
  }

  /** Passes on what the client has sent; what comes of it is said on the stream. Never fails. */
  take(message: unknown): Promise<void> {
    return this.#way.send(message)
  }

  /** Ends the stream and the protocol session behind it, with what still runs for it. Never fails. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    clearInterval(this.#heart)
    this.#response.end()
    this.#onEnd()
    await this.#way.end()
  }

  #write(text: string): void {
    if (this.#ended) return
    this.#response.write(text)
    if (this.#response.writableLength > unreadAtMost) {
      this.#response.destroy()
      void this.end()
    }
  }
}
