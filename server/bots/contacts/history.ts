/** Older messages: into the log, before all that it has, and no news to anybody. */
import type { Bot } from '../bot/bot.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { Happening } from '../engine/happenings.ts'
import type { HistoryCalls } from '../engine/history.ts'
import { BotFault } from '../fault.ts'
import type { LogStore } from '../messages/log-store.ts'

export interface HistoryParts {
  chatLog: Pick<LogStore, 'addOlder' | 'oldest'>
  /** Ms before which messages of the bot are not kept. */
  keptSince(bot: Bot): number
  tell(event: BotEvent): void
}

/** Answers that are waited for; who asked does not ask again soon. */
const mostCounts = 100

export class History {
  readonly #parts: HistoryParts
  /** Messages kept so far, by bot and request. */
  readonly #kept = new Map<string, number>()

  constructor(parts: HistoryParts) {
    this.#parts = parts
  }

  onHappening(bot: Bot, happening: Happening): void {
    const { chatLog, keptSince, tell } = this.#parts
    const { userId, settings } = bot.row
    if (happening.type === 'older' && settings.keepsLog) {
      const key = `${userId} ${happening.request}`
      const since = keptSince(bot)
      const kept = chatLog.addOlder(
        userId,
        happening.messages.filter(({ at }) => at >= since),
      )
      this.#kept.set(key, (this.#kept.get(key) ?? 0) + kept)
    }
    if (happening.type !== 'history') return
    const { request, chat, came } = happening
    tell({ type: 'history', userId, chat, came, kept: this.#kept.get(`${userId} ${request}`) ?? 0, asked: request !== null })
    if (request === null) this.#kept.delete(`${userId} ${request}`)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostCounts && oldest !== undefined) this.#kept.delete(oldest)
  }

  /** How many were new. Throws `log-not-kept`, `nothing-older`, `phone-unanswered`. */
  async older({ row: { userId, settings } }: Bot, calls: HistoryCalls, chat: string, count: number): Promise<number> {
    if (!settings.keepsLog) throw new BotFault('log-not-kept', 'This session keeps no log; older messages would have no place')
    const oldest = this.#parts.chatLog.oldest(userId, chat)
    if (oldest === null) throw new BotFault('nothing-older', 'The log has no message of this chat to go back from')
    const { id, fromMe, author, at } = oldest
    const request = await calls.older(chat, { id, fromMe, ...(chat.endsWith('@g.us') && !fromMe ? { author } : {}), at }, count)
    const kept = this.#kept.get(`${userId} ${request}`) ?? 0
    this.#kept.delete(`${userId} ${request}`)
    return kept
  }
}
