/** CDP over the two pipes of `--remote-debugging-pipe`: messages end with a zero byte. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Readable, Writable } from 'node:stream'
import { escape } from '../../isolation.ts'

/** What puppeteer-core takes as `transport`. */
export interface PipeTransport {
  /** Puppeteer's returns a promise in which it reads the message and tells whoever listens. */
  onmessage?: (message: string) => unknown
  onclose?: () => void
  /** Sees each message first, at once; true when it has dealt with it and nobody else is to see it. */
  divert?: (message: Buffer) => boolean
  /** Bytes that the browser has not taken yet. */
  readonly unsent: number
  send(message: string): void
  close(): void
}

/** Bytes without an end that are no message any more. The longest there are, of pictures and downloads, stay far below. */
const mostBytes = 512 * 1_048_576

/** `closed` is called once, when either end is gone. */
export function createPipeTransport(toBrowser: Writable, fromBrowser: Readable, closed: () => void): PipeTransport {
  let parts: Buffer[] = []
  let pending = 0
  let open = true

  const transport: PipeTransport = {
    get unsent() {
      return toBrowser.writableLength
    },
    send(message) {
      if (open) toBrowser.write(`${message}\0`)
    },
    close: end,
  }

  function end(): void {
    if (!open) return
    open = false
    parts = []
    toBrowser.destroy()
    fromBrowser.destroy()
    closed()
    transport.onclose?.()
  }

  function receive(chunk: Buffer): void {
    let start = 0
    for (let zero = chunk.indexOf(0); zero !== -1 && open; zero = chunk.indexOf(0, start)) {
      parts.push(chunk.subarray(start, zero))
      const message = parts.length === 1 ? chunk.subarray(start, zero) : Buffer.concat(parts)
      parts = []
      pending = 0
      start = zero + 1
      // Each message gets its own turn: puppeteer settles promises in between and relies on it.
      if (!isDiverted(message)) setImmediate(deliver, message.toString('utf8'))
    }
    if (start === chunk.length) return
    parts.push(chunk.subarray(start))
    pending += chunk.length - start
    if (pending > mostBytes) end()
  }

  function isDiverted(message: Buffer): boolean {
    try {
      return transport.divert?.(message) ?? false
    } catch (error) {
      spoiled(error)
      return true
    }
  }

  /**
   * A message that cannot be read would end the process: nobody awaits the promise in which that happens. What follows it cannot be
   * trusted.
   */
  function deliver(message: string): void {
    try {
      const read = transport.onmessage?.(message)
      if (read instanceof Promise) read.catch(spoiled)
    } catch (error) {
      spoiled(error)
    }
  }

  function spoiled(error: unknown): void {
    escape(new Error('a message from the browser could not be dealt with', { cause: error }))
    end()
  }

  // What messages cause belongs to who opened the pipe, however the stream came to its bytes.
  fromBrowser.on('data', AsyncLocalStorage.bind(receive))
  fromBrowser.on('close', end)
  // Without these two, writing to a browser that has just died would take the whole server down (ECONNRESET, EPIPE).
  fromBrowser.on('error', end)
  toBrowser.on('error', end)
  return transport
}
