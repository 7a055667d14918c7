/**
 * What a message is to a bot: one event however often it comes, and the same message whatever becomes of it later.
 *
 * What holds:
 * - A message that WhatsApp delivers again is told once, by its id and chat; one that could not be read is told again, with its words.
 * - A change that comes before its message waits for it; the message is then told as it is by now.
 * - What is deleted for all loses its words here too, unless the bot is set to keep them.
 */
import type { Clock } from '../../clock.ts'
import { BotFault } from '../fault.ts'
import type { Bot } from '../bot/bot.ts'
import type { Happening } from '../engine/happenings.ts'
import { placeOf } from '../engine/place.ts'
import type { Message } from '../engine/message.ts'
import {
  deleted,
  edited,
  hangsOnAdmin,
  isChange,
  isMark,
  isSameAuthor,
  lastOf,
  mayChange,
  maySurelyChange,
  type ChangeMessage,
} from './judge.ts'
import type { Known, KnownStore } from './known-store.ts'
import type { LogChanges } from './log-changes-store.ts'
import type { OutboxStore } from '../messages/outbox-store.ts'
import type { Vanishing } from './vanishing-store.ts'

export interface LifeParts {
  store: KnownStore
  log: LogChanges
  /** By which a person is known now. */
  idOf(userId: string, id: string): string
  vanishing: Vanishing
  clock: Pick<Clock, 'now'>
  /** Words of what the account has sent through here. */
  outbox: Pick<OutboxStore, 'reword' | 'unquote'>
  /** A message, or what became of one, for the log, webhooks and who listens. */
  tell(bot: Bot, message: Message): void
  /** Into the log alone. */
  keep(bot: Bot, message: Message): void
  /** A message has lost what it said: whoever keeps more of it, its bytes, forgets that as well. */
  onDeleted(userId: string, chat: string, messageId: string): void
}

export class Life {
  readonly #parts: LifeParts

  constructor(parts: LifeParts) {
    this.#parts = parts
  }

  /** Finds out what `take` has to know of it first; null when that is nothing. Throws `bot-not-online`, and what the connection throws. */
  prepare(bot: Bot, message: Message): Promise<Message> | null {
    if (!isChange(message)) return null
    const of = this.#find(bot, message.chat, message.changes.id)
    if (!hangsOnAdmin(message, of?.stage === 'awaited' ? null : of)) return null
    const { live } = bot
    if (live === null) return Promise.reject(new BotFault('bot-not-online'))
    return live.isAdmin(message.chat, message.author).then((byAdmin) => ({ ...message, changes: { ...message.changes, byAdmin } }))
  }

  /** Tells what is new of it. Returns it as the rules are to see it, null when there is nothing for them. */
  take(bot: Bot, message: Message): Message | null {
    const place = placeOf(message.chat)
    if (place !== 'people' && bot.row.settings.ignores[place]) return null
    const known = this.#find(bot, message.chat, message.id)
    if (isChange(message)) {
      if (known === null) this.#takeChange(bot, message)
      return null
    }
    if (known === null) return this.#tell(bot, message, null)
    const { stage, change, chat } = known
    if (stage === 'awaited') return this.#tell(bot, message, change !== null && mayChange(change, message) ? change : null)
    const isReadableNow = stage === 'unreadable' && message.kind !== 'unreadable' && isSameAuthor(chat, known, message)
    return isReadableNow ? this.#tell(bot, { ...message, chat, wasUnreadable: true }, change) : null
  }

  /** What the account deletes for itself on the phone goes here as well. */
  onHappening({ row: { userId, settings } }: Bot, happening: Happening): void {
    if (happening.type !== 'message-erased' || !happening.isNews || settings.keepsDeleted) return
    const { log, outbox, onDeleted } = this.#parts
    const { chat, messageId } = happening
    log.remove(userId, { chat, id: messageId })
    outbox.reword(userId, messageId, null)
    onDeleted(userId, chat, messageId)
  }

  /** Forgets what is known for long, and what was to vanish by now. */
  trim(bot: Bot): void {
    const { store, log, vanishing, clock } = this.#parts
    const { userId } = bot.row
    store.trim(userId)
    for (const message of vanishing.due(userId, clock.now())) {
      this.#forget(userId, message.chat, message.id)
      log.remove(userId, message)
    }
  }

  #tell(bot: Bot, message: Message, change: ChangeMessage | null): Message | null {
    const { store, vanishing, tell, keep } = this.#parts
    const { userId, settings } = bot.row
    const { id, chat, author, fromMe, kind } = message
    const isDeleted = change?.changes.how === 'revoked'
    store.put(userId, {
      ...{ id, chat, author, fromMe },
      stage: isDeleted ? 'deleted' : kind === 'unreadable' ? 'unreadable' : 'seen',
      editedAt: change === null || isDeleted ? null : change.at,
      change: kind === 'unreadable' && !isDeleted ? change : null,
    })
    if (change === null || !isDeleted) {
      const told = change === null ? message : edited(message, change, settings.keepsDeleted)
      tell(bot, told)
      if (told.expiresAt !== undefined && !settings.keepsDeleted) vanishing.note(userId, chat, id, told.expiresAt)
      return told
    }
    if (settings.keepsDeleted) tell(bot, { ...message, deletedAt: change.at })
    else keep(bot, deleted(message, change.at))
    return null
  }

  #takeChange(bot: Bot, change: ChangeMessage): void {
    const { store } = this.#parts
    const { userId } = bot.row
    const { author, fromMe } = change
    // That it has come is known from now on, like that of any message.
    store.put(userId, { id: change.id, chat: change.chat, author, fromMe, stage: 'seen', editedAt: null, change: null })
    const of = this.#find(bot, change.chat, change.changes.id)
    if (isMark(change.changes.how)) return this.#mark(bot, of === null ? change : { ...change, chat: of.chat })
    if (of === null || of.stage === 'awaited') this.#await(bot, change, of?.change ?? null)
    else if (of.stage !== 'deleted' && mayChange(change, of)) this.#change(bot, { ...change, chat: of.chat }, of)
  }

  /** Its message has not come, or was forgotten long ago. */
  #await(bot: Bot, change: ChangeMessage, before: ChangeMessage | null): void {
    const { author, fromMe, chat, changes } = change
    const last = lastOf(before, change)
    this.#parts.store.put(bot.row.userId, { id: changes.id, chat, author, fromMe, stage: 'awaited', editedAt: null, change: last })
    if (last !== change || !maySurelyChange(change)) return
    if (changes.how === 'revoked') this.#forget(bot.row.userId, chat, changes.id)
    this.#parts.tell(bot, change)
  }

  #change(bot: Bot, change: ChangeMessage, of: Known): void {
    const { store, log, outbox, tell } = this.#parts
    const { userId, settings } = bot.row
    if (change.changes.how === 'revoked') {
      store.put(userId, { ...of, stage: 'deleted', change: null })
      if (settings.keepsDeleted) log.change(userId, of, (message) => ({ ...message, deletedAt: change.at }))
      else {
        log.change(userId, of, (message) => deleted(message, change.at))
        this.#forget(userId, of.chat, of.id)
      }
    } else {
      // They may come out of their order; the last word is the last one.
      if (change.at < (of.editedAt ?? 0)) return
      store.put(userId, { ...of, editedAt: change.at, change: of.stage === 'unreadable' ? change : null })
      log.change(userId, of, (message) => edited(message, change, settings.keepsDeleted))
      if (of.fromMe) outbox.reword(userId, of.id, change.text)
    }
    tell(bot, change)
  }

  /** Anybody in the chat may do that. */
  #mark(bot: Bot, change: ChangeMessage): void {
    const { log, vanishing, tell } = this.#parts
    const { userId } = bot.row
    const { chat, changes } = change
    const message = { chat, id: changes.id }
    if (changes.how === 'pinned' || changes.how === 'unpinned')
      log.change(userId, message, ({ pinned: _before, ...kept }) => ({ ...kept, ...(changes.how === 'pinned' ? { pinned: true } : {}) }))
    const { expiresAt } = log.find(userId, chat, changes.id) ?? {}
    if (changes.how === 'kept') vanishing.forget(userId, chat, changes.id)
    if (changes.how === 'unkept' && expiresAt !== undefined) vanishing.note(userId, chat, changes.id, expiresAt)
    tell(bot, change)
  }

  /** Wherever else its words are. */
  #forget(userId: string, chat: string, id: string): void {
    const { log, outbox, onDeleted } = this.#parts
    log.unquote(userId, { chat, id })
    outbox.unquote(userId, chat, id)
    outbox.reword(userId, id, null)
    onDeleted(userId, chat, id)
  }

  /** What was kept before there was a table of what is known stands in the log alone. */
  #find({ row: { userId } }: Bot, chat: string, id: string): Known | null {
    const { store, log, idOf } = this.#parts
    const known = store.find(userId, chat, id)
    if (known !== null) return { ...known, author: idOf(userId, known.author) }
    const kept = log.find(userId, chat, id)
    if (kept === null) return null
    const stage = kept.kind === 'unreadable' ? 'unreadable' : kept.deletedAt === undefined ? 'seen' : 'deleted'
    return { id, chat, stage, author: idOf(userId, kept.author), fromMe: kept.fromMe, editedAt: kept.editedAt ?? null, change: null }
  }
}
