/**
 * The way of messages to a Streamable HTTP server and back, for clients that speak another transport: nothing is read that need not be,
 * both eras pass. A protocol session that the server has forgotten is opened anew, as the client opened it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { longestPause, messagesOf, type Place } from './events.ts'
import { CutOff, HttpRefusal, mayRepeat, refusalsFor } from './failures.ts'
import { ParamHeaders } from './param-headers.ts'
import { answeredId, isObject, methodOf, ownHeaders, ownRevision, paramsOf, requestIds, type Json, type RequestId } from './messages.ts'
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

const helloId = 'wheelhouse-hello'
/** What is said for a client that was greeted before a restart, and does not know of one. */
const defaultHello: Json = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'unknown', version: '0' } }
/** For one message: a server may be on its way down when it is greeted. */
const greetAtMost = 3
const listChanges = ['tools', 'prompts', 'resources'].map((list) => `notifications/${list}/list_changed`)

export class StreamableWay {
  readonly #given: WayGiven
  readonly #ended = new AbortController()
  /** Requests that wait for their answer. */
  readonly #open = new Map<RequestId, { stop: AbortController; inSession: boolean }>()
  #session: string | undefined
  #revision: string | undefined
  /** How the client introduced itself. */
  #hello: Json | undefined
  #helloSent: RequestId | undefined
  /** Resolves when the protocol session is open. */
  #greeting: Promise<void> | undefined
  #listening = false
  readonly #retold = new Retold()
  readonly #mirrored = new ParamHeaders()

  constructor(given: WayGiven) {
    this.#given = given
  }

  /** Passes a message on, or a batch of them. What comes of it is heard; it never fails. */
  async send(message: unknown): Promise<void> {
    try {
      if (methodOf(message) === 'notifications/cancelled') await this.#takeBack(message)
      else await this.#deliver(message)
    } catch (error) {
      if (this.#ended.signal.aborted) return
      for (const answer of refusalsFor(message, error)) this.#given.hear(answer)
      if (error instanceof HttpRefusal && error.status === 401) this.#given.onRefused?.()
    }
  }

  /** Ends the protocol session with what still runs for it. Never fails. */
  async end(): Promise<void> {
    if (this.#ended.signal.aborted) return
    this.#ended.abort()
    if (this.#session === undefined) return
    await this.#given.fetch(this.#given.url(), { method: 'DELETE', headers: this.#headers() }).then(
      (answer) => answer.body?.cancel(),
      () => undefined,
    )
  }

  /** In the stateless era a request is taken back by closing its stream, and by nothing else. */
  async #takeBack(message: unknown): Promise<void> {
    const { requestId } = paramsOf(message)
    const open = typeof requestId === 'string' || typeof requestId === 'number' ? this.#open.get(requestId) : undefined
    try {
      if (open?.inSession !== false) await this.#deliver(message)
    } finally {
      // No answer is to come.
      open?.stop.abort()
    }
  }

  async #deliver(message: unknown): Promise<void> {
    const method = methodOf(message)
    const isHello = method === 'initialize'
    const inSession = ownRevision(message) === undefined && !isHello
    if (isHello) this.#begin(message)
    if (inSession) {
      // What asks for nothing opens nothing.
      if (this.#greeting === undefined && requestIds(message).length === 0) return
      // Once more than the client knows of: it was greeted by a server that has ended since.
      this.#greeting ??= this.#greet(defaultHello)
      await this.#greeting
    }
    await this.#persist(method, inSession, () => this.#exchange(message))
    if (method === 'notifications/initialized') this.#listen()
    this.#retold.remember(message)
  }

  /** Until the server has taken it: it may be away for a while, and know the protocol session no longer when it is back. */
  async #persist(method: string | undefined, inSession: boolean, work: () => Promise<void>): Promise<void> {
    let [attempts, greetings] = [0, 0]
    let forgotten: { session: string | undefined } | null = null
    for (;;) {
      const session = this.#session
      try {
        if (forgotten !== null) await this.#greetAgain(forgotten.session)
        forgotten = null
        return await work()
      } catch (error) {
        if (this.#ended.signal.aborted) throw error
        if (error instanceof HttpRefusal && error.status === 404 && inSession && greetings < greetAtMost) {
          forgotten ??= { session }
          greetings += 1
        } else if (error instanceof HttpRefusal || error instanceof CutOff || !mayRepeat(method, error)) throw error
        else if (!(await this.#given.again?.(attempts, this.#ended.signal))) throw error
        else attempts += 1
      }
    }
  }

  /** One request, until all that it asks is answered. */
  async #exchange(message: unknown): Promise<void> {
    const waiting = new Set(requestIds(message))
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, this.#ended.signal])
    const ids = [...waiting]
    for (const id of ids) this.#open.set(id, { stop, inSession: ownRevision(message) === undefined })
    try {
      const response = await this.#fetch('POST', { message, signal })
      if (methodOf(message) === 'initialize') this.#session = response.headers.get('mcp-session-id') ?? undefined
      if (waiting.size === 0 || response.status === 202) return await response.body?.cancel()
      if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) await this.#follow(response, waiting, signal)
      else this.#hear(await response.json(), waiting)
    } catch (error) {
      // Who takes a request back wants no answer.
      if (!stop.signal.aborted) throw error
    } finally {
      for (const id of ids) this.#open.delete(id)
    }
  }

  /** Hears a stream to its end, and takes it up again where it was cut; throws `CutOff` when that cannot be. */
  async #follow(first: Response, waiting: Set<RequestId>, signal: AbortSignal): Promise<void> {
    let response = first
    const place: Place = { id: undefined, pause: 1_000 }
    for (;;) {
      await this.#hearStream(response, waiting, place, signal)
      if (waiting.size === 0) return
      if (place.id === undefined) throw new CutOff()
      await delay(place.pause, undefined, { signal })
      try {
        response = await this.#fetch('GET', { from: place.id, signal })
      } catch {
        throw new CutOff()
      }
    }
  }

  async #hearStream(response: Response, waiting: Set<RequestId>, place: Place, signal: AbortSignal): Promise<void> {
    for await (const message of messagesOf(response, place, signal)) this.#hear(message, waiting)
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

  #begin(message: unknown): void {
    this.#hello = paramsOf(message)
    ;[this.#helloSent] = requestIds(message)
    this.#session = undefined
    this.#greeting = Promise.resolve()
  }

  #welcomed(answer: Json): void {
    const result = answer['result']
    const revision = isObject(result) ? result['protocolVersion'] : undefined
    this.#revision = typeof revision === 'string' ? revision : undefined
    this.#helloSent = undefined
  }

  async #greet(hello: Json): Promise<void> {
    this.#session = undefined
    this.#revision = undefined
    this.#helloSent = helloId
    await this.#exchange({ jsonrpc: '2.0', id: helloId, method: 'initialize', params: hello })
    if (this.#session === undefined) throw new CutOff()
    await this.#exchange({ jsonrpc: '2.0', method: 'notifications/initialized' })
    for (const told of this.#retold.all()) await this.#exchange({ ...told, id: helloId })
    this.#listen()
  }

  /** For all who find at once that `known` is forgotten. */
  async #greetAgain(known: string | undefined): Promise<void> {
    if (known === this.#session) {
      this.#session = undefined
      this.#greeting = this.#greet(this.#hello ?? defaultHello).then(() => this.#announceLists())
      // Who comes next tries anew.
      this.#greeting.catch(() => (this.#greeting = undefined))
    }
    await this.#greeting
  }

  /** Of what changed meanwhile nobody has told the client. */
  #announceLists(): void {
    for (const method of listChanges) this.#given.hear({ jsonrpc: '2.0', method })
  }

  /** Hears what the server says by itself, for as long as the protocol session lasts. */
  #listen(): void {
    if (this.#listening) return
    this.#listening = true
    void this.#listenOn(this.#ended.signal)
      .catch(() => undefined)
      .finally(() => (this.#listening = false))
  }

  async #listenOn(signal: AbortSignal): Promise<void> {
    const place: Place = { id: undefined, pause: 1_000 }
    let silent = 0
    while (!signal.aborted) {
      const session = this.#session
      try {
        const response = await this.#fetch('GET', { from: place.id, signal })
        if (silent > 0) this.#announceLists()
        silent = 0
        await this.#hearStream(response, new Set(), place, signal)
      } catch (error) {
        if (!(error instanceof HttpRefusal)) silent += 1
        // Nothing to listen to, or nobody who may.
        else if (error.status === 401) return this.#given.onRefused?.()
        else if (error.status === 405) return
        else if (error.status === 404) {
          place.id = undefined
          await this.#greetAgain(session).catch(() => undefined)
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
