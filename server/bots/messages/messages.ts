/** What bots send and hear: the queue, the log, and who is told about it. */
import { iso, type Clock } from '../../clock.ts'
import { BotFault } from '../fault.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotEvent, ChatView, LoggedView, MessageView, SentView } from '../contract/native/messages.ts'
import type { Connection } from '../engine/engine.ts'
import type { Message } from '../engine/message.ts'
import type { Chat, LoggedMessage, LogStore } from './log-store.ts'
import type { MessageStore, OutboxRow } from './outbox-store.ts'
import { isGroup, numberOf } from '../engine/address.ts'
import type { BotState } from '../contract/native/bots.ts'

export type BotListener = (event: BotEvent) => void

export interface MessagesParts {
  store: MessageStore
  log: LogStore
  errors: Pick<Log, 'warn'>
  clock: Clock
  bots(): readonly Bot[]
  /** Days that a bot's messages are kept. */
  keepFor(bot: Bot): number
  /** Whatever else is kept for a while. */
  trimmed(bot: Bot): void
  /** All that happens to bots, for the webhooks. */
  told(event: BotEvent): void
}

const hour = 3_600_000

export class Messages {
  private readonly parts: MessagesParts
  private readonly listeners = new Map<string, Set<BotListener>>()
  private trimming: NodeJS.Timeout | undefined
  /** Ever rising: what the overview's chart counts. */
  total = 0

  constructor(parts: MessagesParts) {
    this.parts = parts
  }

  start(): void {
    this.trim()
    clearInterval(this.trimming)
    this.trimming = setInterval(() => this.trim(), hour).unref()
  }

  heard({ row }: Bot, message: Message): void {
    const { log } = this.parts
    this.total += 1
    // Who wrote to us is no stranger; what we wrote elsewhere went to none either.
    log.meet(row.userId, message.chat)
    if (row.settings.keepsLog) {
      log.add(row.userId, message)
      if (!message.fromMe && !isGroup(message.chat) && message.authorName !== null)
        log.setName(row.userId, message.chat, message.authorName)
    }
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
    const { store, log, clock, bots, keepFor, trimmed } = this.parts
    for (const bot of bots()) {
      const before = clock.now() - keepFor(bot) * 24 * hour
      try {
        trimmed(bot)
        store.trim(bot.row.userId, before)
        log.trim(bot.row.userId, before)
      } catch (error) {
        this.parts.errors.warn({ bot: bot.row.userId, error }, 'old messages of a bot could not be removed; the next round tries again')
      }
    }
  }

  /** Who listens goes on listening: the room may be started again. */
  stop(): void {
    clearInterval(this.trimming)
  }

  tell(userId: string, event: BotEvent): void {
    this.parts.told(event)
    for (const listener of this.listeners.get(userId) ?? []) {
      try {
        listener(event)
      } catch (error) {
        // Who listens badly keeps nothing from the others.
        this.parts.errors.warn({ bot: userId, error }, 'a listener could not be told what happened to a bot')
      }
    }
  }
}

/** Throws `bot-not-online`. */
export function liveConnection(bot: Bot): Connection {
  if (bot.live === null) throw new BotFault('bot-not-online', 'This session is not online')
  return bot.live
}

export function sentView({ messageId, chat, kind, status, problem, createdAt, sentAt, updatedAt }: OutboxRow): SentView {
  return {
    messageId,
    chat,
    kind,
    status,
    problem,
    createdAt: iso(createdAt),
    sentAt: sentAt === null ? null : iso(sentAt),
    updatedAt: iso(updatedAt),
  }
}

export function messageView({ at, ...message }: Message): MessageView {
  return { ...message, at: iso(at) }
}

export function loggedView({ number, status, ...message }: LoggedMessage): LoggedView {
  return { ...messageView(message), number, status }
}

export function chatView({ chat, last, ...facts }: Chat): ChatView {
  return { chat, isGroup: isGroup(chat), phoneNumber: numberOf(chat), ...facts, last: loggedView(last) }
}

/** The words of what waits or was sent, where they are short. */
export function wordsOf(content: string | null): string {
  if (content === null) return ''
  const { content: parsed } = JSON.parse(content) as {
    content: { type: string; text?: string; caption?: string; name?: string; emoji?: string }
  } // our own line, sealed since
  return parsed.text ?? parsed.caption ?? parsed.emoji ?? parsed.name ?? ''
}
