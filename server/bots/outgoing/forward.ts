/** A message that is passed on: as it was sent from here or kept; what carries no file also by what the log says of it. */
import type { MediaKeys } from '../engine/media-keys.ts'
import type { Content } from '../engine/outgoing.ts'
import { BotFault } from '../fault.ts'
import type { LogStore } from '../messages/log-store.ts'
import type { OutboxStore } from '../messages/outbox-store.ts'
import { pollOf } from './content.ts'

export interface ForwardParts {
  store: Pick<OutboxStore, 'find' | 'encoded'>
  log: Pick<LogStore, 'find'>
  /** A poll that is known here. */
  poll(userId: string, chat: string, messageId: string): { question: string; options: string[]; selectable: number } | null
  /** Where the file that came with a message is at WhatsApp; null when that is not known here. */
  fileOf(userId: string, chat: string, messageId: string): MediaKeys | null
}

/** Kinds that say all they are without a file. */
const plain: ReadonlySet<string> = new Set(['text', 'location', 'contact'])
const files: ReadonlySet<string> = new Set(['image', 'video', 'audio', 'document', 'sticker'])

/** Throws `message-not-found` and `message-not-forwardable`. */
export function forwardOf(
  { store, log, poll: pollBy, fileOf }: ForwardParts,
  userId: string,
  id: string,
  /** Where two chats have one of that id. */
  chat: string | null,
): Content {
  const row = store.find(userId, id)
  const own = row !== undefined && (chat === null || row.chat === chat) ? row : undefined
  const known = log.find(userId, id, chat ?? own?.chat ?? null)
  const kind = known?.kind ?? own?.kind
  if (kind === undefined) throw new BotFault('message-not-found', 'No such message in the log, or among those that were sent from here')
  const said = { kind, text: known?.text ?? '', details: known?.details ?? {} }
  if (said.details.viewOnce === true) throw refused('What may be looked at once cannot be passed on')
  const poll = kind === 'poll' ? pollBy(userId, known?.chat ?? own?.chat ?? '', id) : null
  if (poll !== null) return pollOf(poll)
  if (!plain.has(kind) && !files.has(kind)) throw refused(`A message of this kind (${kind}) cannot be passed on`)
  const encoded = own === undefined ? null : store.encoded(userId, id)
  const keys = encoded === null && known !== undefined && files.has(kind) ? fileOf(userId, known.chat, id) : null
  if (encoded === null && keys === null && (known === undefined || !plain.has(kind)))
    throw refused(own === undefined ? 'Its file is not known here any more' : 'It was not sent yet')
  const bytes = encoded === null ? null : Buffer.from(encoded).toString('base64')
  return { type: 'forward', encoded: bytes, keys, said, isMarked: own === undefined && known?.fromMe !== true }
}

function refused(why: string): Error {
  return new BotFault('message-not-forwardable', why)
}
