/** What is to be sent, as the queue keeps it: one line of JSON, sealed. */
import { createHash } from 'node:crypto'
import { bytesOf, type Bytes } from '../engine/bytes.ts'
import type { Answered, Content } from '../engine/outgoing.ts'
import { vcardOf } from '../engine/vcard.ts'

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
  if (data === undefined && file === undefined) return { content: modern(content), replyTo }
  const bytes = data === undefined ? find(file ?? '') : bytesOf(Buffer.from(data, 'base64'))
  return bytes === null ? null : { content: { ...rest, bytes } as Content, replyTo } // the bytes that were taken out above
}

/** The words of it, where they are short; nothing of what carries a file (null). */
export function wordsOf(text: string | null): string {
  if (text === null) return ''
  const { content } = JSON.parse(text) as { content: Words } // our own line
  const own = content.text ?? content.caption ?? content.emoji ?? content.question ?? content.said?.text
  return own ?? content.cards?.map(({ name }) => name).join(', ') ?? content.name ?? ''
}

/** Each has something that is another at every call, or that depends on what is known here. */
const varying = ['url', 'upload', 'replyTo', 'contacts', 'preview', 'mentions', 'edits'] as const
const varyingTypes: ReadonlySet<unknown> = new Set(['poll', 'forward', 'reaction', 'contact', 'video', 'sticker'])

/** Names what a caller asked for, where the content that is made of it does not; null where that does. */
export function requestPrint(body: object): string | null {
  const isVarying =
    varyingTypes.has(Reflect.get(body, 'type')) ||
    Reflect.get(body, 'voice') === true ||
    varying.some((field) => Reflect.get(body, field) !== undefined)
  return isVarying ? createHash('sha256').update(JSON.stringify(body)).digest('hex') : null
}

/** Where each kind has its words. */
type Words = Partial<Record<'text' | 'caption' | 'emoji' | 'question' | 'name', string>> & {
  said?: { text: string }
  cards?: { name: string }[]
}

/** Earlier versions kept a contact as a name and a number. */
function modern(content: Content): Content {
  if (content.type !== 'contact' || 'cards' in content) return content
  const { name, phoneNumber } = content as { name: string; phoneNumber: string } // as they wrote it
  return { type: 'contact', cards: [{ name, vcard: vcardOf({ name, phoneNumber }) }] }
}

/** The line with other words, or with none and nothing else of the message. */
export function reworded(content: string, kind: string, text: string | null): string {
  if (text === null) return JSON.stringify({ content: { type: kind }, replyTo: null })
  const kept = JSON.parse(content) as { content: { caption?: string } } // our own line
  const words = 'caption' in kept.content ? { caption: text } : { text }
  return JSON.stringify({ ...kept, content: { ...kept.content, ...words } })
}

/** The line without the words of the message that it answers; null where it answers another, or none. */
export function unquoted(content: string, answered: string): string | null {
  const kept = JSON.parse(content) as { replyTo: Answered | null } // our own line
  if (kept.replyTo?.id !== answered || kept.replyTo.text === '') return null
  return JSON.stringify({ ...kept, replyTo: { ...kept.replyTo, text: '' } })
}
