/**
 * A client of a broker session, for Node (22 and newer have a WebSocket of their own; older ones pass `ws`) and for browsers.
 *
 * What is published while the connection is away waits and is sent again until the server has confirmed it; subscriptions are made
 * again after every loss; a message is acknowledged when its handler is done, and handled once however often it comes.
 */
import { deferred, inTime, type Deferred } from './deferred.ts'
import { Envelope, type EnvelopeContext, type Sealed } from './envelope.ts'
import { Heartbeat } from './heartbeat.ts'
import { Inbox } from './inbox.ts'
import { Listeners, type ClientEvents } from './listeners.ts'
import { Outbox } from './outbox.ts'
import {
  BrokerError,
  errorOf,
  type BrokerClientOptions,
  type BrokerSocket,
  type ClientState,
  type ConnectOptions,
  type Frame,
  type MessageHandler,
  type Published,
  type SubscribeOptions,
} from './types.ts'
import { frameOf, newId, openWebSocket } from './wire.ts'

/** Refusals that another try cannot change. */
const finalCodes = [4403, 4404, 4410, 4429]
const firstDelay = 250
const longestDelay = 10_000
/** Ms that the server has to answer the closing. */
const closingTime = 2_000
/** SHA-256 of nothing. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const closedError = (): BrokerError => new BrokerError('The client is closed')

export class BrokerClient {
  readonly #options: BrokerClientOptions & Required<Pick<BrokerClientOptions, 'retryInterval' | 'heartbeat'>>
  readonly #envelope: Promise<Envelope | null>
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  /** Topics that the server has not been told to end yet. */
  readonly #ending = new Map<string, Deferred<void>>()
  #socket: BrokerSocket | null = null
  #socketClosed: Promise<void> = Promise.resolve()
  #current: ClientState = 'offline'
  #delay = firstDelay
  #reconnect: ReturnType<typeof setTimeout> | undefined
  #resend: ReturnType<typeof setInterval> | undefined
  readonly #login = deferred()
  readonly #listeners = new Listeners()
  readonly #heartbeat: Heartbeat

  constructor(options: BrokerClientOptions) {
    const { key, envelope = 1, bufferLimit = 10_000, maxRetries = 100, maxFrameBytes = 10_485_760 } = options
    this.#options = { retryInterval: 5_000, heartbeat: 20_000, ...options }
    this.#envelope = key === undefined ? Promise.resolve(null) : Envelope.create(key, { version: envelope })
    // `connect` reports both; until then nobody listens.
    this.#envelope.catch(() => undefined)
    this.#login.promise.catch(() => undefined)
    this.#heartbeat = new Heartbeat(this.#options.heartbeat, {
      isConnected: () => this.#socket !== null,
      ask: () => this.#say({ type: 'ping' }),
      silent: () => this.#silent(),
    })
    this.#outbox = new Outbox({ bufferLimit, maxRetries, maxFrameBytes })
    this.#inbox = new Inbox({
      open: async ({ data, hash, ...context }) => (await this.#envelope)?.open({ data, hash }, context) ?? data,
      acknowledge: (topic, messageId) => this.#say({ type: 'ack', topic, messageId }),
      failed: (error) => this.#listeners.tell('error', error),
      unhandled: (topic, messageId) => this.#listeners.tell('unhandled', topic, messageId),
    })
  }

  get state(): ClientState {
    return this.#current
  }

  /** Messages that are not confirmed yet. */
  get waiting(): number {
    return this.#outbox.size
  }

  /**
   * Resolves when logged in, and the subscriptions in `handlers` are made. Rejects when the server refuses, the address or the key is none,
   * or the client is closed; a server that cannot be reached is tried again instead.
   */
  async connect({ handlers = {}, timeout }: ConnectOptions = {}): Promise<void> {
    if (this.#current === 'closed') throw closedError()
    const added = Object.entries(handlers).map(([topic, wanted]) =>
      typeof wanted === 'function' ? this.#add(topic, wanted) : this.#add(topic, wanted.handler, wanted),
    )
    try {
      await this.#envelope
    } catch (error) {
      this.#fail(errorOf(error))
    }
    if (this.#isOffline && this.#reconnect === undefined) this.#open()
    // The address may have been refused at once.
    if (!this.#isClosed) {
      this.#resend ??= setInterval(() => this.#outbox.sendAgain((frame) => this.#sendAgain(frame)), this.#options.retryInterval)
      this.#heartbeat.start()
    }
    const ready = Promise.all([this.#login.promise, ...added.map(({ confirmed }) => confirmed)])
    await (timeout === undefined ? ready : inTime(ready, timeout))
  }

  /** Resolves once the server has it safe. */
  async publish(
    topic: string,
    text: string,
    { retain, ttl, plain = false }: { retain?: boolean; ttl?: number } & SubscribeOptions = {},
  ): Promise<Published> {
    const context: EnvelopeContext = { topic, messageId: newId(), timestamp: Date.now() }
    const envelope = plain ? null : await this.#envelope
    const sealed = envelope === null ? { data: text } : await envelope.seal(text, context)
    return this.#send(context, sealed, { retain, ttl })
  }

  /** Takes away what was retained on the topic. */
  clearRetained(topic: string): Promise<Published> {
    // Not in an envelope: the server has to see that there is nothing in it.
    return this.#send({ topic, messageId: newId(), timestamp: Date.now() }, { data: '', hash: emptyHash }, { retain: true })
  }

  /**
   * Topics may hold `+` and `#`, or be shared: `$share/group/topic`. Resolves once the server knows; returns what ends this handler, and
   * the subscription with the last one. A named client gives the handlers of what may wait for it to `connect` instead.
   */
  async subscribe(topic: string, handler: MessageHandler, options: SubscribeOptions = {}): Promise<() => Promise<void>> {
    if (this.#current === 'closed') throw closedError()
    const { confirmed, remove } = this.#add(topic, handler, options)
    await confirmed
    return async () => {
      if (remove() && !this.#isClosed) await this.#endSubscription(topic)
    }
  }

  /** Ends a subscription with all its handlers; also one that the server kept from an earlier program of this name. */
  async unsubscribe(topic: string): Promise<void> {
    if (this.#current === 'closed') throw closedError()
    this.#inbox.remove(topic)
    await this.#endSubscription(topic)
  }

  /** Returns what ends the listening. */
  on<Event extends keyof ClientEvents>(event: Event, listener: ClientEvents[Event]): () => void {
    return this.#listeners.add(event, listener)
  }

  /** Ends for good; what is not confirmed is rejected. Resolves when the connection has ended. */
  async close(): Promise<void> {
    this.#end(new BrokerError('The client was closed'))
    await inTime(this.#socketClosed, closingTime).catch(() => undefined)
  }

  #add(topic: string, handler: MessageHandler, options: SubscribeOptions = {}): ReturnType<Inbox['add']> {
    const added = this.#inbox.add(topic, handler, options)
    if (added.isNew) this.#say({ type: 'subscribe', topic })
    return added
  }

  async #send(
    { topic, timestamp, messageId }: EnvelopeContext,
    sealed: Partial<Sealed>,
    how: { retain?: boolean | undefined; ttl?: number | undefined },
  ): Promise<Published> {
    if (this.#current === 'closed') throw closedError()
    const frame = JSON.stringify({ type: 'publish', topic, ...sealed, timestamp, messageId, ...how })
    return this.#outbox.add(messageId, frame, this.#current === 'online' ? (ready) => void this.#socket?.send(ready) : null)
  }

  #endSubscription(topic: string): Promise<void> {
    const ending = this.#ending.get(topic) ?? deferred()
    this.#ending.set(topic, ending)
    ending.promise.catch(() => undefined)
    this.#say({ type: 'unsubscribe', topic })
    return ending.promise
  }

  #open(): void {
    this.#reconnect = undefined
    this.#become('connecting')
    const closed = deferred()
    try {
      const socket = (this.#options.open ?? openWebSocket)(this.#options.url)
      this.#socket = socket
      this.#socketClosed = closed.promise
      this.#heartbeat.renew()
      socket.addEventListener('open', () => void this.#init(socket))
      socket.addEventListener('message', ({ data }) => {
        if (socket !== this.#socket) return
        this.#heartbeat.heard()
        const frame = frameOf(data)
        if (frame !== null) this.#take(frame)
      })
      socket.addEventListener('close', ({ code, reason }) => {
        closed.resolve()
        if (socket === this.#socket) this.#lost(code, reason)
      })
      // `close` follows and says all there is to say.
      socket.addEventListener('error', () => undefined)
    } catch (error) {
      // No address, or none of a WebSocket: another try would end the same.
      this.#fail(errorOf(error))
    }
  }

  async #init(socket: BrokerSocket): Promise<void> {
    const { sessionName, userId, password } = this.#options
    try {
      const secret = typeof password === 'string' ? password : await password()
      if (socket === this.#socket) socket.send(JSON.stringify({ type: 'init', sessionName, password: secret, userId }))
    } catch (error) {
      this.#fail(errorOf(error))
    }
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case 'init_response':
        return frame.success === true ? this.#loggedIn() : this.#refused(String(frame.error))
      case 'subscribe_response':
        return this.#inbox.subscribed(frame)
      case 'unsubscribe_response':
        return this.#unsubscribed(frame)
      case 'publish_response':
        return this.#outbox.answered(frame)
      case 'message':
        return this.#inbox.take(frame)
      case 'log':
        return this.#listeners.tell('log', String(frame.data), Number(frame.timestamp))
    }
  }

  #loggedIn(): void {
    this.#delay = firstDelay
    this.#become('online')
    for (const topic of this.#ending.keys()) this.#say({ type: 'unsubscribe', topic })
    for (const topic of this.#inbox.topics()) this.#say({ type: 'subscribe', topic })
    this.#outbox.sendAll((frame) => void this.#socket?.send(frame))
    this.#login.resolve()
  }

  #unsubscribed({ topic, success, error }: Frame): void {
    const ending = this.#ending.get(String(topic))
    this.#ending.delete(String(topic))
    if (success === true) ending?.resolve()
    else ending?.reject(new BrokerError(String(error)))
  }

  #refused(text: string): void {
    // A server that starts, or a session that is suspended for a while, may say yes later.
    if (text === 'Server is starting' || text === 'Session is suspended' || text === 'Session has too many clients')
      return this.#socket?.close(4000)
    this.#fail(new BrokerError(text))
  }

  #fail(error: Error): void {
    if (this.#isClosed) return
    this.#end(error)
    this.#listeners.tell('error', error)
  }

  #end(error: Error): void {
    if (this.#isClosed) return
    this.#become('closed')
    clearTimeout(this.#reconnect)
    clearInterval(this.#resend)
    this.#heartbeat.stop()
    this.#login.reject(error)
    this.#outbox.rejectAll(error)
    this.#inbox.close(error)
    for (const { reject } of this.#ending.values()) reject(error)
    this.#socket?.close(1000)
  }

  #silent(): void {
    const dead = this.#socket
    // Its own end may take the system minutes.
    this.#lost(4000, 'The server does not answer')
    dead?.close(4000)
  }

  #lost(code: number, reason: string): void {
    this.#socket = null
    if (this.#isClosed) return
    this.#outbox.lost(code)
    if (finalCodes.includes(code) && code !== 4403) return this.#fail(new BrokerError(reason === '' ? `Closed with ${code}` : reason, code))
    this.#become('offline')
    // Spread, so that a thousand clients do not come back in the same moment.
    const wait = this.#delay * (0.5 + Math.random())
    this.#delay = Math.min(longestDelay, this.#delay * 2)
    this.#reconnect = setTimeout(() => this.#open(), wait)
  }

  /** A socket that is still being opened throws over what it is to send, and nobody would hear that but the process. */
  #sendAgain(frame: string): void {
    if (this.#current === 'online') this.#socket?.send(frame)
  }

  #say(frame: object): void {
    if (this.#current === 'online') this.#socket?.send(JSON.stringify(frame))
  }

  #become(state: ClientState): void {
    this.#current = state
    this.#listeners.tell('state', state)
  }

  /** Asked through these where a call in between may have changed it. */
  get #isClosed(): boolean {
    return this.#current === 'closed'
  }

  get #isOffline(): boolean {
    return this.#current === 'offline'
  }
}
