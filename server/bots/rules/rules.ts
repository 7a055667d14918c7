/** The rules of bots as people keep them: added, changed, put in order, and tried on a message that is none. */
import { iso, type Clock } from '../../clock.ts'
import { BotFault } from '../fault.ts'
import type { Standing } from '../../http/rights.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { RuleAction, RuleChange, RuleDefinition, RuleView } from '../contract/native/rules.ts'
import type { Message } from '../engine/message.ts'
import { textMatcher } from '../../text-match.ts'
import { fillTemplate, unknownPlaceholder } from './match.ts'
import type { Publisher } from './publisher.ts'
import { caughtBy, type ReadyRules } from './ready-rules.ts'
import type { Rule, RuleStore } from './store.ts'

export interface RulesParts {
  store: RuleStore
  ready: ReadyRules
  /** The id by which somebody is known. */
  idOf(userId: string, id: string): string
  hasWebhook(userId: string, webhook: string): boolean
  publisher: Publisher | null
  clock: Clock
  /** For the audit trail. */
  onAction(action: 'rule-added' | 'rule-changed' | 'rule-removed', userId: string, actor: string, rule: string): void
}

/** Rules of one bot. */
const mostRules = 100

export class Rules {
  readonly #parts: RulesParts

  constructor(parts: RulesParts) {
    this.#parts = parts
  }

  list(userId: string): Rule[] {
    return this.#parts.store.list(userId)
  }

  /** Throws `rule-malformed`, `rule-beyond-caller` and `too-many-rules`. */
  async add(userId: string, definition: RuleDefinition, actor: string, by: Standing): Promise<Rule> {
    const { store, ready, clock, onAction } = this.#parts
    await this.#check(userId, definition)
    this.#checkReach(definition.action, by)
    if (store.list(userId).length >= mostRules) throw new BotFault('too-many-rules', `A session has ${mostRules} rules at most`)
    const id = `rule_${randomBase62(16)}`
    store.insert(userId, id, { ...definition, madeBy: by.maker }, clock.now())
    ready.forget(userId)
    onAction('rule-added', userId, actor, definition.name)
    return this.#get(userId, id)
  }

  /** Throws `rule-not-found`, `rule-malformed` and `rule-beyond-caller`. */
  async change(userId: string, id: string, change: RuleChange, actor: string, by: Standing): Promise<Rule> {
    const { store, ready, onAction } = this.#parts
    const { name, enabled, match, action, perMinute, stop, madeBy } = this.#get(userId, id)
    const definition: RuleDefinition = {
      name: change.name ?? name,
      enabled: change.enabled ?? enabled,
      match: change.match ?? match,
      action: change.action ?? action,
      perMinute: change.perMinute ?? perMinute,
      stop: change.stop ?? stop,
    }
    await this.#check(userId, definition)
    // Whoever changes what a rule does, or for which messages, answers for it from then on.
    this.#checkReach(definition.action, by)
    store.change(id, { ...definition, madeBy: change.action === undefined && change.match === undefined ? madeBy : by.maker })
    ready.forget(userId)
    onAction('rule-changed', userId, actor, definition.name)
    return this.#get(userId, id)
  }

  /** Throws `rule-not-found`. */
  remove(userId: string, id: string, actor: string): void {
    const { store, ready, onAction } = this.#parts
    const { name } = this.#get(userId, id)
    store.remove(userId, id)
    ready.forget(userId)
    onAction('rule-removed', userId, actor, name)
  }

  /** Throws `rule-malformed` when these are not all of the bot's rules. */
  order(userId: string, ids: readonly string[]): Rule[] {
    const { store, ready } = this.#parts
    const known = this.list(userId).map(({ id }) => id)
    if (ids.length !== known.length || known.some((id) => !ids.includes(id)))
      throw new BotFault('rule-malformed', 'rules must name each rule of the session once')
    store.order(userId, ids)
    ready.forget(userId)
    return this.list(userId)
  }

  /** What would be done with a message, by the rules as they are or by one that is not kept yet. Nothing is sent. */
  async rehearse(
    userId: string,
    message: Message,
    draft: RuleDefinition | null,
  ): Promise<{ id: string | null; name: string; action: RuleAction['type']; text: string | null }[]> {
    const { ready, clock } = this.#parts
    const idOf = (id: string): string => this.#parts.idOf(userId, id)
    const sample = { ...message, chat: idOf(message.chat), author: idOf(message.author) }
    if (draft !== null) await this.#check(userId, draft)
    const rules = draft === null ? await ready.of(userId) : [{ ...draft, id: null, test: await textMatcher(draft.match.text) }]
    const acts = []
    for (const rule of rules) {
      const caught = rule.enabled || draft !== null ? caughtBy(rule, sample, idOf) : null
      if (caught === null) continue
      const { action } = rule
      acts.push({
        id: rule.id,
        name: rule.name,
        action: action.type,
        text: action.type === 'reply' ? fillTemplate(action.template, sample, caught, new Date(clock.now())) : null,
      })
      if (rule.stop) break
    }
    return acts
  }

  #get(userId: string, id: string): Rule {
    const rule = this.list(userId).find((each) => each.id === id)
    if (rule === undefined) throw new BotFault('rule-not-found', 'No such rule')
    return rule
  }

  async #check(userId: string, definition: RuleDefinition): Promise<void> {
    const { match, action } = definition
    await textMatcher(match.text).catch((error: unknown) => {
      throw new BotFault('rule-malformed', `The pattern cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    })
    const unknown = unknownPlaceholder(definition)
    if (unknown !== null) throw new BotFault('rule-malformed', `{{${unknown}}} is not known in a reply`)
    if (action.type === 'webhook' && !this.#parts.hasWebhook(userId, action.webhook))
      throw new BotFault('rule-malformed', 'This session has no such webhook')
    if (action.type === 'publish' && this.#parts.publisher === null)
      throw new BotFault('rule-malformed', 'This Wheelhouse runs without brokers')
  }

  /** A rule publishes where whoever adds it may publish himself, and nowhere else. */
  #checkReach(action: RuleAction, by: Standing): void {
    if (action.type === 'publish' && this.#parts.publisher?.allows(by, action.session) !== true)
      throw new BotFault('rule-beyond-caller', `Publishing takes brokers:use of ${action.session}`)
  }
}

export function ruleView({ createdAt, lastMatchedAt, problemAt, ...rule }: Rule): RuleView {
  return {
    ...rule,
    createdAt: iso(createdAt),
    lastMatchedAt: lastMatchedAt === null ? null : iso(lastMatchedAt),
    problemAt: problemAt === null ? null : iso(problemAt),
  }
}
