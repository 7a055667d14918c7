/**
 * The way of a message that came in: kept (by the engine, before WhatsApp is told that we have it), told to the log, the webhooks and who
 * listens, dealt with by the rules. Whatever ends in between, the next start goes on from there.
 */
import { escape } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import type { Message } from '../engine/message.ts'
import type { Life } from '../life/life.ts'
import type { InboxStore } from './inbox-store.ts'

export interface InboxParts {
  store: InboxStore
  log: Log
  /** The message with what has to be found out first; null when that is nothing. */
  prepare: Life['prepare']
  /** Tells log, webhooks and listeners; what it writes is written together with the note that it was done. */
  take: Life['take']
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

  /** One that is not kept on its way: it could not be read, or was not sealed for this device. */
  onMessage(bot: Bot, message: Message): void {
    const { prepare, take, store, applyRules } = this.#parts
    const preparing = prepare(bot, message)
    if (preparing !== null)
      return void preparing.then((prepared) => this.onMessage(bot, prepared)).catch((error: unknown) => this.#stays(bot, error))
    const left = store.atOnce(() => take(bot, message))
    if (left !== null) applyRules(bot, left).catch(escape)
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
    const { store, prepare, take, applyRules } = this.#parts
    const { userId } = bot.row
    const key = `${userId} ${digest}`
    if (this.#underWay.has(key)) return
    const preparing = isTold ? null : prepare(bot, message)
    if (preparing !== null) return this.#follow(bot, key, preparing, (prepared) => this.#goOn(bot, digest, prepared, false))
    let left: Message | null = message
    try {
      if (!isTold) left = store.tell(userId, digest, message, () => take(bot, message))
    } catch (error) {
      return this.#stays(bot, error)
    }
    if (left !== null) this.#follow(bot, key, applyRules(bot, left), () => store.done(userId, digest))
  }

  #follow<Result>(bot: Bot, key: string, work: Promise<Result>, then: (result: Result) => void): void {
    this.#underWay.add(key)
    work
      .finally(() => this.#underWay.delete(key))
      .then(then)
      .catch((error: unknown) => this.#stays(bot, error))
  }

  #stays(bot: Bot, error: unknown): void {
    this.#parts.log.error({ bot: bot.row.userId, error }, 'a message that came in stays where it is until the bot connects again')
  }
}
