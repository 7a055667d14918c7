/** CDP over the two pipes of `--remote-debugging-pipe`: messages end with a zero byte. */
import type { Readable, Writable } from 'node:stream'

/** What puppeteer-core takes as `transport`. */
export interface PipeTransport {
  onmessage?: (message: string) => void
  onclose?: () => void
  send(message: string): void
  close(): void
}

/** `closed` is called once, when either end is gone. */
export function createPipeTransport(toBrowser: Writable, fromBrowser: Readable, closed: () => void): PipeTransport {
  let parts: Buffer[] = []
  let open = true

  const transport: PipeTransport = {
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
      const message = (parts.length === 1 ? chunk.subarray(start, zero) : Buffer.concat(parts)).toString('utf8')
      parts = []
      start = zero + 1
      // Each message gets its own turn: puppeteer settles promises in between and relies on it.
      setImmediate(() => transport.onmessage?.(message))
    }
    if (start < chunk.length) parts.push(chunk.subarray(start))
  }

  fromBrowser.on('data', receive)
  fromBrowser.on('close', end)
  // Without these two, writing to a browser that has just died would take the whole server down (ECONNRESET, EPIPE).
  fromBrowser.on('error', end)
  toBrowser.on('error', end)
  return transport
}
