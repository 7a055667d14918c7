/** What bots send and hear: the queue, the log, and who is told about it. */
import { iso, type Clock } from '../clock.ts'
import { Fault } from '../fault.ts'
import type { Bot } from './bot.ts'
import type { BotEvent, MessageView, SentView } from './contract-messages.ts'
import type { Connection, Message } from './engine.ts'
import type { MessageStore, OutboxRow } from './messages-store.ts'
import type { BotState } from './states.ts'

export type BotListener = (event: BotEvent) => void

export interface MessagesParts {
  store: MessageStore
  clock: Clock
  /** Days. */
  keepFor(): number
  /** All that happens to bots, for the webhooks. */
  told(event: BotEvent): void
}

const hour = 3_600_000

export class Messages {
  private readonly parts: MessagesParts
  private readonly listeners = new Map<string, Set<BotListener>>()
  private readonly trimming: NodeJS.Timeout
  /** Ever rising: what the overview's chart counts. */
  total = 0

  constructor(parts: MessagesParts) {
    this.parts = parts
    this.trimming = setInterval(() => this.trim(), hour)
    this.trimming.unref()
  }

  heard({ row }: Bot, message: Message): void {
    const { store } = this.parts
    this.total += 1
    // Who wrote to us is no stranger; what we wrote elsewhere went to none either.
    store.meet(row.userId, message.chat)
    if (row.settings.keepsLog) store.log(row.userId, message)
    this.tell(row.userId, { type: 'message', userId: row.userId, message: messageView(message) })
  }

  progressed(userId: string, row: OutboxRow): void {
    this.tell(userId, { type: 'progress', userId, message: sentView(row) })
  }

  changedState({ row }: Bot, state: BotState): void {
    this.tell(row.userId, { type: 'state', userId: row.userId, state, reason: row.reason })
  }

  /** Called with all that happens to the bot. Returns what ends the subscription. */
  subscribe(userId: string, listener: BotListener): () => void {
    const known = this.listeners.get(userId) ?? new Set()
    this.listeners.set(userId, known.add(listener))
    return () => {
      known.delete(listener)
      if (known.size === 0) this.listeners.delete(userId)
    }
  }

  trim(): void {
    this.parts.store.trim(this.parts.clock.now() - this.parts.keepFor() * 24 * hour)
  }

  stop(): void {
    clearInterval(this.trimming)
    this.listeners.clear()
  }

  private tell(userId: string, event: BotEvent): void {
    this.parts.told(event)
    for (const listener of this.listeners.get(userId) ?? []) listener(event)
  }
}

/** A number becomes the id of its chat. */
export function chatOf(to: string): string {
  return to.includes('@') ? to : `${to}@s.whatsapp.net`
}

/** Throws `bot-not-online`. */
export function liveConnection(bot: Bot): Connection {
  if (bot.live === null) throw new Fault('bot-not-online', 'This session is not online')
  return bot.live
}

export function sentView({ messageId, chat, kind, status, problem, createdAt, sentAt, updatedAt }: OutboxRow): SentView {
  return { messageId, chat, kind, status, problem, createdAt: iso(createdAt), sentAt: sentAt === null ? null : iso(sentAt), updatedAt: iso(updatedAt) }
}

export function messageView({ at, ...message }: Message): MessageView {
  return { ...message, at: iso(at) }
}
