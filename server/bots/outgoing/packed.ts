/** What is to be sent, as the queue keeps it: one line of JSON, sealed. */
import { bytesOf, type Bytes } from '../engine/bytes.ts'
import type { Answered, Content } from '../engine/message.ts'

export interface OutgoingContent {
  content: Content
  replyTo: Answered | null
}

export function pack({ content, replyTo }: OutgoingContent): string {
  if (!('bytes' in content)) return JSON.stringify({ content, replyTo })
  const { bytes, ...rest } = content
  return JSON.stringify({
    content: bytes.file === null ? { ...rest, data: bytes.inMemory.toString('base64') } : { ...rest, file: bytes.file },
    replyTo,
  })
}

/** What `pack` has written; null when its file is gone. `find` opens a file of the bot's. */
export function unpack(text: string, find: (file: string) => Bytes | null): OutgoingContent | null {
  // Our own line, sealed since.
  const { content, replyTo } = JSON.parse(text) as { content: Content & { data?: string; file?: string }; replyTo: Answered | null }
  const { data, file, ...rest } = content
  if (data === undefined && file === undefined) return { content, replyTo }
  const bytes = data === undefined ? find(file ?? '') : bytesOf(Buffer.from(data, 'base64'))
  return bytes === null ? null : { content: { ...rest, bytes } as Content, replyTo } // the bytes that were taken out above
}

/** The words of it, where they are short; nothing of what carries a file (null). */
export function wordsOf(text: string | null): string {
  if (text === null) return ''
  const { content } = JSON.parse(text) as { content: { text?: string; caption?: string; name?: string; emoji?: string } } // our own line
  return content.text ?? content.caption ?? content.emoji ?? content.name ?? ''
}

/** The line with other words, or with none and nothing else of the message. */
export function reworded(content: string, kind: string, text: string | null): string {
  if (text === null) return JSON.stringify({ content: { type: kind }, replyTo: null })
  const kept = JSON.parse(content) as { content: { caption?: string } } // our own line
  const words = 'caption' in kept.content ? { caption: text } : { text }
  return JSON.stringify({ ...kept, content: { ...kept.content, ...words } })
}
