/**
 * The answer to a plain call. At once it is one JSON text; what takes longer, or says something meanwhile, becomes a stream of events that
 * ends with it. A client of the session era that lost the stream takes it up again by the id of the last event it saw.
 */
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { RequestId } from '@modelcontextprotocol/server'
import type { Json } from '../upstreams/connection.ts'
import type { StreamEvents } from './event-store.ts'

/** What a stream needs so that it can be taken up again. */
export interface Resumable {
  events: StreamEvents
  request: RequestId
  /** The streams of the client that are not at their end. */
  streams: Map<string, AnswerStream>
  /** The client knows events without data, which carry the first id; one of an older revision might take them for messages. */
  primed: boolean
  /** Milliseconds after which a client that can come back no longer holds its connection. */
  hold: number
}

/** Milliseconds an answer may take and still be one JSON text. */
const patience = 100
/** As often as the SDK says that a stream is alive. */
const keepAlive = 15_000
/** Milliseconds after which a client comes back for the rest of its stream. */
export const retryInterval = 1_000
const streamHeaders = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' }
const cutOff = 'Wheelhouse ended before this was answered: what was asked may have been done. Look before you ask again'

export class AnswerStream {
  #response: ServerResponse
  readonly #resumable: Resumable | null
  readonly #id: string
  #begun = false
  #timer: NodeJS.Timeout | undefined
  #heldSince = 0

  constructor(response: ServerResponse, resumable: Resumable | null) {
    this.#response = response
    this.#resumable = resumable
    this.#id = resumable === null ? '' : randomUUID()
    if (resumable !== null) this.#timer = setTimeout(() => this.#begin(), patience)
  }

  send(message: Json): void {
    this.#begin()
    this.#write(message, JSON.stringify(message))
  }

  /** The text of the answer. */
  end(status: number, answer: Json): string {
    const text = JSON.stringify(answer)
    if (this.#begun) this.#write(answer, text)
    this.close()
    const response = this.#response
    if (response.destroyed || response.writableEnded) return text
    if (this.#begun) response.end()
    else {
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      response.end(text)
    }
    return text
  }

  /** Ends a stream that has begun without an answer, since its client has gone for good; false for an answer that is no stream. */
  abandon(): boolean {
    if (this.#begun) this.#response.end()
    return this.#begun
  }

  /** Goes on over another connection, with what its client has missed. */
  resume(response: ServerResponse, lastEventId: string): void {
    const { events } = this.#given()
    this.#response.end()
    this.#response = response
    this.#open()
    for (const { id, message } of events.after(lastEventId)) response.write(eventOf(JSON.stringify(message), id))
  }

  /** Nothing more is said. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#resumable?.streams.delete(this.#id)
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    clearTimeout(this.#timer)
    if (!this.#response.destroyed) this.#open()
    if (this.#resumable === null) return
    const { events, request, streams, primed } = this.#resumable
    streams.set(this.#id, this)
    events.answers(this.#id, [request])
    if (primed && !this.#response.destroyed)
      this.#response.write(`id: ${events.store(this.#id, {}, 2)}\nretry: ${retryInterval}\ndata: \n\n`)
  }

  #open(): void {
    this.#response.writeHead(200, streamHeaders)
    this.#response.flushHeaders()
    this.#heldSince = performance.now()
    if (this.#resumable === null) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#live(), Math.min(keepAlive, this.#resumable.hold))
  }

  /** Says that the stream is alive, or lets go of its connection where the client is to come back for the answer. */
  #live(): void {
    const { primed, hold } = this.#given()
    if (this.#response.destroyed || this.#response.writableEnded) return
    if (primed && performance.now() - this.#heldSince >= hold) return void this.#response.end()
    this.#response.write(': keepalive\n\n')
    this.#timer = setTimeout(() => this.#live(), Math.min(keepAlive, hold))
  }

  #write(message: Json, text: string): void {
    // What passes here is a message of the protocol, whose types know less than the newest server may send.
    const id = this.#resumable?.events.store(this.#id, message as unknown as Parameters<StreamEvents['storeEvent']>[1], text.length)
    if (!this.#response.destroyed && !this.#response.writableEnded) this.#response.write(eventOf(text, id))
  }

  #given(): Resumable {
    if (this.#resumable === null) throw new TypeError('this stream cannot be taken up again')
    return this.#resumable
  }
}

/** Answers who comes back for what the end of an earlier process cut off: nobody knows what became of it. */
export function answerCutOff(response: ServerResponse, requests: readonly RequestId[]): void {
  response.writeHead(200, streamHeaders)
  for (const id of requests)
    response.write(eventOf(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message: cutOff } }), undefined))
  response.end()
}

function eventOf(text: string, id: string | undefined): string {
  return `event: message\n${id === undefined ? '' : `id: ${id}\n`}data: ${text}\n\n`
}
