/** What was published and is not confirmed: sent again until it is, and given up one by one. */
import { BrokerError, type Frame, type Published } from './types.ts'

interface Outgoing {
  frame: string
  bytes: number
  tries: number
  /** On the connection that is there now. */
  isSent: boolean
  resolve(published: Published): void
  reject(error: Error): void
}

export interface OutboxOptions {
  bufferLimit: number
  maxRetries: number
  maxFrameBytes: number
}

const tooLarge = 1009

export class Outbox {
  readonly #options: OutboxOptions
  readonly #messages = new Map<string, Outgoing>()

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#messages.size
  }

  /** Resolves once the server confirmed it. `send` is null while there is no connection. */
  add(messageId: string, frame: string, send: ((frame: string) => void) | null): Promise<Published> {
    return new Promise((resolve, reject) => {
      if (this.#messages.size >= this.#options.bufferLimit) throw new BrokerError('Too many messages wait for the connection')
      const bytes = byteLength(frame)
      // The server would close the connection over it, each time it came again.
      if (bytes > this.#options.maxFrameBytes) throw new BrokerError('Message is too large', tooLarge)
      this.#messages.set(messageId, { frame, bytes, tries: 1, isSent: send !== null, resolve, reject })
      send?.(frame)
    })
  }

  answered(frame: Frame): void {
    const messageId = String(frame.messageId)
    const message = this.#messages.get(messageId)
    if (message === undefined) return
    this.#messages.delete(messageId)
    if (frame.success === true)
      message.resolve({ messageId, deliveredTo: Number(frame.deliveredTo ?? 0), queuedFor: Number(frame.queuedFor ?? 0) })
    else message.reject(new BrokerError(String(frame.error)))
  }

  /** All that waits, on a new connection. */
  sendAll(send: (frame: string) => void): void {
    for (const message of this.#messages.values()) {
      message.isSent = true
      send(message.frame)
    }
  }

  /** What was not confirmed in time goes out again, or is given up. */
  sendAgain(send: (frame: string) => void): void {
    for (const [messageId, message] of this.#messages) {
      message.tries += 1
      if (message.tries <= this.#options.maxRetries) send(message.frame)
      else this.#giveUp(messageId, message, new BrokerError('The server did not confirm the message'))
    }
  }

  /**
   * The connection ended. The frame that was too large for the server, or for something before it, is the largest of those that were on it.
   */
  lost(code: number): void {
    if (code === tooLarge) {
      const [largest] = [...this.#messages].filter(([, { isSent }]) => isSent).sort(([, a], [, b]) => b.bytes - a.bytes)
      if (largest !== undefined) this.#giveUp(...largest, new BrokerError('Message is too large', code))
    }
    for (const message of this.#messages.values()) message.isSent = false
  }

  rejectAll(error: Error): void {
    for (const [messageId, message] of this.#messages) this.#giveUp(messageId, message, error)
  }

  #giveUp(messageId: string, message: Outgoing, error: Error): void {
    this.#messages.delete(messageId)
    message.reject(error)
  }
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
