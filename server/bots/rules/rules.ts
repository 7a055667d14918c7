/**
 * Rules: what a bot does by itself when a message comes.
 *
 * What holds:
 * - Nothing the account itself has written is looked at, here or on its phone: a bot never answers itself.
 * - A rule acts so many times a minute in one chat and no more; two bots that answer each other come to rest.
 * - A message that WhatsApp delivers a second time is answered once: the reply's idempotency key is made of rule and message.
 * - One message is dealt with after the other; a rule that fails is counted, told, and harms neither the next rule nor the next message.
 */
import { iso, type Clock } from '../../clock.ts'
import { BotFault } from '../fault.ts'
import type { Standing } from '../../http/rights.ts'
import type { Log } from '../../log.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotEvent } from '../contract/native/messages.ts'
import type { RuleAction, RuleChange, RuleDefinition, RuleView } from '../contract/native/rules.ts'
import type { Message } from '../engine/message.ts'
import { messageView } from '../messages/messages.ts'
import type { Outbox } from '../messages/outbox.ts'
import { fillTemplate, isMeant, textMatcher, unknownPlaceholder, type TextMatcher } from './match.ts'
import type { Rule, RuleOutcome, RuleStore } from './store.ts'

/** Where a rule may publish; the brokers room behind an interface of its own. */
export interface Publisher {
  /** Whether whoever adds a rule may publish there itself. A session that is not there is nobody's. */
  allows(by: Standing, session: string): boolean
  /** Resolves when the message is durable. Throws with words for a person when the session is not there or refuses it. */
  publish(message: {
    session: string
    topic: string
    data: unknown
    /** Whatever comes twice under it is published once. */ id: string
    publisher: string
    /** Who added the rule: it publishes as long as he may. */ madeBy: string | null
  }): Promise<void>
}

export interface RulesParts {
  store: RuleStore
  outbox: Pick<Outbox, 'add'>
  /** Calls one webhook of a bot. Throws `webhook-not-found`. */
  callWebhook(userId: string, webhook: string, data: object): void
  hasWebhook(userId: string, webhook: string): boolean
  publisher: Publisher | null
  clock: Clock
  log: Log
  told(event: BotEvent & { type: 'rule' }): void
  /** For the audit trail: a rule was added, changed or removed, or has begun to fail. */
  did(
    what: 'rule-added' | 'rule-changed' | 'rule-removed' | 'rule-failed',
    userId: string,
    actor: string,
    rule: string,
    problem?: string,
  ): void
}

interface ReadyRule extends Rule {
  test: TextMatcher
}

/** Rules of one bot. */
const mostRules = 100
const minute = 60_000
/** A message that waited longer, while the bot was away, is old news. */
const freshFor = 60 * minute
/** Texts longer than this are looked at by their beginning. */
const longestText = 16_384

export class Rules {
  private readonly parts: RulesParts
  /** Ready-made, until they change. */
  private readonly ready = new Map<string, Promise<ReadyRule[]>>()
  private readonly work = new Map<string, Promise<void>>()
  /** Times at which a rule acted in a chat, in the last minute. */
  private readonly acted = new Map<string, number[]>()

  constructor(parts: RulesParts) {
    this.parts = parts
  }

  list(userId: string): Rule[] {
    return this.parts.store.list(userId)
  }

  /** Throws `rule-malformed`, `rule-beyond-caller` and `too-many-rules`. */
  async add(userId: string, definition: RuleDefinition, actor: string, by: Standing): Promise<Rule> {
    const { store, clock, did } = this.parts
    await this.check(userId, definition)
    this.checkReach(definition.action, by)
    if (store.list(userId).length >= mostRules) throw new BotFault('too-many-rules', `A session has ${mostRules} rules at most`)
    const id = `rule_${randomBase62(16)}`
    store.insert(userId, id, { ...definition, madeBy: by.maker }, clock.now())
    this.ready.delete(userId)
    did('rule-added', userId, actor, definition.name)
    return this.get(userId, id)
  }

  /** Throws `rule-not-found`, `rule-malformed` and `rule-beyond-caller`. */
  async change(userId: string, id: string, change: RuleChange, actor: string, by: Standing): Promise<Rule> {
    const { name, enabled, match, action, perMinute, stop, madeBy } = this.get(userId, id)
    const definition: RuleDefinition = {
      name: change.name ?? name,
      enabled: change.enabled ?? enabled,
      match: change.match ?? match,
      action: change.action ?? action,
      perMinute: change.perMinute ?? perMinute,
      stop: change.stop ?? stop,
    }
    await this.check(userId, definition)
    // Whoever changes what a rule does, or for which messages, answers for it from then on.
    this.checkReach(definition.action, by)
    this.parts.store.change(id, { ...definition, madeBy: change.action === undefined && change.match === undefined ? madeBy : by.maker })
    this.ready.delete(userId)
    this.parts.did('rule-changed', userId, actor, definition.name)
    return this.get(userId, id)
  }

  /** Throws `rule-not-found`. */
  remove(userId: string, id: string, actor: string): void {
    const { name } = this.get(userId, id)
    this.parts.store.remove(userId, id)
    this.ready.delete(userId)
    this.parts.did('rule-removed', userId, actor, name)
  }

  /** Throws `rule-malformed` when these are not all of the bot's rules. */
  order(userId: string, ids: readonly string[]): Rule[] {
    const known = this.list(userId).map(({ id }) => id)
    if (ids.length !== known.length || known.some((id) => !ids.includes(id)))
      throw new BotFault('rule-malformed', 'rules must name each rule of the session once')
    this.parts.store.order(userId, ids)
    this.ready.delete(userId)
    return this.list(userId)
  }

  /** What would be done with a message, by the rules as they are or by one that is not kept yet. Nothing is sent. */
  async rehearse(
    userId: string,
    message: Message,
    draft: RuleDefinition | null,
  ): Promise<{ id: string | null; name: string; action: RuleAction['type']; text: string | null }[]> {
    if (draft !== null) await this.check(userId, draft)
    const rules = draft === null ? await this.readyOf(userId) : [{ ...draft, id: null, test: await textMatcher(draft.match.text) }]
    const acts = []
    for (const rule of rules) {
      const caught = rule.enabled || draft !== null ? caughtBy(rule, message) : null
      if (caught === null) continue
      const { action } = rule
      acts.push({
        id: rule.id,
        name: rule.name,
        action: action.type,
        text: action.type === 'reply' ? fillTemplate(action.template, message, caught, new Date(this.parts.clock.now())) : null,
      })
      if (rule.stop) break
    }
    return acts
  }

  /** Resolves when the rules are through with the message. */
  heard(bot: Bot, message: Message): Promise<void> {
    const { userId } = bot.row
    if (message.fromMe || this.parts.clock.now() - message.at > freshFor) return Promise.resolve()
    const before = this.work.get(userId) ?? Promise.resolve()
    const mine = before
      .then(() => this.deal(bot, message))
      .catch((error: unknown) => this.parts.log.error({ bot: userId, error }, 'the rules of a bot stumbled'))
      .finally(() => {
        if (this.work.get(userId) === mine) this.work.delete(userId)
      })
    this.work.set(userId, mine)
    return mine
  }

  forget(userId: string): void {
    this.ready.delete(userId)
    for (const key of this.acted.keys()) if (key.startsWith(`${userId} `)) this.acted.delete(key)
  }

  /** Resolves when what has come in was dealt with. */
  async settled(): Promise<void> {
    await Promise.all(this.work.values())
  }

  private get(userId: string, id: string): Rule {
    const rule = this.list(userId).find((each) => each.id === id)
    if (rule === undefined) throw new BotFault('rule-not-found', 'No such rule')
    return rule
  }

  private async check(userId: string, definition: RuleDefinition): Promise<void> {
    const { match, action } = definition
    await textMatcher(match.text).catch((error: unknown) => {
      throw new BotFault('rule-malformed', `The pattern cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    })
    const unknown = unknownPlaceholder(definition)
    if (unknown !== null) throw new BotFault('rule-malformed', `{{${unknown}}} is not known in a reply`)
    if (action.type === 'webhook' && !this.parts.hasWebhook(userId, action.webhook))
      throw new BotFault('rule-malformed', 'This session has no such webhook')
    if (action.type === 'publish' && this.parts.publisher === null)
      throw new BotFault('rule-malformed', 'This Wheelhouse runs without brokers')
  }

  /** A rule publishes where whoever adds it may publish himself, and nowhere else. */
  private checkReach(action: RuleAction, by: Standing): void {
    if (action.type === 'publish' && this.parts.publisher?.allows(by, action.session) !== true)
      throw new BotFault('rule-beyond-caller', `Publishing takes brokers:use of ${action.session}`)
  }

  private readyOf(userId: string): Promise<ReadyRule[]> {
    const known = this.ready.get(userId)
    if (known !== undefined) return known
    const making = Promise.all(this.list(userId).map(async (rule) => ({ ...rule, test: await textMatcher(rule.match.text) })))
    this.ready.set(userId, making)
    // Rules that could not be made ready are tried again with the next message.
    making.catch(() => this.ready.delete(userId))
    return making
  }

  private async deal(bot: Bot, message: Message): Promise<void> {
    for (const rule of await this.readyOf(bot.row.userId)) {
      const caught = rule.enabled ? caughtBy(rule, message) : null
      if (caught === null) continue
      await this.act(bot, rule, message, caught)
      if (rule.stop) return
    }
  }

  private async act(bot: Bot, rule: ReadyRule, message: Message, caught: readonly string[]): Promise<void> {
    const { store, clock, told, did } = this.parts
    const { userId } = bot.row
    let outcome: RuleOutcome = 'held'
    let problem: string | null = null
    if (this.mayAct(userId, rule, message.chat)) {
      outcome = 'done'
      try {
        await this.carryOut(bot, rule, message, caught)
      } catch (error) {
        outcome = 'failed'
        problem = error instanceof Error ? error.message : String(error)
        if (rule.problem !== problem) did('rule-failed', userId, 'system', rule.name, problem)
      }
    }
    rule.problem = outcome === 'held' ? rule.problem : problem
    store.count(rule.id, outcome, problem, clock.now())
    told({ type: 'rule', userId, rule: { id: rule.id, name: rule.name }, outcome, problem, messageId: message.id, chat: message.chat })
  }

  private async carryOut(bot: Bot, { id, name, action, madeBy }: ReadyRule, message: Message, caught: readonly string[]): Promise<void> {
    const { outbox, callWebhook, publisher, clock } = this.parts
    const { userId } = bot.row
    if (action.type === 'reply') {
      const text = fillTemplate(action.template, message, caught, new Date(clock.now()))
      if (text === '') throw new Error('The reply came out empty')
      const replyTo = action.quote ? { id: message.id, fromMe: false, author: message.author, text: message.text } : null
      this.queueOnce(() =>
        outbox.add(bot, {
          chat: message.chat,
          content: { type: 'text', text },
          replyTo,
          idempotencyKey: `rule:${id}:${message.chat}:${message.id}`,
        }),
      )
      return
    }
    const data = { userId, rule: { id, name }, message: messageView(message), caught: caught.slice(1), at: iso(clock.now()) }
    if (action.type === 'webhook') callWebhook(userId, action.webhook, data)
    else if (publisher === null) throw new Error('This Wheelhouse runs without brokers')
    else
      await publisher.publish({
        session: action.session,
        topic: action.topic,
        data,
        id: `${id}:${message.id}`,
        publisher: `bot ${userId}`,
        madeBy,
      })
  }

  /** A message that came a second time has its answer, which the clock may have worded otherwise. */
  private queueOnce(add: () => void): void {
    try {
      add()
    } catch (error) {
      if (!BotFault.is(error, 'idempotency-mismatch')) throw error
    }
  }

  private mayAct(userId: string, { id, perMinute }: Rule, chat: string): boolean {
    const now = this.parts.clock.monotonic()
    const key = `${userId} ${id} ${chat}`
    const times = (this.acted.get(key) ?? []).filter((time) => now - time < minute)
    const may = times.length < perMinute
    if (may) times.push(now)
    this.acted.set(key, times)
    // Chats that have been quiet are forgotten now and then, so that many strangers do not fill the memory.
    if (this.acted.size > 10_000) for (const [each, past] of this.acted) if (now - (past.at(-1) ?? 0) >= minute) this.acted.delete(each)
    return may
  }
}

function caughtBy({ match, test }: Pick<ReadyRule, 'match' | 'test'>, message: Message): readonly string[] | null {
  return isMeant(match, message) ? test(message.text.slice(0, longestText)) : null
}

export function ruleView({ createdAt, lastMatchedAt, problemAt, ...rule }: Rule): RuleView {
  return {
    ...rule,
    createdAt: iso(createdAt),
    lastMatchedAt: lastMatchedAt === null ? null : iso(lastMatchedAt),
    problemAt: problemAt === null ? null : iso(problemAt),
  }
}
