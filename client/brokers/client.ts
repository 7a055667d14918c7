/**
 * A client of a broker session, for Node (22 and newer have a WebSocket of their own; older ones pass `ws`) and for browsers.
 *
 * What is published while the connection is away waits and is sent again until the server has confirmed it; subscriptions are made
 * again after every loss; a message is acknowledged when its handler is done, and handled once however often it comes.
 */
import { Envelope, type EnvelopeContext, type Sealed } from './envelope.ts'

export interface BrokerClientOptions {
  /** `ws://host:3000`. */
  url: string
  sessionName: string
  /** A function is asked before every login, for passwords that work once. */
  password: string | (() => string | Promise<string>)
  /** Names this client: the server keeps its subscriptions and messages while it is away. */
  userId?: string
  /** AES-256 key in Base64, shared by the clients. Without one, texts travel as they are. */
  key?: string
  /** 1 is what every client understands, 2 cannot be forged. Both are read. */
  envelope?: 1 | 2
  /** Ms after which what is not confirmed is sent again. */
  retryInterval?: number
  maxRetries?: number
  /** How many messages may wait for a connection. */
  bufferLimit?: number
  /** Ms between two looks at the connection: after one without a word the server is asked for a sign of life, after two the connection is made anew. */
  heartbeat?: number
  /** Makes the WebSocket. */
  open?(url: string): BrokerSocket
}

/** What is needed of a WebSocket; the browser's and that of `ws` both have it. */
export interface BrokerSocket {
  readonly readyState: number
  send(text: string): void
  close(code?: number): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
}

export interface BrokerMessage {
  topic: string
  text: string
  messageId: string
  timestamp: number
  /** 1 and above when the server sent it before. */
  retry: number
  retained: boolean
}

export interface Published {
  messageId: string
  /** Subscribers that were there. */
  deliveredTo: number
  /** Named subscribers that were away and get it later. */
  queuedFor: number
}

export type MessageHandler = (message: BrokerMessage) => void | Promise<void>
export type ClientState = 'offline' | 'connecting' | 'online' | 'closed'

/** The server said no; `code` is the WebSocket's where it closed over it. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly code: number | null

  constructor(message: string, code: number | null = null) {
    super(message)
    this.code = code
  }
}

interface Outgoing {
  frame: string
  tries: number
  resolve(published: Published): void
  reject(error: Error): void
}

interface Subscription {
  handlers: Set<MessageHandler>
  confirmed: PromiseWithResolvers<void>
}

/** Refusals that another try cannot change. */
const finalCodes = [4403, 4404, 4410, 4429]
const firstDelay = 250
const longestDelay = 10_000
const remembered = 5_000
/** SHA-256 of nothing. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export class BrokerClient {
  private readonly options: BrokerClientOptions & Required<Pick<BrokerClientOptions, 'retryInterval' | 'maxRetries' | 'bufferLimit' | 'heartbeat'>>
  private readonly envelope: Promise<Envelope | null>
  private socket: BrokerSocket | null = null
  private current: ClientState = 'offline'
  private readonly outgoing = new Map<string, Outgoing>()
  private readonly subscriptions = new Map<string, Subscription>()
  /** Ids of handled messages, two generations; the value is the handling, so that a repetition waits for the first. */
  private handled = new Map<string, Promise<boolean>>()
  private handledBefore = new Map<string, Promise<boolean>>()
  private delay = firstDelay
  private reconnect: ReturnType<typeof setTimeout> | undefined
  private pulse: ReturnType<typeof setInterval> | undefined
  private heard = true
  private quietBeats = 0
  private resend: ReturnType<typeof setInterval> | undefined
  private login = Promise.withResolvers<void>()
  private readonly listeners = { state: new Set<(state: ClientState) => void>(), error: new Set<(error: Error) => void>(), log: new Set<(text: string, at: number) => void>() }

  constructor(options: BrokerClientOptions) {
    this.options = { retryInterval: 5_000, maxRetries: 100, bufferLimit: 10_000, heartbeat: 20_000, ...options }
    this.envelope = options.key === undefined ? Promise.resolve(null) : Envelope.create(options.key, { version: options.envelope ?? 1 })
    // A bad key is reported by `connect`; until then nobody listens.
    this.envelope.catch(() => undefined)
  }

  get state(): ClientState {
    return this.current
  }

  /** Messages that are not confirmed yet. */
  get waiting(): number {
    return this.outgoing.size
  }

  /** Resolves when logged in. Rejects when the server refuses; a server that cannot be reached is tried again instead. */
  async connect(): Promise<void> {
    await this.envelope
    if (this.current === 'offline' && this.reconnect === undefined) this.open()
    this.resend ??= setInterval(() => this.sendAgain(), this.options.retryInterval)
    this.pulse ??= setInterval(() => this.beat(), this.options.heartbeat)
    return this.login.promise
  }

  /** Resolves once the server has it safe. */
  async publish(topic: string, text: string, { retain, ttl }: { retain?: boolean; ttl?: number } = {}): Promise<Published> {
    const context: EnvelopeContext = { topic, messageId: newId(), timestamp: Date.now() }
    const envelope = await this.envelope
    const sealed = envelope === null ? { data: text } : await envelope.seal(text, context)
    return this.send(context, sealed, { retain, ttl })
  }

  /** Takes away what was retained on the topic. */
  clearRetained(topic: string): Promise<Published> {
    // Not in an envelope: the server has to see that there is nothing in it.
    return this.send({ topic, messageId: newId(), timestamp: Date.now() }, { data: '', hash: emptyHash }, { retain: true })
  }

  /** Topics may hold `+` and `#`. Resolves once the server knows; returns what ends the subscription. */
  async subscribe(topic: string, handler: MessageHandler): Promise<() => Promise<void>> {
    const known = this.subscriptions.get(topic)
    const subscription = known ?? { handlers: new Set(), confirmed: Promise.withResolvers<void>() }
    subscription.confirmed.promise.catch(() => undefined)
    subscription.handlers.add(handler)
    this.subscriptions.set(topic, subscription)
    if (known === undefined) this.say({ type: 'subscribe', topic })
    await subscription.confirmed.promise
    return () => this.unsubscribe(topic, handler)
  }

  on(event: 'state', listener: (state: ClientState) => void): () => void
  on(event: 'error', listener: (error: Error) => void): () => void
  on(event: 'log', listener: (text: string, at: number) => void): () => void
  on(event: 'state' | 'error' | 'log', listener: never): () => void {
    const set: Set<unknown> = this.listeners[event]
    set.add(listener)
    return () => void set.delete(listener)
  }

  /** Ends for good; what is not confirmed is rejected. */
  close(): void {
    if (this.current === 'closed') return
    this.become('closed')
    this.stopTimers()
    this.socket?.close(1000)
    this.rejectAll(new BrokerError('The client was closed'))
  }

  private send({ topic, timestamp, messageId }: EnvelopeContext, sealed: Partial<Sealed>, how: { retain?: boolean | undefined; ttl?: number | undefined }): Promise<Published> {
    return new Promise((resolve, reject) => {
      if (this.current === 'closed') throw new BrokerError('The client is closed')
      if (this.outgoing.size >= this.options.bufferLimit) throw new BrokerError('Too many messages wait for the connection')
      const frame = JSON.stringify({ type: 'publish', topic, ...sealed, timestamp, messageId, ...how })
      this.outgoing.set(messageId, { frame, tries: 1, resolve, reject })
      if (this.current === 'online') this.socket?.send(frame)
    })
  }

  private async unsubscribe(topic: string, handler: MessageHandler): Promise<void> {
    const subscription = this.subscriptions.get(topic)
    if (subscription?.handlers.delete(handler) !== true || subscription.handlers.size > 0) return
    this.subscriptions.delete(topic)
    this.say({ type: 'unsubscribe', topic })
  }

  private open(): void {
    this.reconnect = undefined
    this.become('connecting')
    const socket = (this.options.open ?? openWebSocket)(this.options.url)
    this.socket = socket
    this.heard = true
    this.quietBeats = 0
    socket.addEventListener('open', () => void this.init(socket))
    socket.addEventListener('message', ({ data }) => {
      if (socket !== this.socket) return
      this.heard = true
      if (typeof data === 'string') this.take(JSON.parse(data) as Frame) // the server's frames are JSON objects
    })
    socket.addEventListener('close', ({ code, reason }) => {
      if (socket === this.socket) this.lost(code, reason)
    })
    // `close` follows and says all there is to say.
    socket.addEventListener('error', () => undefined)
  }

  private async init(socket: BrokerSocket): Promise<void> {
    const { sessionName, userId, password } = this.options
    try {
      const secret = typeof password === 'string' ? password : await password()
      if (socket === this.socket) socket.send(JSON.stringify({ type: 'init', sessionName, password: secret, userId }))
    } catch (error) {
      this.fail(error instanceof Error ? error : new BrokerError(String(error)))
    }
  }

  private take(frame: Frame): void {
    switch (frame.type) {
      case 'init_response':
        return frame.success === true ? this.loggedIn() : this.refused(String(frame.error))
      case 'subscribe_response': {
        const subscription = this.subscriptions.get(String(frame.topic))
        if (frame.success === true) subscription?.confirmed.resolve()
        else subscription?.confirmed.reject(new BrokerError(String(frame.error)))
        return
      }
      case 'publish_response': {
        const messageId = String(frame.messageId)
        const message = this.outgoing.get(messageId)
        this.outgoing.delete(messageId)
        if (frame.success === true) message?.resolve({ messageId, deliveredTo: Number(frame.deliveredTo ?? 0), queuedFor: Number(frame.queuedFor ?? 0) })
        else message?.reject(new BrokerError(String(frame.error)))
        return
      }
      case 'message':
        return void this.receive(frame)
      case 'log':
        for (const listener of this.listeners.log) listener(String(frame.data), Number(frame.timestamp))
        return
    }
  }

  private loggedIn(): void {
    this.delay = firstDelay
    this.become('online')
    for (const topic of this.subscriptions.keys()) this.say({ type: 'subscribe', topic })
    for (const { frame } of this.outgoing.values()) this.socket?.send(frame)
    this.login.resolve()
  }

  private refused(text: string): void {
    // A server that starts, or a session that is suspended for a while, may say yes later.
    if (text === 'Server is starting' || text === 'Session is suspended' || text === 'Session has too many clients') return this.socket?.close(4000)
    this.fail(new BrokerError(text))
  }

  private fail(error: Error): void {
    this.login.promise.catch(() => undefined)
    this.login.reject(error)
    this.tell(error)
    this.rejectAll(error)
    this.become('closed')
    this.stopTimers()
    this.socket?.close(1000)
  }

  /** A server that vanished without a word leaves a connection that looks well for ever: a subscriber alone would never notice. */
  private beat(): void {
    const dead = this.socket
    if (dead === null) return
    // Counted in beats, not by the clock: browsers let the timers of a page in the background sleep for minutes.
    this.quietBeats = this.heard ? 0 : this.quietBeats + 1
    this.heard = false
    if (this.quietBeats === 1) this.say({ type: 'ping' })
    if (this.quietBeats < 2) return
    // Its own end may take the system minutes.
    this.lost(4000, 'The server does not answer')
    dead.close(4000)
  }

  private stopTimers(): void {
    clearTimeout(this.reconnect)
    clearInterval(this.resend)
    clearInterval(this.pulse)
  }

  private lost(code: number, reason: string): void {
    this.socket = null
    if (this.current === 'closed') return
    if (finalCodes.includes(code) && code !== 4403) return this.fail(new BrokerError(reason === '' ? `Closed with ${code}` : reason, code))
    this.become('offline')
    // Spread, so that a thousand clients do not come back in the same moment.
    const wait = this.delay * (0.5 + Math.random())
    this.delay = Math.min(longestDelay, this.delay * 2)
    this.reconnect = setTimeout(() => this.open(), wait)
  }

  private async receive(frame: Frame): Promise<void> {
    const messageId = String(frame.messageId)
    const before = this.handled.get(messageId) ?? this.handledBefore.get(messageId)
    const handling = before ?? this.handle(frame, messageId)
    if (before === undefined) this.remember(messageId, handling)
    if (await handling) this.say({ type: 'ack', topic: frame.topic, messageId })
    else this.handled.delete(messageId)
  }

  /** False leaves the message with the server, which sends it again. */
  private async handle(frame: Frame, messageId: string): Promise<boolean> {
    const topic = String(frame.topic)
    try {
      const timestamp = Number(frame.timestamp)
      const envelope = await this.envelope
      const data = typeof frame.data === 'string' ? frame.data : JSON.stringify(frame.data)
      const text = envelope === null ? data : await envelope.open({ data, hash: frame.hash }, { topic, messageId, timestamp })
      const message: BrokerMessage = { topic, text, messageId, timestamp, retry: Number(frame.retry ?? 0), retained: frame.retained === true }
      const handlers = [...this.subscriptions].filter(([filter]) => filterMatches(filter, topic)).flatMap(([, subscription]) => [...subscription.handlers])
      for (const handler of handlers) await handler(message)
      return true
    } catch (error) {
      this.tell(error instanceof Error ? error : new BrokerError(String(error)))
      return false
    }
  }

  private remember(messageId: string, handling: Promise<boolean>): void {
    if (this.handled.size >= remembered) {
      this.handledBefore = this.handled
      this.handled = new Map()
    }
    this.handled.set(messageId, handling)
  }

  private sendAgain(): void {
    for (const [messageId, message] of this.outgoing) {
      if (this.current !== 'online') return
      message.tries += 1
      if (message.tries <= this.options.maxRetries) {
        this.socket?.send(message.frame)
        continue
      }
      this.outgoing.delete(messageId)
      message.reject(new BrokerError('The server did not confirm the message'))
    }
  }

  private rejectAll(error: Error): void {
    for (const { reject } of this.outgoing.values()) reject(error)
    this.outgoing.clear()
    for (const { confirmed } of this.subscriptions.values()) confirmed.reject(error)
  }

  private say(frame: object): void {
    if (this.current === 'online') this.socket?.send(JSON.stringify(frame))
  }

  private tell(error: Error): void {
    for (const listener of this.listeners.error) listener(error)
  }

  private become(state: ClientState): void {
    this.current = state
    for (const listener of this.listeners.state) listener(state)
  }
}

interface Frame {
  type?: unknown
  success?: unknown
  error?: unknown
  topic?: unknown
  messageId?: unknown
  deliveredTo?: unknown
  queuedFor?: unknown
  data?: unknown
  hash?: unknown
  timestamp?: unknown
  retry?: unknown
  retained?: unknown
}

function openWebSocket(url: string): BrokerSocket {
  return new WebSocket(url)
}

/** `crypto.randomUUID` is missing on pages that were not opened securely. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`
}

/** The server decided already; this only finds whose handler it is. */
function filterMatches(filter: string, topic: string): boolean {
  const plain = filter.startsWith('$share/') ? filter.slice(filter.indexOf('/', 7) + 1) : filter
  if (plain === topic) return true
  const levels = topic.split('/')
  const wanted = plain.split('/')
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true
    if (level !== '+' && level !== levels[index]) return false
  }
  return wanted.length === levels.length
}
