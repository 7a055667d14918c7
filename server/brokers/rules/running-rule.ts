/** One rule at work: its queue in the journal, what it does with each message, and what came of it. */
import type { TellOutcome } from '../../events/webhooks/caller.ts'
import { reasonOf } from '../../isolation.ts'
import { matches } from '../engine/topics.ts'
import type { Message } from '../engine/types.ts'
import { GivenUp, Worker } from '../in-process/worker.ts'
import { carryOut, type Doing } from './doing.ts'
import { hopsOf, mostHops } from './hops.ts'
import { matcherOf, type Matcher } from './matching.ts'
import { render } from './rendered.ts'
import { RenderFault } from './rendering.ts'
import { seen } from './seen.ts'
import type { StoredRule } from './store.ts'

export interface RunningGiven {
  stored: StoredRule
  session: { readonly id: number; readonly name: string }
  doing: Doing
  /** Its figures are to be written. */
  onCount(rule: RunningRule): void
  /** It has begun to fail over and over; null: it works again. */
  onTrouble(rule: RunningRule, problem: string | null): void
  onDropped(rule: RunningRule): void
}

const minute = 60_000
/** Failures in a row from which on somebody is told. */
const fewFailures = 3

export const workerKey = (id: string): string => `rule/${id}`

export class RunningRule {
  readonly stored: StoredRule
  readonly session: RunningGiven['session']
  readonly worker: Worker
  readonly #given: RunningGiven
  #matcher: Promise<Matcher> | null = null
  #streak: number
  /** What it did in this minute. */
  #window = { since: -Infinity, count: 0 }

  constructor(given: RunningGiven) {
    const { stored, session, doing } = given
    this.#given = given
    this.stored = stored
    this.session = session
    // One that failed when the program ended was told of.
    this.#streak = stored.counts.problem === null ? 0 : fewFailures
    this.worker = new Worker({
      ...{ service: doing.service, session, key: workerKey(stored.id), name: `rule ${stored.definition.name}` },
      filters: [stored.definition.filter],
      handle: (message, { attempt }) => this.#handle(message, attempt),
      onDropped: () => given.onDropped(this),
    })
  }

  /** It fails over and over. */
  get isFailing(): boolean {
    return this.#streak >= fewFailures
  }

  /** Resolves when it sees what is published from now on, or cannot yet. */
  async start(): Promise<void> {
    if (this.stored.definition.enabled) await this.worker.start()
    // Whatever waited when it was switched off.
    else await this.worker.remove()
  }

  /** What came of a call of its webhook. */
  called({ problem, isOver }: TellOutcome): void {
    if (problem === null) this.#worked()
    else this.#failed(problem, isOver)
  }

  async #handle(message: Message, attempt: number): Promise<void> {
    const { id, definition, counts } = this.stored
    // By a filter that it had before.
    if (!matches(definition.filter, message.topic)) return
    const hops = hopsOf(message.properties)
    if (hops.at(-1) === id) return
    if (hops.includes(id) || hops.length >= mostHops) return this.#leaveOut(message, hops.includes(id))
    const { message: view, content, name } = seen(message)
    const { caught } = (await this.#ready())(content, view)
    if (caught === null) return
    if (attempt === 1) {
      counts.matched += 1
      this.#given.onCount(this)
      if (!this.#mayAct()) return void (counts.held += 1)
    }
    const { session, doing } = this.#given
    const rule = { id, name: definition.name, action: definition.action, madeBy: this.stored.madeBy, session }
    try {
      const facts = { message: view, content, caught, session: session.name, rule: definition.name }
      const rendered = render({ rule, message: view, facts, name, now: doing.service.clock.now() })
      await carryOut(doing, { rule, rendered, topic: message.topic, hops, name })
    } catch (error) {
      const isLasting = error instanceof GivenUp || error instanceof RenderFault
      this.#failed(reasonOf(error), isLasting)
      throw isLasting ? new GivenUp(reasonOf(error)) : error
    }
    counts.lastFiredAt = doing.service.clock.now()
    // Of a webhook it is known when it was called.
    if (definition.action.type !== 'webhook') this.#worked()
  }

  #ready(): Promise<Matcher> {
    this.#matcher ??= matcherOf(this.stored.definition.conditions)
    // One that could not be made is tried again with the next message.
    this.#matcher.catch(() => (this.#matcher = null))
    return this.#matcher
  }

  #leaveOut({ topic }: Message, isRing: boolean): void {
    const { service } = this.#given.doing
    this.stored.counts.looped += 1
    this.#given.onCount(this)
    const why = isRing ? 'it had a part in making it, and would go on in a ring' : `it came about over ${mostHops} rules`
    service.clients.announce(this.session, `rule ${this.stored.definition.name} leaves out a message on ${topic}: ${why}`)
  }

  #worked(): void {
    const { counts } = this.stored
    const wasFailing = this.isFailing
    counts.done += 1
    counts.problem = null
    counts.problemAt = null
    this.#streak = 0
    this.#given.onCount(this)
    if (wasFailing) this.#given.onTrouble(this, null)
  }

  #failed(problem: string, isOver: boolean): void {
    const { counts } = this.stored
    if (isOver) counts.failed += 1
    counts.problemAt ??= this.#given.doing.service.clock.now()
    counts.problem = problem
    this.#streak += 1
    this.#given.onCount(this)
    if (this.#streak === fewFailures) this.#given.onTrouble(this, problem)
  }

  #mayAct(): boolean {
    const { perMinute } = this.stored.definition
    if (perMinute === null) return true
    const now = this.#given.doing.service.clock.monotonic()
    if (now - this.#window.since >= minute) this.#window = { since: now, count: 0 }
    this.#window.count += 1
    return this.#window.count <= perMinute
  }
}
