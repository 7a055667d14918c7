/**
 * The connection to a server that all clients share. It is opened once however many ask, and belongs
 * to the server's life: there is one under way while that is `starting`, and one open while it is `ready`.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { abortable } from '../../async/abortable.ts'
import { inTime } from '../../async/deadline.ts'
import type { Fault } from '../../fault.ts'
import { escape, within, type Scope } from '../../isolation.ts'
import type { Json, Message, UpstreamConnection, UpstreamConnectionOptions } from './connection.ts'
import { isLostSession, isUnreachable, reasonOf } from './errors.ts'
import type { UpstreamLife } from './life.ts'
import { lossOf, mishapOf, type Mishap, type Reached } from './mishaps.ts'
import { askable, type CallOptions } from './callers.ts'
import { openConnection } from './open-connection.ts'
import type { Questions } from './questions.ts'

/** How a server is reached, whoever the connection is for. */
export type Reach = Omit<UpstreamConnectionOptions, 'capabilities' | 'onNotification' | 'onRequest'>

export type SharedRequestOptions = CallOptions

export interface SharedConnectionParts {
  life: UpstreamLife
  reached: Reached
  /** What the connection throws where nobody waits comes back here. */
  scope: Scope
  reach(signal: AbortSignal): Reach
  questions: Questions
  /** What the server lists for a client that cannot be asked is known, so that it may be told of one that can. */
  plainKnown(): boolean
  /** A start begins. */
  onStart(): void
  /** It is open and not yet `ready`: resolves when what the server offers has been read. */
  onOpen(connection: UpstreamConnection): Promise<void>
  onReady(connection: UpstreamConnection): Promise<void>
  onNotification(message: Message): void
  /** A request failed; the reason for which its connection is of no more use, or null. */
  onRequestError(error: unknown): string | null
  /** What callers are told while there is none. */
  unavailable(cause?: unknown): Fault
}

interface Start {
  connection: Promise<UpstreamConnection>
  abort(reason: Error): void
}

/** Calls of which the median is shown. */
const remembered = 64
/** Ms that a request waits for a start; then it is told so, and the start goes on. */
const startWait = 30_000

export class SharedConnection {
  readonly #parts: SharedConnectionParts
  #current: UpstreamConnection | undefined
  /** The one under way whose outcome counts. */
  #start: Start | undefined
  /** Resolves with the next start. */
  #next = Promise.withResolvers<Start>()
  /** Those before, while they end. */
  #closing: Promise<unknown> = Promise.resolve()
  /** A client that can be asked has come, and the connection there is was opened with that said. */
  #wanted = false
  #said = false
  /** Told that there are, it did not start; without that it did. Until it is stopped, or does not start without either. */
  #untold = false
  readonly #durations: number[] = []
  /** A start belongs to the server, whoever's call made it necessary. */
  readonly #outside = AsyncLocalStorage.snapshot()

  constructor(parts: SharedConnectionParts) {
    this.#parts = parts
  }

  get current(): UpstreamConnection | undefined {
    return this.#current
  }
  /** The server knows, or will with its next start, that there are clients that can be asked. */
  get saysAskable(): boolean {
    return this.#wanted
  }
  /** The one there is was opened with that said. */
  get hasSaid(): boolean {
    return this.#said
  }
  /** Median of the last calls, milliseconds; null before the first. */
  get latency(): number | null {
    const sorted = this.#durations.toSorted((a, b) => a - b)
    return sorted[sorted.length >> 1] ?? null
  }

  /** Opens it in the background; the server's life hears how that ends. */
  begin(): void {
    const attempt = new AbortController()
    const start: Start = {
      // In a turn of its own, so that `start` is known to it.
      connection: this.#outside(() => within(this.#parts.scope, () => Promise.resolve().then(() => this.#open(start, attempt.signal)))),
      abort: (reason) => attempt.abort(reason),
    }
    this.#start = start
    start.connection.catch(() => undefined)
    const { resolve } = this.#next
    this.#next = Promise.withResolvers()
    resolve(start)
  }

  /** The one there is, or the one under way; a server that is away is tried for it. Throws `upstream-unavailable`. */
  whenOpen(): Promise<UpstreamConnection> {
    const { life, unavailable } = this.#parts
    if (this.#current !== undefined) return Promise.resolve(this.#current)
    if (this.#start === undefined && !life.wanted()) return Promise.reject(unavailable())
    const opened = this.#start?.connection ?? this.#next.promise.then(({ connection }) => connection)
    return inTime(startWait, abortable(opened, life.stopped), unavailable)
  }

  /** Resolves when a start under way, or the next try of a server that is away, has ended, well or not. */
  async settled(): Promise<void> {
    if (this.#start !== undefined || this.#parts.life.wanted()) await this.whenOpen().catch(() => undefined)
  }

  /** A client that can be asked has come: the server is greeted anew and told so, as soon as nothing runs there. */
  sayAskable(): void {
    this.#wanted = true
    this.#greetAnew()
  }

  /** Throws `upstream-unavailable`, and what the server answers. */
  async request(message: Message, options: CallOptions = {}): Promise<Json> {
    const begun = performance.now()
    try {
      return await this.#parts.questions.run(message, options, () => this.#send(message, options))
    } finally {
      this.#durations.push(performance.now() - begun)
      if (this.#durations.length > remembered) this.#durations.shift()
      if (this.#wanted !== this.#said) this.#greetAnew()
    }
  }

  async #send(message: Message, { onNotification: _, caller: __, ask: ___, ...options }: CallOptions): Promise<Json> {
    const connection = this.#current ?? (await this.whenOpen())
    try {
      return await connection.request(message, options)
    } catch (error) {
      const useless = this.#parts.onRequestError(error) ?? (isUnreachable(error) ? reasonOf(error) : null)
      if (useless !== null) this.#drop(connection, lossOf(useless, this.#parts.reached))
      if (!isLostSession(error)) throw error
      // The far server has forgotten our session (it restarted, or the session idled out); the request did not reach any tool.
      this.#sessionLost(connection, reasonOf(error))
      return await (await this.whenOpen()).request(message, options)
    }
  }

  #greetAnew(): void {
    const { life, questions, plainKnown } = this.#parts
    const connection = this.#current
    if (connection === undefined || this.#wanted === this.#said || this.#untold) return
    if (life.state !== 'ready' || questions.size > 0 || !plainKnown()) return
    this.#forget(connection)
    this.#end(connection)
    life.startAnew()
  }

  /** Ends it for a reason that is the server's: as if it had broken. */
  #drop(connection: UpstreamConnection, mishap: Mishap): void {
    this.#end(connection)
    this.#lost(connection, mishap)
  }

  /** It, or the library that speaks to it, threw where nobody waited: it is of no more use. False when there is none. */
  escaped(reason: string): boolean {
    // However it is reached: what throws here does so again until somebody mends it.
    if (this.#current !== undefined) this.#drop(this.#current, lossOf(reason, { remote: false }))
    else if (this.#start !== undefined) this.#start.abort(new Error(reason))
    else return false
    return true
  }

  /** Ends what there is and what is under way; nobody is told. */
  async close(reason: Error): Promise<void> {
    const [current, start] = [this.#current, this.#start]
    this.#current = undefined
    this.#start = undefined
    this.#untold = false
    start?.abort(reason)
    if (current !== undefined) this.#end(current)
    await start?.connection.catch(() => undefined)
    await this.#closing
  }

  async #open(own: Start, signal: AbortSignal): Promise<UpstreamConnection> {
    const { life, reach, onStart, onOpen, onReady, unavailable, questions, plainKnown } = this.#parts
    const says = this.#wanted && !this.#untold && plainKnown()
    try {
      await this.#closing
      signal.throwIfAborted()
      onStart()
      const connection = await openConnection({
        ...reach(signal),
        // In the newer era a server asks in its answers alone; one that speaks both is greeted in the older, where tools may ask too.
        ...(says ? { capabilities: askable, era: 'legacy' } : { capabilities: {} }),
        onNotification: (message) => this.#onMessage(message),
        onRequest: (message, stop) => questions.answer(message, stop),
      })
      if (signal.aborted) {
        await connection.close()
        throw signal.reason
      }
      this.#said = says
      this.#current = connection
      connection.whenEnded((reason) => this.#lost(connection, lossOf(reason, this.#parts.reached)))
      await onOpen(connection)
      // Whoever took it away has said why.
      if (this.#current !== connection) throw unavailable()
      this.#start = undefined
      life.connected()
      await onReady(connection)
      this.#greetAnew()
      return connection
    } catch (error) {
      if (this.#start === own) {
        // What follows an opened connection fails too: left open, it would be a process more with every try.
        if (this.#current !== undefined) this.#end(this.#current)
        this.#current = undefined
        this.#untold = says && !signal.aborted
        // Clients that cannot be asked had it before: none of them loses it over what it was told of others.
        if (this.#untold) return await this.#open(own, signal)
        this.#start = undefined
        life.startFailed(mishapOf(error, this.#parts.reached))
      }
      throw unavailable(error)
    }
  }

  #lost(connection: UpstreamConnection, mishap: Mishap): void {
    if (!this.#forget(connection)) return
    if (this.#parts.life.state === 'starting') this.#untold = this.#said
    this.#parts.life.connectionLost(mishap)
  }

  #sessionLost(connection: UpstreamConnection, reason: string): void {
    if (!this.#forget(connection)) return
    this.#end(connection)
    this.#parts.life.sessionLost(lossOf(reason, this.#parts.reached))
  }

  /** The next start waits until it has ended, and so does a stop. */
  #end(connection: UpstreamConnection): void {
    this.#closing = Promise.all([this.#closing, connection.close().catch(escape)])
  }

  /** False when another one has taken its place, or it was ended on purpose. */
  #forget(connection: UpstreamConnection): boolean {
    if (this.#current !== connection) return false
    this.#current = undefined
    this.#start = undefined
    return true
  }

  #onMessage(message: Message): void {
    if (message.method !== 'notifications/message') return this.#parts.onNotification(message)
    this.#parts.questions.hear(message)
  }
}
