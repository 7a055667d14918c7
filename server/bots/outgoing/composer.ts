/** Puts together what callers ask to send, with what is known here of the messages that it is about. Knows no HTTP. */
import type { Clock } from '../../clock.ts'
import type { Sources } from '../media/sources.ts'
import type { Bot } from '../bot/bot.ts'
import type { EditedBody, OutgoingBody } from '../contract/native/outgoing.ts'
import { chatOf, isGroup } from '../engine/address.ts'
import type { MessageKey } from '../engine/message.ts'
import type { Answered, Naming } from '../engine/outgoing.ts'
import { BotFault } from '../fault.ts'
import type { LoggedMessage, LogStore } from '../messages/log-store.ts'
import type { Outbox } from '../messages/outbox.ts'
import type { OutboxRow, OutboxStore } from '../messages/outbox-store.ts'
import type { People } from '../people/people.ts'
import { contentOf, type Making } from './content.ts'
import { forwardOf, type ForwardParts } from './forward.ts'
import { requestPrint } from './packed.ts'
import { lateness } from './time-limits.ts'

export interface ComposerParts extends ForwardParts {
  sources: Pick<Sources, 'open'>
  outbox: Pick<Outbox, 'add' | 'known'>
  store: Pick<OutboxStore, 'find' | 'encoded' | 'cancel'>
  log: Pick<LogStore, 'find'>
  making: Making
  people: Pick<People, 'idOf'>
  clock: Clock
}

export interface Asked {
  idempotencyKey: string | null
  signal: AbortSignal
}

/** Which message is meant, beyond its id. */
export interface Meant {
  chat?: string | undefined
  /** Who wrote it, where it is not in the log. */
  author?: string | undefined
}

const editable: ReadonlySet<string> = new Set(['text', 'image', 'video', 'document'])

export type Composer = ReturnType<typeof createComposer>

export function createComposer(parts: ComposerParts) {
  const { outbox, store, log, making, sources, people, clock } = parts
  /** The chat that is meant, by whichever id. */
  const chatIn = ({ row: { userId } }: Bot, chat: string): string => people.idOf(userId, chatOf(chat))

  /** By the log, where it is there, rather than by what a caller says of it. Throws `author-missing`. */
  function keyOf(bot: Bot, chat: string, given: MessageKey): { key: MessageKey; known: LoggedMessage | undefined } {
    const { userId } = bot.row
    const known = log.find(userId, given.id, chat)
    const fromMe = known?.fromMe ?? (given.fromMe || store.find(userId, given.id)?.chat === chat)
    const author = isGroup(chat) && !fromMe ? (known?.author ?? given.author) : undefined
    if (isGroup(chat) && !fromMe && author === undefined)
      throw new BotFault('author-missing', 'The message is not in the log: say who wrote it (author)')
    return { key: { id: given.id, fromMe, ...(author === undefined ? {} : { author: chatIn(bot, author) }) }, known }
  }

  function answered(bot: Bot, chat: string, given: NonNullable<OutgoingBody['replyTo']>): Answered {
    const { key, known } = keyOf(bot, chat, given)
    return known === undefined ? { ...key, text: given.text } : { ...key, text: known.text, kind: known.kind, details: known.details }
  }

  /** Throws `message-not-found`. */
  function find(userId: string, id: string, chat: string | null): { row: OutboxRow | undefined; known: LoggedMessage | undefined } {
    const row = store.find(userId, id)
    const own = chat === null || row?.chat === chat ? row : undefined
    const known = log.find(userId, id, own?.chat ?? chat)
    return { row: own, known }
  }

  return {
    /** Throws what is wrong with it: see the contract. A repeated call with the same key answers with the first one's row. */
    async send(bot: Bot, body: OutgoingBody, { idempotencyKey, signal }: Asked): Promise<OutboxRow> {
      const chat = chatIn(bot, body.to)
      const fingerprint = requestPrint(body)
      const earlier = fingerprint === null ? null : outbox.known(bot, idempotencyKey, fingerprint)
      if (earlier !== null) return earlier
      const replyTo = body.replyTo === undefined ? null : answered(bot, chat, body.replyTo)
      const content =
        body.type === 'forward'
          ? forwardOf(parts, bot.row.userId, body.message, body.from === undefined ? null : chatIn(bot, body.from))
          : body.type === 'reaction'
            ? { type: body.type, emoji: body.emoji, to: keyOf(bot, chat, body.message).key }
            : await contentOf(body, {
                ...making,
                ...{ signal, naming: naming(chat, body) },
                open: (source, kind) => sources.open(bot.row.userId, source, kind, signal),
              })
      return outbox.add(bot, { chat: chatOf(body.to), content, replyTo, idempotencyKey, fingerprint })
    },

    /** Throws `message-not-found`, `message-not-editable` and `message-too-old`. */
    async edit(bot: Bot, id: string, body: EditedBody, { chat: given }: Meant, { idempotencyKey, signal }: Asked): Promise<OutboxRow> {
      const { row, known } = find(bot.row.userId, id, given === undefined ? null : chatIn(bot, given))
      const chat = row?.chat ?? known?.chat
      if (chat === undefined) throw new BotFault('message-not-found', 'No such message')
      const refusal = whyNotEditable(body.text, row, known)
      if (refusal !== null) throw new BotFault('message-not-editable', refusal)
      const late = lateness('edit', sentAt(row, known), clock.now())
      if (late !== null) throw new BotFault('message-too-old', late)
      const fingerprint = requestPrint({ ...body, edits: id })
      const earlier = fingerprint === null ? null : outbox.known(bot, idempotencyKey, fingerprint)
      if (earlier !== null) return earlier
      const preview = await making.previews.of(body.text, body.preview, signal)
      const content = {
        type: 'edit' as const,
        of: { id, fromMe: true },
        text: body.text,
        ...naming(chat, body),
        ...(preview === null ? {} : { preview }),
      }
      return outbox.add(bot, { chat, content, replyTo: null, idempotencyKey, fingerprint })
    },

    /**
     * Null when it was still waiting, and is taken out of the queue. Throws `message-not-found`, `message-not-deletable`,
     * `message-too-old` and `author-missing`.
     */
    deleteForAll(bot: Bot, id: string, { chat: given, author }: Meant, idempotencyKey: string | null): OutboxRow | null {
      const { userId } = bot.row
      const { row, known } = find(userId, id, given === undefined ? null : chatIn(bot, given))
      if (row?.status === 'queued' && store.cancel(userId, id)) return null
      const chat = row?.chat ?? known?.chat ?? (given === undefined ? undefined : chatIn(bot, given))
      if (chat === undefined) throw new BotFault('message-not-found', 'No such message; say its chat if it is not in the log')
      if (row?.status === 'failed') throw new BotFault('message-not-deletable', 'It was never sent')
      const { key } = keyOf(bot, chat, { id, fromMe: author === undefined && !isGroup(chat) && known === undefined, author })
      if (!key.fromMe && !isGroup(chat))
        throw new BotFault('message-not-deletable', 'What others wrote can be deleted for all in groups alone')
      const late = lateness('delete', sentAt(row, known), clock.now())
      if (late !== null) throw new BotFault('message-too-old', late)
      return outbox.add(bot, { chat, content: { type: 'delete', of: key }, replyTo: null, idempotencyKey })
    },
  }
}

function whyNotEditable(text: string, row: OutboxRow | undefined, known: LoggedMessage | undefined): string | null {
  const kind = row?.kind ?? known?.kind ?? ''
  if (row === undefined && known?.fromMe !== true) return 'Somebody else wrote it'
  if (row?.status === 'failed') return 'It was never sent'
  if (known?.deletedAt !== undefined) return 'It was deleted for all'
  if (!editable.has(kind) || known?.details.media?.note === true)
    return `A message of this kind (${kind}) has no words that could be changed`
  if (kind !== 'text' && row === undefined)
    return 'It was sent from another device, and what stands under its file can be changed there alone'
  return kind === 'text' && text === '' ? 'A text cannot be made empty; delete it instead' : null
}

/** Null while it is on its way. */
function sentAt(row: OutboxRow | undefined, known: LoggedMessage | undefined): number | null {
  return row === undefined ? (known?.at ?? null) : row.sentAt
}

/** Throws `not-a-group`. */
function naming(chat: string, body: object): Naming {
  const { mentions } = body as Pick<EditedBody, 'mentions'> // those bodies that name people all do it so
  if (mentions === undefined) return {}
  if (mentions !== 'all') return mentions.length === 0 ? {} : { mentions: mentions.map(chatOf) }
  if (!isGroup(chat)) throw new BotFault('not-a-group', 'Everybody can be mentioned in a group alone')
  return { mentionsAll: true }
}
