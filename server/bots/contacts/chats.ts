/** How the chats of bots are sorted, by their phones and by us; each change is told once, whoever made it. */
import { iso, type Clock } from '../../clock.ts'
import type { Bot } from '../bot/bot.ts'
import type { ChatFlagsView } from '../contract/native/chat-flags.ts'
import type { LabelView } from '../contract/native/chats.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { ChatCalls, ChatFlags, LastMessage } from '../engine/chats.ts'
import type { Happening } from '../engine/happenings.ts'
import type { Message, MessageKey } from '../engine/message.ts'
import { BotFault } from '../fault.ts'
import type { LogStore } from '../messages/log-store.ts'
import type { ChatStore } from './chats-store.ts'

export interface ChatsParts {
  store: ChatStore
  chatLog: Pick<LogStore, 'read' | 'clear'>
  clock: Clock
  tell(event: BotEvent): void
}

/** Kinds that say nothing of when they vanish. */
const timeless: ReadonlySet<string> = new Set(['reaction', 'unreadable', 'other', 'album'])

export class Chats {
  readonly #parts: ChatsParts

  constructor(parts: ChatsParts) {
    this.#parts = parts
  }

  onHappening(bot: Bot, happening: Happening): void {
    const { store } = this.#parts
    const { userId } = bot.row
    const isNews = 'isNews' in happening && happening.isNews
    switch (happening.type) {
      case 'chat':
        if (store.setFlags(userId, happening.chat, happening.flags) && isNews) this.#tellChat(userId, happening.chat, 'changed')
        return
      case 'chat-deleted':
        if (isNews) this.#forgetChat(bot, happening.chat)
        return
      case 'message-erased':
        // The log has lost it by now (`life/`).
        if (isNews) this.#tellChat(userId, happening.chat, 'message-erased', happening.messageId)
        return
      case 'starred':
        if (store.setStar(userId, happening.chat, happening.messageId, happening.on) && isNews)
          this.#tellChat(userId, happening.chat, happening.on ? 'starred' : 'unstarred', happening.messageId)
        return
      case 'label': {
        const { label, name, color, isDeleted } = happening
        if (isDeleted) store.removeLabel(userId, label)
        else store.setLabel(userId, { label, name, color })
        if (isNews) this.#tellLabel(userId, { id: label, name, color }, isDeleted ? 'deleted' : 'changed')
        return
      }
      case 'labelled': {
        const { label, chat, messageId, on } = happening
        if (store.setUse(userId, label, chat, messageId, on) && isNews)
          this.#tellLabel(userId, this.#label(userId, label), on ? 'put-on' : 'taken-off', { chat, messageId })
      }
    }
  }

  /** What others write says after how long it vanishes, also where nobody was heard to set that. */
  onMessage(bot: Bot, { chat, fromMe, kind, timer = 0, changes, vote }: Message): void {
    if (fromMe || changes !== undefined || vote !== undefined || timeless.has(kind)) return
    this.onHappening(bot, { type: 'chat', chat, flags: { timer }, isNews: true })
  }

  view(userId: string, chat: string): ChatFlagsView {
    const { archived, pinnedAt, mutedUntil, markedUnread, timer } = this.#parts.store.flags(userId, chat)
    const isMuted = mutedUntil !== null && mutedUntil > this.#parts.clock.now()
    return {
      archived,
      pinned: pinnedAt !== null,
      mutedUntil: !isMuted ? null : mutedUntil === Infinity ? 'forever' : iso(mutedUntil),
      markedUnread,
      timer,
      labels: this.#parts.store.labelsOn(userId, chat, null),
    }
  }

  stars(userId: string, chat: string): string[] {
    return this.#parts.store.stars(userId, chat)
  }

  labels(userId: string): LabelView[] {
    return this.#parts.store.labels(userId).map(({ label, name, color }) => ({ id: label, name, color }))
  }

  async change(bot: Bot, calls: ChatCalls, chat: string, change: ChatFlags): Promise<void> {
    const { archived, pinnedAt, mutedUntil, markedUnread, timer } = change
    const last = this.#last(bot.row.userId, chat)
    if (archived !== undefined) await calls.archive(chat, archived, last)
    if (pinnedAt !== undefined) await calls.pin(chat, pinnedAt !== null)
    if (mutedUntil !== undefined) await calls.mute(chat, mutedUntil)
    if (markedUnread !== undefined) await calls.markUnread(chat, markedUnread, last)
    if (timer !== undefined) await calls.setTimer(chat, timer)
    this.onHappening(bot, { type: 'chat', chat, flags: change, isNews: true })
  }

  async star(bot: Bot, calls: ChatCalls, chat: string, message: MessageKey, on: boolean): Promise<void> {
    await calls.star(chat, message, on)
    this.onHappening(bot, { type: 'starred', chat, messageId: message.id, on, isNews: true })
  }

  /** On the phone, and here. */
  async remove(bot: Bot, calls: ChatCalls, chat: string): Promise<void> {
    await calls.delete(chat, this.#last(bot.row.userId, chat))
    this.#forgetChat(bot, chat, true)
  }

  /** Its messages, on the phone and here; the chat stays. */
  async clear({ row }: Bot, calls: ChatCalls, chat: string): Promise<void> {
    await calls.clear(chat, this.#last(row.userId, chat))
    this.#parts.chatLog.clear(row.userId, chat)
    this.#tellChat(row.userId, chat, 'cleared')
  }

  async addLabel(bot: Bot, calls: ChatCalls, facts: { name: string; color: number }): Promise<LabelView> {
    const taken = this.#parts.store.labels(bot.row.userId).map(({ label }) => Number(label))
    const label = String(Math.max(0, ...taken.filter(Number.isSafeInteger)) + 1)
    return this.#editLabel(bot, calls, { id: label, ...facts }, false)
  }

  /** Throws `label-not-found`. */
  async changeLabel(bot: Bot, calls: ChatCalls, id: string, change: { name?: string; color?: number }): Promise<LabelView> {
    return this.#editLabel(bot, calls, { ...this.#known(bot, id), ...change }, false)
  }

  /** Throws `label-not-found`. */
  async removeLabel(bot: Bot, calls: ChatCalls, id: string): Promise<void> {
    await this.#editLabel(bot, calls, this.#known(bot, id), true)
  }

  /** Throws `label-not-found`. */
  async setLabel(bot: Bot, calls: ChatCalls, use: { label: string; chat: string; messageId: string | null; on: boolean }): Promise<void> {
    this.#known(bot, use.label)
    await calls.label(use.label, use.chat, use.messageId, use.on)
    this.onHappening(bot, { type: 'labelled', ...use, isNews: true })
  }

  async #editLabel(bot: Bot, calls: ChatCalls, label: LabelView, isDeleted: boolean): Promise<LabelView> {
    const { id, name, color } = label
    await calls.editLabel(id, { name, color, isDeleted })
    // Told when it comes back from WhatsApp, as what the phone does is.
    if (isDeleted) this.#parts.store.removeLabel(bot.row.userId, id)
    else this.#parts.store.setLabel(bot.row.userId, { label: id, name, color })
    return label
  }

  #known({ row: { userId } }: Bot, id: string): LabelView {
    const found = this.labels(userId).find((label) => label.id === id)
    if (found === undefined) throw new BotFault('label-not-found', 'No such label')
    return found
  }

  #label(userId: string, id: string): LabelView {
    return this.labels(userId).find((label) => label.id === id) ?? { id, name: '', color: 0 }
  }

  #last(userId: string, chat: string): LastMessage | null {
    const [last] = this.#parts.chatLog.read(userId, { chat, limit: 1 }).items
    return last === undefined ? null : { id: last.id, fromMe: last.fromMe, author: last.author, at: last.at }
  }

  /** A chat that is deleted on the phone loses its messages here too, unless the person set this bot to keep what is deleted. */
  #forgetChat({ row: { userId, settings } }: Bot, chat: string, byUs = false): void {
    this.#parts.store.forgetChat(userId, chat)
    if (byUs || !settings.keepsDeleted) this.#parts.chatLog.clear(userId, chat)
    this.#tellChat(userId, chat, 'deleted')
  }

  #tellChat(userId: string, chat: string, what: (BotEvent & { type: 'chat' })['what'], messageId: string | null = null): void {
    this.#parts.tell({ type: 'chat', userId, chat, what, messageId, ...this.view(userId, chat) })
  }

  #tellLabel(
    userId: string,
    label: LabelView,
    what: (BotEvent & { type: 'label' })['what'],
    { chat, messageId }: { chat: string | null; messageId: string | null } = { chat: null, messageId: null },
  ): void {
    this.#parts.tell({ type: 'label', userId, label, what, chat, messageId })
  }
}
