/** The connection to the server, made anew where it ends: later each time, and not all clients in the same moment. */
import { deferred } from './deferred.ts'
import { BrokerError, errorOf, type BrokerSocket, type Frame } from './types.ts'
import { frameOf, openWebSocket, wordsOf } from './wire.ts'

const firstDelay = 250
const longestDelay = 10_000

export interface LineHooks {
  opening(): void
  /** It is there; what is said on it reaches the server. */
  open(): void
  frame(frame: Frame): void
  /** It ended, or none came about. */
  lost(reason: BrokerError): void
  /** There is no address, or none of a WebSocket: another try would end the same. */
  failed(error: Error): void
}

export class Line {
  readonly #make: () => BrokerSocket
  readonly #hooks: LineHooks
  #socket: BrokerSocket | null = null
  #reconnect: ReturnType<typeof setTimeout> | undefined
  #delay = firstDelay
  #isClosed = false
  /** Why there is no connection, as far as it is known. */
  reason = ''
  /** Resolves when the last connection has ended. */
  ended: Promise<void> = Promise.resolve()

  constructor({ url, open = openWebSocket }: { url: string; open?: (url: string) => BrokerSocket }, hooks: LineHooks) {
    this.#make = () => open(url)
    this.#hooks = hooks
  }

  /** Whether there is one, or one on its way. */
  get isThere(): boolean {
    return this.#socket !== null
  }

  /** Whether one is there, on its way, or to be made in a moment. */
  get isBegun(): boolean {
    return this.isThere || this.#reconnect !== undefined
  }

  open(): void {
    this.#reconnect = undefined
    this.#hooks.opening()
    const ended = deferred()
    try {
      const socket = this.#make()
      this.#socket = socket
      this.ended = ended.promise
      const isCurrent = (): boolean => socket === this.#socket && !this.#isClosed
      socket.addEventListener('open', () => {
        if (!isCurrent()) return
        this.reason = ''
        this.#hooks.open()
      })
      socket.addEventListener('message', ({ data }) => {
        // What was on its way when it was closed is not heard any more, a login above all.
        const frame = isCurrent() ? frameOf(data) : null
        if (frame !== null) this.#hooks.frame(frame)
      })
      socket.addEventListener('close', ({ code, reason }) => {
        ended.resolve()
        if (socket === this.#socket) this.#lost(code, reason)
      })
      // `close` follows, and does not say why.
      socket.addEventListener('error', (event) => {
        if (isCurrent()) this.reason = wordsOf(event)
      })
    } catch (error) {
      this.#hooks.failed(errorOf(error))
    }
  }

  send(text: string): void {
    this.#socket?.send(text)
  }

  /** The server has let the client in. */
  worked(): void {
    this.#delay = firstDelay
    this.reason = ''
  }

  /** Tries again later. */
  drop(reason: string): void {
    this.reason = reason
    this.#socket?.close(4000)
  }

  /** It says nothing any more. Its own end may take the system minutes. */
  abandon(): void {
    const dead = this.#socket
    this.#lost(4000, 'The server does not answer')
    dead?.close(4000)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#reconnect)
    this.#socket?.close(1000)
  }

  #lost(code: number, reason: string): void {
    this.#socket = null
    if (this.#isClosed) return
    if (reason !== '') this.reason = reason
    else if (this.reason === '') this.reason = `Closed with ${code}`
    const wait = this.#delay * (0.5 + Math.random())
    this.#delay = Math.min(longestDelay, this.#delay * 2)
    this.#reconnect = setTimeout(() => this.open(), wait)
    // Whoever hears of it may close it.
    this.#hooks.lost(new BrokerError(this.reason, code))
  }
}
