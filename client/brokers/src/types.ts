/** What a program gives to a broker client and gets from it. */

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
  /** Bytes of a frame that the server takes; a larger one is refused before it is sent. */
  maxFrameBytes?: number
  /**
   * Ms between two looks at the connection: after one without a word the server is asked for a sign of life, after two the connection is
   * made anew.
   */
  heartbeat?: number
  /** Makes the WebSocket. */
  open?(url: string): BrokerSocket
}

/** What is needed of a WebSocket; the browser's and that of `ws` both have it. */
export interface BrokerSocket {
  readonly readyState: number
  send(text: string): void
  close(code?: number): void
  addEventListener(type: 'open', listener: () => void): void
  /** Node's say in the event what was in the way, browsers' keep it to themselves. */
  addEventListener(type: 'error', listener: (event: object) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
}

export interface BrokerMessage {
  topic: string
  text: string
  /** Present when what an MQTT client published was no text: `text` is its bytes in Base64. */
  encoding?: 'base64'
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

export interface SubscribeOptions {
  /** Texts on the topic travel as they are, though the client has a key. */
  plain?: boolean
}

export interface ConnectOptions {
  /** Subscriptions by their topic: made with the login, so that what waited for a named client finds its handler. */
  handlers?: Readonly<Record<string, MessageHandler | ({ handler: MessageHandler } & SubscribeOptions)>>
  /** Ms after which `connect` rejects where the server cannot be reached; the client goes on trying until it is closed. */
  timeout?: number
}

export type ClientState = 'offline' | 'connecting' | 'online' | 'closed'

/** The server said no; `code` is the WebSocket's where it closed over it. */
export class BrokerError extends Error {
  override readonly name: string = 'BrokerError'
  readonly code: number | null

  constructor(message: string, code: number | null = null) {
    super(message)
    this.code = code
  }
}

/** The server does not let the client in, and another try would end the same: `Invalid password`, `Session not found`. */
export class LoginError extends BrokerError {
  override readonly name: string = 'LoginError'
}

/** A frame of the server, of which nothing is known until it is looked at. */
export interface Frame {
  type?: unknown
  success?: unknown
  error?: unknown
  topic?: unknown
  messageId?: unknown
  deliveredTo?: unknown
  queuedFor?: unknown
  data?: unknown
  encoding?: unknown
  hash?: unknown
  timestamp?: unknown
  retry?: unknown
  retained?: unknown
  shared?: unknown
  own?: unknown
}

/** Whatever was thrown, as an error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new BrokerError(String(thrown))
}
