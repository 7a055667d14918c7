/**
 * Runs the rules of a bot on what comes in.
 *
 * What holds:
 * - Nothing the account itself has written is looked at, here or on its phone: a bot never answers itself.
 * - What becomes of a message later, when its author says it otherwise or deletes it, is answered by no rule.
 * - A rule acts so many times a minute in one chat and no more; two bots that answer each other come to rest.
 * - A message that WhatsApp delivers a second time is answered once: the reply's idempotency key is made of rule and message.
 * - One message is dealt with after the other; a rule that fails is counted, told, and harms neither the next rule nor the next message.
 */
import { createKeyedLock } from '../../async/keyed-lock.ts'
import { iso, type Clock } from '../../clock.ts'
import { BotFault } from '../fault.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { Message } from '../engine/message.ts'
import type { Outbox } from '../messages/outbox.ts'
import { messageView } from '../messages/views.ts'
import { answeredIn, fillTemplate } from './match.ts'
import type { Publisher } from './publisher.ts'
import { caughtBy, type ReadyRule, type ReadyRules } from './ready-rules.ts'
import type { Rule, RuleOutcome, RuleStore } from './store.ts'

export interface RuleRunnerParts {
  rules: ReadyRules
  store: Pick<RuleStore, 'count'>
  /** The id by which somebody is known. */
  idOf(userId: string, id: string): string
  outbox: Pick<Outbox, 'add'>
  /** Calls one webhook of a bot. Throws `webhook-not-found`. */
  callWebhook(userId: string, webhook: string, data: object, chat: string): void
  publisher: Publisher | null
  clock: Clock
  log: Log
  /** What came of a rule. */
  onEvent(event: BotEvent & { type: 'rule' }): void
  /** A rule has begun to fail, or to fail otherwise. */
  onFailing(userId: string, rule: string, problem: string): void
}

const minute = 60_000
/** A message that waited longer, while the bot was away, is old news. */
const freshFor = 60 * minute

export class RuleRunner {
  readonly #parts: RuleRunnerParts
  readonly #turns = createKeyedLock<string>()
  /** Times at which a rule acted in a chat, in the last minute. */
  readonly #acted = new Map<string, number[]>()

  constructor(parts: RuleRunnerParts) {
    this.#parts = parts
  }

  /** Resolves when the rules are through with the message. */
  async onMessage(bot: Bot, message: Message): Promise<void> {
    const { clock, log } = this.#parts
    const { userId } = bot.row
    if (message.fromMe || message.changes !== undefined || clock.now() - message.at > freshFor) return
    await this.#turns
      .run(userId, () => this.#deal(bot, message))
      .catch((error: unknown) => log.error({ bot: userId, error }, 'the rules of a bot failed over a message'))
  }

  forget(userId: string): void {
    for (const key of this.#acted.keys()) if (key.startsWith(`${userId} `)) this.#acted.delete(key)
  }

  /** Resolves when what has come in was dealt with. */
  settled(): Promise<void> {
    return this.#turns.settled()
  }

  async #deal(bot: Bot, message: Message): Promise<void> {
    for (const rule of await this.#parts.rules.of(bot.row.userId)) {
      const caught = rule.enabled ? caughtBy(rule, message, (id) => this.#parts.idOf(bot.row.userId, id)) : null
      if (caught === null) continue
      await this.#act(bot, rule, message, caught)
      if (rule.stop) return
    }
  }

  async #act(bot: Bot, rule: ReadyRule, message: Message, caught: readonly string[]): Promise<void> {
    const { store, clock, onEvent, onFailing } = this.#parts
    const { userId } = bot.row
    let outcome: RuleOutcome = 'held'
    let problem: string | null = null
    if (this.#mayAct(userId, rule, message.chat)) {
      outcome = 'done'
      try {
        await this.#carryOut(bot, rule, message, caught)
      } catch (error) {
        outcome = 'failed'
        problem = error instanceof Error ? error.message : String(error)
        if (rule.problem !== problem) onFailing(userId, rule.name, problem)
      }
    }
    rule.problem = outcome === 'held' ? rule.problem : problem
    store.count(rule.id, outcome, problem, clock.now())
    onEvent({ type: 'rule', userId, rule: { id: rule.id, name: rule.name }, outcome, problem, messageId: message.id, chat: message.chat })
  }

  async #carryOut(bot: Bot, rule: ReadyRule, message: Message, caught: readonly string[]): Promise<void> {
    const { callWebhook, publisher, clock } = this.#parts
    const { id, name, action, madeBy } = rule
    const { userId } = bot.row
    if (action.type === 'reply') return this.#reply(bot, id, action, message, caught)
    const data = { userId, rule: { id, name }, message: messageView(message), caught: caught.slice(1), at: iso(clock.now()) }
    if (action.type === 'webhook') return callWebhook(userId, action.webhook, data, message.chat)
    if (publisher === null) throw new Error('This Wheelhouse runs without brokers')
    const { session, topic } = action
    await publisher.publish({ session, topic, data, id: `${id}:${message.id}`, publisher: `bot ${userId}`, madeBy })
  }

  #reply(
    bot: Bot,
    rule: string,
    { template, quote }: Extract<Rule['action'], { type: 'reply' }>,
    message: Message,
    caught: readonly string[],
  ): void {
    const { outbox, clock } = this.#parts
    const text = fillTemplate(template, message, caught, new Date(clock.now()))
    if (text === '') throw new Error('The reply came out empty')
    const replyTo = quote ? { id: message.id, fromMe: false, author: message.author, text: message.text } : null
    const idempotencyKey = `rule:${rule}:${message.chat}:${message.id}`
    try {
      outbox.add(bot, { chat: answeredIn(message), content: { type: 'text', text }, replyTo, idempotencyKey })
    } catch (error) {
      // A message that came a second time has its answer, which the clock may have worded otherwise.
      if (!BotFault.is(error, 'idempotency-mismatch')) throw error
    }
  }

  #mayAct(userId: string, { id, perMinute }: Rule, chat: string): boolean {
    const now = this.#parts.clock.monotonic()
    const key = `${userId} ${id} ${chat}`
    const times = (this.#acted.get(key) ?? []).filter((time) => now - time < minute)
    const may = times.length < perMinute
    if (may) times.push(now)
    this.#acted.set(key, times)
    // Chats that have been quiet are forgotten now and then, so that many strangers do not fill the memory.
    if (this.#acted.size > 10_000) for (const [each, past] of this.#acted) if (now - (past.at(-1) ?? 0) >= minute) this.#acted.delete(each)
    return may
  }
}
