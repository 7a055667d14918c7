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
import { Line } from './line.ts'
import { Outbox } from './outbox.ts'
import {
  BrokerError,
  errorOf,
  LoginError,
  type BrokerClientOptions,
  type ClientState,
  type ConnectOptions,
  type Frame,
  type MessageHandler,
  type Published,
  type SubscribeOptions,
} from './types.ts'
import { newId } from './wire.ts'

/** Refusals that another try cannot change. */
const finalCodes = [4404, 4410, 4429]
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
  readonly #line: Line
  #current: ClientState = 'offline'
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
      isConnected: () => this.#line.isThere,
      ask: () => this.#say({ type: 'ping' }),
      silent: () => this.#line.abandon(),
    })
    this.#line = new Line(options, {
      opening: () => {
        this.#become('connecting')
        this.#heartbeat.renew()
      },
      open: () => void this.#init(),
      frame: (frame) => {
        this.#heartbeat.heard()
        this.#take(frame)
      },
      lost: (reason) => this.#lost(reason),
      failed: (error) => this.#fail(error),
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
    if (!this.#isClosed && !this.#line.isBegun) this.#line.open()
    // The address may have been refused at once.
    if (!this.#isClosed) {
      this.#resend ??= setInterval(() => this.#sendAgain(), this.#options.retryInterval)
      this.#heartbeat.start()
    }
    const ready = Promise.all([this.#login.promise, ...added.map(({ confirmed }) => confirmed)])
    await (timeout === undefined ? ready : inTime(ready, timeout, () => this.#line.reason))
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
    await inTime(this.#line.ended, closingTime).catch(() => undefined)
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
    return this.#outbox.add(messageId, frame, this.#current === 'online' ? (ready) => this.#line.send(ready) : null)
  }

  #endSubscription(topic: string): Promise<void> {
    const ending = this.#ending.get(topic) ?? deferred()
    this.#ending.set(topic, ending)
    ending.promise.catch(() => undefined)
    this.#say({ type: 'unsubscribe', topic })
    return ending.promise
  }

  async #init(): Promise<void> {
    const { sessionName, userId, password } = this.#options
    const { ended } = this.#line
    try {
      const secret = typeof password === 'string' ? password : await password()
      // Another connection may have taken its place meanwhile.
      if (ended === this.#line.ended) this.#line.send(JSON.stringify({ type: 'init', sessionName, password: secret, userId }))
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
    this.#line.worked()
    this.#become('online')
    for (const topic of this.#ending.keys()) this.#say({ type: 'unsubscribe', topic })
    for (const topic of this.#inbox.topics()) this.#say({ type: 'subscribe', topic })
    this.#outbox.sendAll((frame) => this.#line.send(frame))
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
    if (text !== 'Server is starting' && text !== 'Session is suspended' && text !== 'Session has too many clients')
      return this.#fail(new LoginError(text))
    this.#line.drop(text)
  }

  #fail(error: Error): void {
    if (this.#isClosed) return
    this.#end(error)
    this.#listeners.tell('error', error)
  }

  #end(error: Error): void {
    if (this.#isClosed) return
    this.#become('closed')
    clearInterval(this.#resend)
    this.#heartbeat.stop()
    this.#login.reject(error)
    this.#outbox.rejectAll(error)
    this.#inbox.close(error)
    for (const { reject } of this.#ending.values()) reject(error)
    this.#line.close()
  }

  #lost(reason: BrokerError): void {
    const code = reason.code ?? 0
    this.#outbox.lost(code)
    if (finalCodes.includes(code)) return this.#fail(reason)
    this.#become('offline')
    this.#listeners.tell('lost', reason)
  }

  /**
   * Time counts for what was sent alone. A socket that is still being opened throws over what it is to send, and nobody would hear that but
   * the process.
   */
  #sendAgain(): void {
    if (this.#current === 'online') this.#outbox.sendAgain((frame) => this.#line.send(frame))
  }

  #say(frame: object): void {
    if (this.#current === 'online') this.#line.send(JSON.stringify(frame))
  }

  #become(state: ClientState): void {
    this.#current = state
    this.#listeners.tell('state', state)
  }

  /** Asked through these where a call in between may have changed it. */
  get #isClosed(): boolean {
    return this.#current === 'closed'
  }
}
