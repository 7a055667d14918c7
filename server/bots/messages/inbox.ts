/**
 * The way of a message that came in: kept (by the engine, before WhatsApp is told that we have it), told to the log, the webhooks and who
 * listens, dealt with by the rules. Whatever ends in between, the next start goes on from there.
 */
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import type { Message } from '../engine/message.ts'
import type { InboxStore } from './inbox-store.ts'

export interface InboxParts {
  store: InboxStore
  log: Log
  /** Tells log, webhooks and listeners; what it writes is written together with the note that it was done. */
  tell(bot: Bot, message: Message): void
  /** Resolves when the rules are through with it. */
  applyRules(bot: Bot, message: Message): Promise<void>
}

export class Inbox {
  readonly #parts: InboxParts
  readonly #underWay = new Set<string>()

  constructor(parts: InboxParts) {
    this.#parts = parts
  }

  /** It is kept; the rest of its way follows. */
  onArrival(bot: Bot, digest: string, message: Message): void {
    this.#goOn(bot, digest, message, false)
  }

  /** What an earlier run or a refusing disk left on its way. */
  recover(bot: Bot): void {
    try {
      for (const { digest, message, isTold } of this.#parts.store.waiting(bot.row.userId)) this.#goOn(bot, digest, message, isTold)
    } catch (error) {
      this.#parts.log.error({ bot: bot.row.userId, error }, 'messages that wait could not be read')
    }
  }

  trim(bot: Bot): void {
    this.#parts.store.trim(bot.row.userId)
  }

  #goOn(bot: Bot, digest: string, message: Message, isTold: boolean): void {
    const { store, tell, applyRules, log } = this.#parts
    const { userId } = bot.row
    const key = `${userId} ${digest}`
    if (this.#underWay.has(key)) return
    const reportInternalError = (error: unknown): void =>
      log.error({ bot: userId, error }, 'a message that came in stays where it is until the bot connects again')
    try {
      if (!isTold) store.tell(userId, digest, () => tell(bot, message))
    } catch (error) {
      return reportInternalError(error)
    }
    this.#underWay.add(key)
    applyRules(bot, message)
      .then(() => store.done(userId, digest))
      .catch(reportInternalError)
      .finally(() => this.#underWay.delete(key))
  }
}
