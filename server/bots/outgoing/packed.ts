/** What is to be sent, as the queue keeps it: one line of JSON, sealed. */
import type { Answered, Content } from '../engine/message.ts'

export interface OutgoingContent {
  content: Content
  replyTo: Answered | null
}

export function pack({ content, replyTo }: OutgoingContent): string {
  return JSON.stringify({ content: 'data' in content ? { ...content, data: content.data.toString('base64') } : content, replyTo })
}

/** What `pack` has written. */
export function unpack(text: string): OutgoingContent {
  // Our own line, sealed since.
  const { content, replyTo } = JSON.parse(text) as { content: Content & { data?: unknown }; replyTo: Answered | null }
  return {
    content: typeof content.data === 'string' ? ({ ...content, data: Buffer.from(content.data, 'base64') } as Content) : content,
    replyTo,
  } // the bytes that were made text above
}

/** The words of it, where they are short; nothing of what carries a file (null). */
export function wordsOf(text: string | null): string {
  if (text === null) return ''
  const { content } = JSON.parse(text) as { content: { text?: string; caption?: string; name?: string; emoji?: string } } // our own line
  return content.text ?? content.caption ?? content.emoji ?? content.name ?? ''
}
