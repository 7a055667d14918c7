/** All rules of the room: made, changed, removed, tried out; started with it and ended with it. No HTTP. */
import type { Database } from 'better-sqlite3'
import type { EventSink } from '../../events/event.ts'
import { createAnnouncer, type Announcer } from '../../events/event-types.ts'
import type { Webhooks, WebhookTrouble } from '../../events/webhooks/webhooks.ts'
import { KernelFault } from '../../fault.ts'
import type { Standing } from '../../http/rights.ts'
import type { Log } from '../../log.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { NewRule, RuleChange } from '../contract/rules.ts'
import { brokerEvents } from '../events.ts'
import { BrokerFault } from '../fault.ts'
import { removeWorkers, workerPrefix } from '../in-process/worker.ts'
import type { BrokerService } from '../service.ts'
import { checkReach, checkWords, withDefaults } from './checks.ts'
import { webhookRoom, type Doing } from './doing.ts'
import { actionOf, keepWebhook } from './rule-webhook.ts'
import { RunningRule, workerKey } from './running-rule.ts'
import { createRuleStore, noCounts, type RuleStore, type StoredRule } from './store.ts'

export interface RulesGiven {
  doing: Doing
  webhooks: Webhooks
  database: Database
  events: EventSink
  log: Log
  /** Tells open windows that something they show has changed. */
  changed(): void
}

/** Who asks, and what he may do. */
export interface Asker {
  actor: string
  by: Standing
}

const perSession = 50
/** Ms between two writes of the figures. */
const writtenEvery = 1_000

export class Rules {
  readonly #given: RulesGiven
  readonly #store: RuleStore
  readonly #events: Announcer<typeof brokerEvents>
  readonly #running = new Map<string, RunningRule>()
  /** Whose figures are to be written. */
  readonly #counted = new Set<RunningRule>()
  #writing: NodeJS.Timeout | undefined
  #isStarted = false

  constructor(given: RulesGiven) {
    this.#given = given
    this.#store = createRuleStore(given.database)
    this.#events = createAnnouncer(given.events, 'brokers', brokerEvents)
  }

  get doing(): Doing {
    return this.#given.doing
  }

  get webhooks(): Webhooks {
    return this.#given.webhooks
  }

  /** Also after a stop. */
  async start(): Promise<void> {
    const { log, webhooks } = this.#given
    this.#isStarted = true
    this.#running.clear()
    const sessions = new Map(this.#service.all().map((session) => [session.id, session]))
    const all = this.#store.all().filter(({ sessionId }) => sessions.has(sessionId))
    // Queues of rules that were removed when the process ended.
    const known = new Set(all.map(({ id }) => workerPrefix + workerKey(id)))
    for (const session of sessions.values())
      await removeWorkers(this.#service, session, (key) => key.startsWith(workerPrefix + workerKey('')) && !known.has(key)).catch(
        (error: unknown) => log.warn({ error }, 'what waits for a rule that is gone could not be removed'),
      )
    webhooks.start()
    await Promise.all(
      all.map(async (stored) => {
        const session = sessions.get(stored.sessionId)
        if (session !== undefined) await this.#run(stored, session)
      }),
    )
  }

  async stop(): Promise<void> {
    this.#isStarted = false
    for (const rule of this.#running.values()) rule.worker.stop()
    await this.#given.webhooks.stop()
    this.#write()
  }

  all(): readonly RunningRule[] {
    return [...this.#running.values()]
  }

  /** By name. Throws `no-such-session`. */
  of(sessionName: string): RunningRule[] {
    const { id } = this.#service.byName(sessionName)
    const own = this.all().filter(({ stored }) => stored.sessionId === id)
    return own.sort((a, b) => (a.stored.definition.name < b.stored.definition.name ? -1 : 1))
  }

  /** Throws `no-such-session` and `no-such-rule`. */
  find(sessionName: string, ruleId: string): RunningRule {
    const found = this.of(sessionName).find(({ stored }) => stored.id === ruleId)
    if (found === undefined) throw new BrokerFault('no-such-rule')
    return found
  }

  /**
   * Resolves when it sees what is published from now on. `secret` is shown here once. Throws `not-ready`, `no-such-session`,
   * `rule-exists`, `too-many-rules`, `rule-malformed`, `rule-beyond-caller`, `address-refused`.
   */
  async create(sessionName: string, wanted: NewRule, { actor, by }: Asker): Promise<{ rule: RunningRule; secret: string | null }> {
    this.#needStarted()
    await checkWords(wanted, { needsUrl: true })
    const others = this.of(sessionName)
    if (others.length >= perSession) throw new BrokerFault('too-many-rules')
    this.#needName(others, wanted.name)
    checkReach(this.doing, sessionName, wanted.action, by)
    const session = this.#service.byName(sessionName)
    const { definition, stored, secret } = this.#kept(() => {
      const made = keepWebhook(this.webhooks, sessionName, withDefaults(wanted), null)
      const rule: StoredRule = {
        ...{ id: `rule_${randomBase62(16)}`, sessionId: session.id, definition: made.definition, counts: { ...noCounts } },
        ...{ createdAt: this.#service.clock.now(), madeBy: by.maker },
      }
      this.#store.add(rule)
      return { ...made, stored: rule }
    })
    const rule = await this.#run(stored, session)
    this.#emit('rule-added', sessionName, actor, definition.name)
    return { rule, secret }
  }

  /** As `create`; also throws `no-such-rule` and `sealed-locked`. */
  async change(
    sessionName: string,
    ruleId: string,
    change: RuleChange,
    { actor, by }: Asker,
  ): Promise<{ rule: RunningRule; secret: string | null }> {
    this.#needStarted()
    const before = this.find(sessionName, ruleId)
    const { definition: old } = before.stored
    const action = change.action ?? actionOf(old.action)
    const wanted: NewRule = {
      ...{ name: change.name ?? old.name, enabled: change.enabled ?? old.enabled, filter: change.filter ?? old.filter, action },
      conditions: change.conditions ?? old.conditions,
      perMinute: change.perMinute === undefined ? old.perMinute : change.perMinute,
    }
    await checkWords(wanted, { needsUrl: old.action.type !== 'webhook' })
    this.#needName(
      this.of(sessionName).filter((rule) => rule !== before),
      wanted.name,
    )
    // Whoever changes what a rule does, or with which messages, answers for it from then on.
    const isAnother = change.action !== undefined || change.filter !== undefined || change.conditions !== undefined
    if (isAnother) checkReach(this.doing, sessionName, action, by)
    const { stored, secret } = this.#kept(() => {
      const made = keepWebhook(this.webhooks, sessionName, withDefaults(wanted), old.action)
      // What went wrong under the old words says nothing about the new ones.
      const counts = isAnother ? { ...before.stored.counts, problem: null, problemAt: null } : before.stored.counts
      const rule = { ...before.stored, definition: made.definition, counts, madeBy: isAnother ? by.maker : before.stored.madeBy }
      this.#store.change(rule)
      return { ...made, stored: rule }
    })
    before.worker.stop()
    const rule = await this.#run(stored, before.session)
    this.#emit('rule-changed', sessionName, actor, wanted.name)
    return { rule, secret }
  }

  /** Throws `no-such-session`, `no-such-rule`, `not-ready`, `storage-failed`. */
  async remove(sessionName: string, ruleId: string, actor: string): Promise<void> {
    this.#needStarted()
    const rule = this.find(sessionName, ruleId)
    const { action, name } = rule.stored.definition
    this.#running.delete(ruleId)
    this.#counted.delete(rule)
    this.#kept(() => {
      this.#store.remove(ruleId)
      if (action.type === 'webhook') this.webhooks.remove(webhookRoom, sessionName, action.webhook)
    })
    this.#emit('rule-removed', sessionName, actor, name)
    await rule.worker.remove()
  }

  /** The session is about to be gone. */
  forget(sessionName: string): void {
    for (const rule of this.of(sessionName)) {
      rule.worker.stop()
      this.#gone(rule)
    }
    this.webhooks.removeAll(webhookRoom, sessionName)
  }

  /** By the webhook it calls. */
  calling(webhook: string): RunningRule | undefined {
    return this.all().find(({ stored: { definition } }) => definition.action.type === 'webhook' && definition.action.webhook === webhook)
  }

  /** What about their webhooks needs a person. */
  troubles(): WebhookTrouble[] {
    return this.webhooks.troubles(webhookRoom)
  }

  /** Webhooks that were sealed under a key that is not here. */
  locked(): string[] {
    return this.webhooks.lockedIds(webhookRoom)
  }

  /** Removes them, and the rules that called them. */
  giveUpLocked(): void {
    const locked = new Set(this.locked())
    for (const rule of this.all()) {
      const { action } = rule.stored.definition
      if (action.type !== 'webhook' || !locked.has(action.webhook)) continue
      this.#store.remove(rule.stored.id)
      this.#gone(rule)
      void rule.worker.remove().catch((error: unknown) => this.#given.log.warn({ error }, 'what waits for a rule could not be removed'))
    }
    this.webhooks.giveUpLocked(webhookRoom)
  }

  get #service(): BrokerService {
    return this.#given.doing.service
  }

  async #run(stored: StoredRule, session: RunningRule['session']): Promise<RunningRule> {
    const rule = new RunningRule({
      ...{ stored, session, doing: this.doing },
      onCount: (each) => this.#count(each),
      onTrouble: (each, problem) => this.#tell(each, problem),
      onDropped: (each) => this.#gone(each),
    })
    this.#running.set(stored.id, rule)
    await rule.start()
    return rule
  }

  /** In one transaction: the rule with its webhook, or neither. */
  #kept<Result>(write: () => Result): Result {
    try {
      return this.#given.database.transaction(write)()
    } catch (error) {
      throw KernelFault.is(error, 'webhook-refused') ? new BrokerFault('address-refused', error.message, error.details) : error
    }
  }

  #count(rule: RunningRule): void {
    this.#counted.add(rule)
    this.#writing ??= setTimeout(() => this.#write(), writtenEvery).unref()
  }

  #write(): void {
    clearTimeout(this.#writing)
    this.#writing = undefined
    if (this.#counted.size === 0) return
    try {
      this.#store.count([...this.#counted].map(({ stored }) => stored))
      this.#counted.clear()
      this.#given.changed()
    } catch (error) {
      this.#given.log.warn({ error }, 'figures of rules could not be written; the next round tries again')
    }
  }

  #tell({ session, stored }: RunningRule, problem: string | null): void {
    const { name } = stored.definition
    if (problem === null) this.#events.emit({ type: 'rule-works', subject: session.name, data: { rule: name } })
    else this.#events.emit({ type: 'rule-failing', subject: session.name, data: { rule: name, problem } })
    this.#given.changed()
  }

  #gone(rule: RunningRule): void {
    if (this.#running.get(rule.stored.id) === rule) this.#running.delete(rule.stored.id)
    this.#counted.delete(rule)
  }

  #emit(type: 'rule-added' | 'rule-changed' | 'rule-removed', subject: string, actor: string, rule: string): void {
    this.#events.emit({ type, subject, actor, data: { rule } })
    this.#given.changed()
  }

  #needStarted(): void {
    if (!this.#isStarted || !this.#service.isReady) throw new BrokerFault('not-ready')
  }

  #needName(others: readonly RunningRule[], name: string): void {
    if (others.some(({ stored }) => stored.definition.name === name)) throw new BrokerFault('rule-exists')
  }
}
