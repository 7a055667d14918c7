/** The place of one attached client in its session: its verbs, handed to the parts of the engine. */
import type * as door from '../broker-engine.ts'
import type { AttachedClient } from '../broker-engine.ts'
import type { Publication, Quality, SubscribeOutcome, Subscription } from '../types.ts'
import { isSystem } from '../topics.ts'
import { attempt } from './client-calls.ts'
import type { Delivery, Subscriber } from './model.ts'
import { MqttSession } from './mqtt-session.ts'
import type { EngineParts } from './parts.ts'
import { giveRetained } from './retained-giving.ts'
import { isKept } from './tenant.ts'

export type AttachmentParts = Pick<
  EngineParts,
  'turns' | 'store' | 'recorder' | 'deliverer' | 'publishing' | 'subscribers' | 'wills' | 'system'
>

export class Attachment implements door.Attachment {
  readonly isResumed: boolean
  readonly mqtt: MqttSession
  readonly subscriber: Subscriber
  readonly #client: AttachedClient
  readonly #parts: AttachmentParts

  constructor(parts: AttachmentParts, client: AttachedClient, subscriber: Subscriber, isResumed: boolean) {
    this.#parts = parts
    this.#client = client
    this.subscriber = subscriber
    this.isResumed = isResumed
    this.mqtt = new MqttSession(subscriber, parts.recorder, parts.deliverer, parts.subscribers)
  }

  get isKept(): boolean {
    return isKept(this.subscriber)
  }

  get isOwed(): boolean {
    return this.subscriber.inFlight > 0
  }

  publish(publication: Publication, token: string | number): void {
    this.#parts.publishing.publish(this.subscriber.tenant, publication, this.#client, token)
  }

  async subscribe(
    wanted: readonly Subscription[],
    mayHave?: (wanted: Subscription) => boolean,
  ): Promise<{ outcomes: readonly SubscribeOutcome[]; isStored: boolean }> {
    const outcomes: SubscribeOutcome[] = []
    await this.#each(wanted, (each) => {
      const isAllowed = mayHave === undefined || mayHave(each)
      outcomes.push(isAllowed ? this.#parts.subscribers.subscribe(this.subscriber, each) : 'not-allowed')
    })
    return { outcomes, isStored: await this.#agreed() }
  }

  async unsubscribe(names: readonly string[]): Promise<{ existed: readonly boolean[]; isStored: boolean }> {
    const existed: boolean[] = []
    await this.#each(names, (name) => existed.push(this.#parts.subscribers.unsubscribe(this.subscriber, name)))
    return { existed, isStored: await this.#agreed() }
  }

  sendRetained(filter: string, qos: Quality, identifiers: readonly number[]): void {
    giveRetained(this.#parts, { client: this.#client, subscriber: this.subscriber, filter, qos, identifiers }).catch(this.#client.failed)
  }

  /** True when there was one. */
  acknowledge(messageId: string): boolean {
    return this.#parts.deliverer.acknowledge(this.subscriber, messageId)
  }

  acknowledgeDelivery(delivery: Delivery): void {
    this.#parts.deliverer.acknowledgeDelivery(delivery)
  }

  giveUp(delivery: Delivery): void {
    this.#parts.deliverer.deadLetter(delivery, 'unsendable')
  }

  isOpen({ state }: Delivery): boolean {
    return state !== 'over'
  }

  resume(): void {
    this.#parts.deliverer.dispatch(this.subscriber)
  }

  relay(topic: string, frame: Buffer, hold: () => () => void): void {
    if (isSystem(topic)) return
    for (const { subscriber } of this.subscriber.tenant.tree.route(topic).targets)
      for (const client of subscriber.clients)
        if (client !== this.#client && attempt(client, () => client.relay(frame)) === false) client.whenDrained(hold())
  }

  stored(): Promise<boolean> {
    return this.#parts.recorder.stored(this.subscriber.tenant.policy.durability)
  }

  detach({ keepWill = false } = {}): void {
    const { subscriber } = this
    const client = this.#client
    // One without a persistent session would be forgotten with its will.
    if (keepWill && subscriber.will !== null && !subscriber.durable) return
    try {
      if (!keepWill) this.#parts.wills.leave(subscriber)
    } finally {
      this.#parts.subscribers.detach(subscriber, client)
    }
  }

  /** In turns, as long as the client is there. */
  #each<Item>(items: Iterable<Item>, act: (item: Item) => unknown): Promise<void> {
    return this.#parts.turns.each(items, act, () => this.subscriber.clients.has(this.#client))
  }

  /** A client that is kept counts on what was agreed being there after a crash. */
  #agreed(): Promise<boolean> | true {
    return !this.isKept || this.#parts.recorder.stored()
  }
}
