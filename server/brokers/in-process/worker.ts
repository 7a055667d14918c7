/**
 * A subscriber of this program itself, which works on messages without a connection: rules and bridges are made of it.
 *
 * What holds:
 * - Its queue is in the journal under a key of its own and is kept until `remove`, whether the worker runs or not. A message leaves it once
 *   the handler's promise has resolved, and waits in it through a crash, a restart of the room and while the session is suspended: at least
 *   once, and twice only when this process ended between the work and its acknowledgement.
 * - Messages of one topic are handled one after another, in their order; topics side by side, `atOnce` at most. No more than `mostHeld` are
 *   taken out of the queue.
 * - A handler that throws is asked again after a growing wait, and its topic waits with it; other topics go on. What it throws as `GivenUp`
 *   is over: a dead letter, which a replay gives to this worker again.
 * - Quality 0 is at most once, as for every client: such a message waits here alone and goes with this process.
 * - It comes back by itself after a suspension, a restart and whatever else ended its place, and is over when its session is dropped.
 */
import { startRealTimer, type StartTimer } from '../../async/deadline.ts'
import type { AttachedClient, Attachment } from '../engine/broker-engine.ts'
import { parseFilter } from '../engine/topics.ts'
import type { Delivery, EndReason, Message, Publication, Receipt, Subscription } from '../engine/types.ts'
import { BrokerFault } from '../fault.ts'
import type { BrokerService } from '../service.ts'
import { Lanes } from './lanes.ts'

/** The message cannot be dealt with, now or later: it becomes a dead letter, and the next one of its topic has its turn. */
export class GivenUp extends Error {}

export interface WorkerGiven {
  service: BrokerService
  session: { readonly id: number; readonly name: string }
  /** Names its queue; unique among the workers of the session, e.g. `rule/rule_1`. */
  key: string
  /** Under which it is shown among the clients. */
  name: string
  /** Without `$share`. */
  filters: readonly string[]
  /**
   * `attempt` counts the tries since the message was taken out of the queue, from 1. When the signal aborts, the place is lost: what is
   * done nevertheless is acknowledged where that is still possible, what is thrown is tried again on the next one.
   */
  handle(message: Message, how: { signal: AbortSignal; attempt: number }): Promise<void>
  /** Handlers under way. */
  atOnce?: number
  /** Messages out of the queue, those under way among them. */
  mostHeld?: number
  /** What is retained on its filters is handled too, once, when the worker is new. */
  wantsRetained?: boolean
  /** What it publishes itself does not come to it. */
  noLocal?: boolean
  /** Its session was dropped; it is over. */
  onDropped?(): void
  startTimer?: StartTimer
  random?: () => number
}

export const workerPrefix = 'worker:'

export class Worker implements AttachedClient {
  readonly id: number
  readonly protocol = 'json'
  readonly name: string
  readonly address = 'this machine'
  readonly connectedAt: number
  readonly isStalled = false
  readonly key: string
  readonly #given: WorkerGiven
  readonly #mostHeld: number
  readonly #lanes: Lanes<Held>
  readonly #receipts = new Map<number, (receipt: Receipt) => void>()
  #subscriptions: readonly Subscription[]
  #attachment: Attachment | null = null
  #place = new AbortController()
  #isWanted = false
  #attaching: Promise<void> | null = null
  #lastToken = 0

  /** Throws `invalid-topic`. */
  constructor(given: WorkerGiven) {
    const {
      service,
      key,
      name,
      filters,
      noLocal = false,
      atOnce = 16,
      mostHeld = 1_000,
      startTimer = startRealTimer,
      random = Math.random,
    } = given
    this.#given = given
    this.#mostHeld = mostHeld
    this.#subscriptions = filters.map((filter) => subscriptionTo(filter, noLocal))
    this.id = service.clients.newConnectionId()
    this.connectedAt = service.clock.now()
    this.name = name
    this.key = `${workerPrefix}${key}`
    this.#lanes = new Lanes({ atOnce, startTimer, random, work: (held, attempt) => this.#work(held, attempt) })
  }

  /** It has its place and takes messages. */
  get isAttached(): boolean {
    return this.#attachment !== null
  }

  /** Messages out of the queue, those under way among them. */
  get held(): number {
    return this.#lanes.size
  }

  /** Takes its place as soon as there is one, and again whenever it was lost. Resolves when that is tried for the first time. */
  async start(): Promise<void> {
    this.#isWanted = true
    this.#given.service.clients.workers.add(this)
    this.check()
    await this.#attaching
  }

  /** Other filters from now on; what waits by the old ones is still handled. Throws `invalid-topic` and `storage-failed`. */
  async listenTo(filters: readonly string[]): Promise<void> {
    this.#subscriptions = filters.map((filter) => subscriptionTo(filter, this.#given.noLocal ?? false))
    if (this.#attachment !== null && !(await this.#subscribe(this.#attachment))) throw new BrokerFault('storage-failed')
  }

  /** Leaves its place; the queue is kept. */
  stop(): void {
    this.#isWanted = false
    this.#given.service.clients.workers.delete(this)
    this.#leave()
  }

  /** Leaves for good, and the queue goes. Throws `storage-failed`. */
  async remove(): Promise<void> {
    const { service, session } = this.#given
    this.stop()
    await removeWorkers(service, session, (key) => key === this.key)
  }

  /**
   * Resolves when the message is as durable as its session asks for, or was refused. Throws `not-ready` while the worker has no place.
   */
  publish(publication: Publication): Promise<Receipt> {
    const attachment = this.#attachment
    if (attachment === null) return Promise.reject(new BrokerFault('not-ready'))
    const token = (this.#lastToken += 1)
    return new Promise((resolve) => {
      this.#receipts.set(token, resolve)
      attachment.publish(publication, token)
    })
  }

  /** Once a second, and when its session goes on. */
  check(): void {
    const { service, session } = this.#given
    if (!this.#isWanted || this.#attachment !== null || this.#attaching !== null || !service.isReady) return
    // What is under way still may come to an end; a second place would hand out the same messages.
    if (this.#lanes.running > 0) return
    const stored = service.has(session.name) ? service.byName(session.name) : undefined
    if (stored?.id !== session.id) return this.#over()
    if (stored.suspended) return
    this.#attaching = this.#attach()
      .catch((error: unknown) => this.#report(error))
      .finally(() => (this.#attaching = null))
  }

  // What the engine asks of a client

  ready(): boolean {
    return this.#attachment !== null && this.#lanes.size < this.#mostHeld
  }

  listens(): boolean {
    return this.ready()
  }

  send(delivery: Delivery): boolean {
    this.#lanes.add(delivery.message.topic, { message: delivery.message, delivery })
    return true
  }

  sendOnce(message: Message): void {
    this.#lanes.add(message.topic, { message, delivery: null })
  }

  accepted(receipt: Receipt): void {
    const token = Number(receipt.token)
    this.#receipts.get(token)?.(receipt)
    this.#receipts.delete(token)
  }

  end(reason: EndReason): void {
    this.#leave()
    if (reason === 'dropped') this.#over()
  }

  failed(error: unknown): void {
    this.#report(error)
    // Not within the call in which it failed.
    queueMicrotask(() => this.#leave())
  }

  log(): void {
    // Nobody reads the session's log here.
  }

  relay(): boolean {
    return true
  }

  whenDrained(callback: () => void): void {
    callback()
  }

  async #attach(): Promise<void> {
    const { service, session } = this.#given
    this.#place = new AbortController()
    const { signal } = this.#place
    const attachment = await service.engine.attach(session.id, this, { key: this.key, durable: true, keepFor: null })
    const isStored = await this.#subscribe(attachment)
    // Meanwhile the session may have been suspended or the worker stopped, and what the disk refused nobody must count on.
    if (signal.aborted || !isStored || !this.#isWanted) return attachment.detach()
    this.#attachment = attachment
    attachment.resume()
  }

  /** In force at once. False when the disk refused. */
  async #subscribe(attachment: Attachment): Promise<boolean> {
    const { service, session, wantsRetained = false } = this.#given
    const wanted = this.#subscriptions
    const known = (await service.engine.clients(session.id)).find(({ key }) => key === this.key)?.topics ?? []
    const old = known.filter((topic) => !wanted.some(({ name }) => name === topic))
    const { outcomes, isStored } = await attachment.subscribe(wanted)
    const isEnded = old.length === 0 || (await attachment.unsubscribe(old)).isStored
    if (wantsRetained)
      for (const [index, { filter }] of wanted.entries()) if (outcomes[index] === 'new') attachment.sendRetained(filter, 1, [])
    return isStored && isEnded
  }

  async #work({ message, delivery }: Held, attempt: number): Promise<void> {
    const attachment = this.#attachment
    const { service, handle } = this.#given
    const { signal } = this.#place
    if (attachment === null) return
    const isOver = delivery === null ? message.expiresAt !== null && message.expiresAt <= service.clock.now() : !attachment.isOpen(delivery)
    try {
      // Expired, purged or pushed out while it waited here.
      if (!isOver) await handle(message, { signal, attempt })
      if (delivery !== null && !isOver) attachment.acknowledgeDelivery(delivery)
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error
      if (delivery !== null) attachment.giveUp(delivery)
    }
    // The lane has room for one more once this is over.
    queueMicrotask(() => this.#attachment?.resume())
  }

  #leave(): void {
    const attachment = this.#attachment
    this.#attachment = null
    this.#place.abort()
    this.#lanes.clear()
    attachment?.detach()
  }

  #over(): void {
    if (!this.#isWanted) return
    this.#isWanted = false
    this.#given.service.clients.workers.delete(this)
    this.#given.onDropped?.()
  }

  #report(error: unknown): void {
    this.#given.service.clients.reportInternalError(error, `${this.name} of ${this.#given.session.name} met a fault`)
  }
}

/** Forgets the queues of workers that nobody runs any more. Throws `storage-failed`. */
export async function removeWorkers(
  service: BrokerService,
  { id, name }: { readonly id: number; readonly name: string },
  isMeant: (key: string) => boolean,
): Promise<void> {
  if (!service.isReady || !service.has(name) || service.byName(name).id !== id) return
  for (const { key, subscriberId } of await service.engine.clients(id)) {
    if (!key.startsWith(workerPrefix) || !isMeant(key)) continue
    const removed = await service.engine.removeSubscriber(id, subscriberId)
    if (removed?.isStored === false) throw new BrokerFault('storage-failed')
  }
}

/** `delivery` is null for a message without acknowledgement. */
interface Held {
  message: Message
  delivery: Delivery | null
}

/** Throws `invalid-topic`; a shared subscription would take messages from its other members. */
function subscriptionTo(text: string, noLocal: boolean): Subscription {
  const parsed = parseFilter(text)
  if (parsed === null || parsed.group !== null) throw new BrokerFault('invalid-topic', 'Invalid topic')
  return { name: text, filter: parsed.filter, group: null, qos: 1, noLocal, retainAsPublished: true, identifier: null }
}
