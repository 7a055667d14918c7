/** What a message holds, as a person reads it. */
import type { BrokerMessage } from '../../../../server/brokers/contract/index.ts'

type Content = Pick<BrokerMessage, 'data' | 'encoding'>

/** Null for bytes that are no text. */
export function textOf({ data, encoding }: Content): string | null {
  if (encoding === 'base64') return null
  return typeof data === 'string' ? data : JSON.stringify(data)
}

export function bytesOf({ data, encoding }: Content): Uint8Array {
  if (encoding === 'base64' && typeof data === 'string') return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))
  return new TextEncoder().encode(textOf({ data, encoding }) ?? '')
}

const previewLength = 160
const shownBytes = 24

/** One line of it. */
export function previewOf(content: Content): string {
  const text = textOf(content)
  if (text === null) return hex(bytesOf({ ...content, data: String(content.data).slice(0, (shownBytes / 3) * 4) }))
  return text.slice(0, previewLength).replaceAll(/\s+/g, ' ')
}

/** An object or a list; undefined for anything else, of which there is nothing to unfold. */
export function structureIn(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** Lines of eight bytes, which fit beside the list and on a phone: place, hexadecimal, letters. */
export function hexDump(bytes: Uint8Array, most = 4_096): string {
  const lines: string[] = []
  for (let start = 0; start < Math.min(bytes.length, most); start += 8) {
    const part = bytes.subarray(start, Math.min(start + 8, most))
    const letters = [...part].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${start.toString(16).padStart(6, '0')}  ${hex(part).padEnd(23)}  ${letters}`)
  }
  return lines.join('\n')
}

/** Whether a topic filter is one that can be listened to here; a shared subscription would take messages from its other members. */
export function isPlainFilter(filter: string): boolean {
  const levels = filter.split('/')
  return filter !== '' && levels[0] !== '$share' && levels.every((level, index) => level !== '#' || index === levels.length - 1)
}
