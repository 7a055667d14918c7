/**
 * The way of messages to a Streamable HTTP server and back, for clients that speak another transport: nothing is read that need not be,
 * both eras pass. A protocol session that the server has forgotten is opened anew, as the client opened it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { longestPause, messagesOf, type Place } from './events.ts'
import { CutOff, HttpRefusal, isNotThere, mayRepeat, refusalsFor } from './failures.ts'
import { ParamHeaders } from './param-headers.ts'
import {
  answeredId,
  isObject,
  methodOf,
  ownHeaders,
  ownRevision,
  paramsOf,
  requestIdOf,
  requestIds,
  type Json,
  type RequestId,
} from './messages.ts'
import { Retold } from './retold.ts'

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>

export interface WayGiven {
  /** Asked for each request: a server that was started again may have another address. */
  url(): URL
  /** With the session's secret. */
  headers: Readonly<Record<string, string>>
  fetch: Fetch
  /** What the server says, and what is answered in its place where it cannot. */
  hear(message: unknown): void
  /** Waits until the server, which could not be reached, may be again; false to give up. Not given: at once. */
  again?(attempt: number, signal: AbortSignal): Promise<boolean>
  /** The session is over or was revoked. */
  onRefused?(): void
}

/** A message from when it is given until it is answered, while it waits for the server as well. */
interface Passing {
  message: unknown
  /** Of a request. */
  id: RequestId | undefined
  inSession: boolean
  stop: AbortController
  /** The server may have it. */
  isOut: boolean
}

const helloId = 'wheelhouse-hello'
/** What is said for a client that was greeted before a restart, and does not know of one. */
const defaultHello: Json = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'unknown', version: '0' } }
/** For one message: a server may be on its way down when it is greeted. */
const greetAtMost = 3
/** Messages of a batch; a longer one is the server's to refuse. */
const batchAtMost = 100
const listChanges = ['tools', 'prompts', 'resources'].map((list) => `notifications/${list}/list_changed`)

export class StreamableWay {
  readonly #given: WayGiven
  readonly #ended = new AbortController()
  readonly #open = new Set<Passing>()
  #session: string | undefined
  #revision: string | undefined
  /** How the client introduced itself. */
  #hello: Json | undefined
  #helloSent: RequestId | undefined
  /** Resolves when the protocol session is open; undefined where none is. */
  #greeting: Promise<void> | undefined
  /** The greeting that is the client's own. */
  #begun: Promise<void> | undefined
  /** A protocol session was forgotten with what the client would have been told. */
  #isBehind = false
  #listening: AbortController | undefined
  readonly #retold = new Retold()
  readonly #mirrored = new ParamHeaders()

  constructor(given: WayGiven) {
    this.#given = given
  }

  /** Passes a message on, or each of a batch. What comes of it is heard; it never fails. */
  async send(message: unknown): Promise<void> {
    if (!Array.isArray(message) || message.length > batchAtMost) return this.#sendOne(message)
    // Each is taken back, cut off and asked again by itself.
    await Promise.all(message.map((each: unknown) => this.#sendOne(each)))
  }

  /** Ends the protocol session with what still runs for it. Never fails. */
  async end(): Promise<void> {
    if (this.#ended.signal.aborted) return
    this.#ended.abort()
    await this.#leave()
  }

  async #sendOne(message: unknown): Promise<void> {
    try {
      if (methodOf(message) === 'notifications/cancelled') await this.#takeBack(message)
      else await this.#deliver(message)
    } catch (error) {
      if (this.#ended.signal.aborted) return
      for (const answer of refusalsFor(message, error)) this.#given.hear(answer)
      if (error instanceof HttpRefusal && error.status === 401) this.#given.onRefused?.()
    }
  }

  async #leave(): Promise<void> {
    if (this.#session === undefined) return
    await this.#given.fetch(this.#given.url(), { method: 'DELETE', headers: this.#headers() }).then(
      (answer) => answer.body?.cancel(),
      () => undefined,
    )
  }

  /** In the stateless era a request is taken back by closing its stream, and by nothing else; what was never sent, by not sending it. */
  async #takeBack(message: unknown): Promise<void> {
    const { requestId } = paramsOf(message)
    const open = [...this.#open].filter(({ id }) => id !== undefined && id === requestId)
    // No answer is to come.
    for (const { stop } of open) stop.abort()
    if (open.length === 0 || open.some(({ inSession, isOut }) => inSession && isOut)) await this.#deliver(message)
  }

  async #deliver(message: unknown): Promise<void> {
    const method = methodOf(message)
    const isHello = method === 'initialize'
    const inSession = ownRevision(message) === undefined && !isHello
    const passing: Passing = { message, id: requestIdOf(message), inSession, stop: new AbortController(), isOut: false }
    this.#open.add(passing)
    try {
      // A client that does not wait for the answer to its hello shares what becomes of it.
      if (inSession && this.#greeting === this.#begun) await this.#begun
      // What asks for nothing opens nothing.
      if (inSession && this.#greeting === undefined && requestIds(message).length === 0) return
      await (isHello ? this.#begin(passing) : this.#persist(passing))
    } catch (error) {
      // Who takes a request back wants no answer.
      if (passing.stop.signal.aborted) return
      throw error
    } finally {
      this.#open.delete(passing)
    }
    if (method === 'notifications/initialized') this.#listen()
    this.#retold.remember(message)
  }

  /** Until the server has taken it: it may be away for a while, and know the protocol session no longer when it is back. */
  async #persist(passing: Passing): Promise<void> {
    const { message, inSession, stop } = passing
    const signal = AbortSignal.any([stop.signal, this.#ended.signal])
    let [attempts, greetings] = [0, 0]
    for (;;) {
      const wasOut = passing.isOut
      const greeting = inSession ? this.#greeted() : undefined
      try {
        await greeting
        signal.throwIfAborted()
        passing.isOut = true
        return await this.#exchange(message, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof HttpRefusal || isNotThere(error)) passing.isOut = wasOut
        if (error instanceof HttpRefusal && error.status === 404 && inSession && greetings < greetAtMost) {
          this.#forget(greeting)
          greetings += 1
        } else if (error instanceof HttpRefusal) throw error
        else if (passing.isOut && (error instanceof CutOff || !mayRepeat(methodOf(message), error))) throw error
        else if (!(await this.#given.again?.(attempts, signal))) throw error
        else attempts += 1
      }
    }
  }

  /** One request, until all that it asks is answered. */
  async #exchange(message: unknown, signal: AbortSignal): Promise<void> {
    const waiting = new Set(requestIds(message))
    const response = await this.#fetch('POST', { message, signal })
    if (methodOf(message) === 'initialize') this.#session = response.headers.get('mcp-session-id') ?? undefined
    if (waiting.size === 0 || response.status === 202) await response.body?.cancel()
    else if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) await this.#follow(response, waiting, signal)
    else this.#hear(await response.json(), waiting)
    if (waiting.size > 0) throw new CutOff()
  }

  /** Hears a stream until all is answered, and takes it up again where it was cut; throws `CutOff` when that cannot be. */
  async #follow(first: Response, waiting: Set<RequestId>, signal: AbortSignal): Promise<void> {
    let response = first
    const place: Place = { id: undefined, pause: 1_000 }
    for (;;) {
      const messages = messagesOf(response, place, signal)
      while (waiting.size > 0) {
        const next = await messages.next()
        if (next.done === true) break
        this.#hear(next.value, waiting)
      }
      // The stream may stay open: what else comes on it is heard, and nobody waits for its end.
      if (waiting.size === 0) return void this.#hearOut(messages).catch(() => undefined)
      if (place.id === undefined) throw new CutOff()
      await delay(place.pause, undefined, { signal })
      try {
        response = await this.#fetch('GET', { from: place.id, signal })
      } catch {
        throw new CutOff()
      }
    }
  }

  async #hearOut(messages: AsyncIterable<unknown>): Promise<void> {
    for await (const message of messages) this.#hear(message, new Set())
  }

  #hear(message: unknown, waiting: Set<RequestId>): void {
    for (const each of Array.isArray(message) ? message : [message]) {
      const id = answeredId(each)
      if (id !== undefined) waiting.delete(id)
      this.#mirrored.learn(each)
      if (id !== undefined && id === this.#helloSent) this.#welcomed(each)
      if (id !== helloId) this.#given.hear(each)
    }
  }

  /** The client introduces itself, and leaves the protocol session that it had. */
  #begin(passing: Passing): Promise<void> {
    void this.#leave()
    this.#hello = paramsOf(passing.message)
    this.#helloSent = passing.id
    this.#session = undefined
    this.#revision = undefined
    return (this.#begun = this.#opens(this.#persist(passing)))
  }

  #welcomed(answer: Json): void {
    const result = answer['result']
    const revision = isObject(result) ? result['protocolVersion'] : undefined
    this.#revision = typeof revision === 'string' ? revision : undefined
    this.#helloSent = undefined
  }

  /** Once more than the client knows of: it was greeted by a server that has ended since. */
  async #greet(): Promise<void> {
    const { signal } = this.#ended
    this.#session = undefined
    this.#revision = undefined
    this.#helloSent = helloId
    await this.#exchange({ jsonrpc: '2.0', id: helloId, method: 'initialize', params: this.#hello ?? defaultHello }, signal)
    if (this.#session === undefined) throw new CutOff()
    await this.#exchange({ jsonrpc: '2.0', method: 'notifications/initialized' }, signal)
    for (const told of this.#retold.all()) await this.#exchange({ ...told, id: helloId }, signal)
    this.#listen()
    if (this.#isBehind) this.#announceLists()
    this.#isBehind = false
  }

  /** For all who need the protocol session at once. */
  #greeted(): Promise<void> {
    return this.#greeting ?? this.#opens(this.#greet())
  }

  #opens(greeting: Promise<void>): Promise<void> {
    this.#greeting = greeting
    greeting.catch(() => {
      // Who comes next tries anew.
      if (this.#greeting === greeting) this.#greeting = undefined
    })
    return greeting
  }

  /** For all who find at once that the server does not know it. */
  #forget(greeting: Promise<void> | undefined): void {
    if (greeting === undefined || this.#greeting !== greeting) return
    this.#greeting = undefined
    this.#isBehind = true
  }

  /** Of what changed meanwhile nobody has told the client. */
  #announceLists(): void {
    for (const method of listChanges) this.#given.hear({ jsonrpc: '2.0', method })
  }

  /** Hears what the server says by itself, for as long as the protocol session lasts. */
  #listen(): void {
    this.#listening?.abort()
    this.#listening = new AbortController()
    this.#listenOn(AbortSignal.any([this.#listening.signal, this.#ended.signal])).catch(() => undefined)
  }

  async #listenOn(signal: AbortSignal): Promise<void> {
    const place: Place = { id: undefined, pause: 1_000 }
    let silent = 0
    while (!signal.aborted) {
      const greeting = this.#greeted()
      try {
        await greeting
        // Opened anew, it has another listener.
        signal.throwIfAborted()
        const response = await this.#fetch('GET', { from: place.id, signal })
        if (silent > 0) this.#announceLists()
        silent = 0
        await this.#hearOut(messagesOf(response, place, signal))
      } catch (error) {
        if (!(error instanceof HttpRefusal)) silent += 1
        // Nothing to listen to, or nobody who may.
        else if (error.status === 401) return this.#given.onRefused?.()
        else if (error.status === 405) return
        else if (error.status === 404) {
          this.#forget(greeting)
          silent = 0
        }
      }
      await delay(Math.min(place.pause * 2 ** Math.min(silent, 5), longestPause), undefined, { signal })
    }
  }

  async #fetch(method: 'GET' | 'POST', { message, from, signal }: { message?: unknown; from?: string | undefined; signal: AbortSignal }) {
    const mirrored = ownRevision(message) === undefined ? {} : this.#mirrored.of(message)
    const response = await this.#given.fetch(this.#given.url(), {
      method,
      signal,
      headers: {
        ...this.#headers(),
        accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
        ...(from === undefined ? {} : { 'last-event-id': from }),
        ...(message === undefined ? {} : { 'content-type': 'application/json', ...ownHeaders(message), ...mirrored }),
      },
      ...(message === undefined ? {} : { body: JSON.stringify(message) }),
    })
    if (!response.ok) throw new HttpRefusal(response.status, await response.text())
    return response
  }

  #headers(): Record<string, string> {
    return {
      ...this.#given.headers,
      ...(this.#session === undefined ? {} : { 'mcp-session-id': this.#session }),
      ...(this.#revision === undefined ? {} : { 'mcp-protocol-version': this.#revision }),
    }
  }
}
