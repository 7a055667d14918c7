/** What goes over the connection, and the connection where nobody brings one. */
import { BrokerError, type BrokerSocket, type Frame } from './types.ts'

/** Null for what is no frame of this protocol. */
export function frameOf(data: unknown): Frame | null {
  if (typeof data !== 'string') return null
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null
  }
}

export function openWebSocket(url: string): BrokerSocket {
  if (globalThis.WebSocket === undefined)
    throw new BrokerError(
      'There is no WebSocket here (Node has one from 22 on): give the client one, `open: (url) => new WebSocket(url)` with that of `ws`',
    )
  return new WebSocket(url)
}

/** `crypto.randomUUID` is missing on pages that were not opened securely. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`
}

/** What an error event of a WebSocket tells; nothing in a browser. */
export function wordsOf(event: object): string {
  const { message, error } = event as { message?: unknown; error?: { message?: unknown; code?: unknown } | null }
  // Where a name has several addresses, Node's error has a code and no message.
  const words = [message, error?.message, error?.code].find((each) => typeof each === 'string' && each !== '')
  return typeof words === 'string' ? words : ''
}
