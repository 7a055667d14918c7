/** The place of a named client in its session: every verb goes past its rules first. Clients with the session's password do without. */
import type { AttachedClient, Attachment, MqttSession } from '../engine/broker-engine.ts'
import type { Delivery, Publication, Quality, SubscribeOutcome, Subscription } from '../engine/types.ts'
import { isTopic } from '../engine/topics.ts'
import type { Access } from './access.ts'

export class LimitedAttachment implements Attachment {
  readonly #place: Attachment
  readonly #access: Access
  readonly #client: Pick<AttachedClient, 'accepted'>

  constructor(place: Attachment, access: Access, client: Pick<AttachedClient, 'accepted'>) {
    this.#place = place
    this.#access = access
    this.#client = client
  }

  get isResumed(): boolean {
    return this.#place.isResumed
  }

  get isKept(): boolean {
    return this.#place.isKept
  }

  get isOwed(): boolean {
    return this.#place.isOwed
  }

  get mqtt(): MqttSession {
    return this.#place.mqtt
  }

  publish(publication: Publication, token: string | number): void {
    const { topic } = publication
    if (this.#access.mayPublish(topic)) return this.#place.publish(publication, token)
    const refusal = isTopic(topic) ? 'not-allowed' : 'invalid-topic'
    this.#client.accepted({ token, topic, deliveredTo: 0, queuedFor: 0, duplicate: false, refusal })
  }

  /** Each is judged as its turn comes: there may be thousands, and the rules may change while they are made. */
  subscribe(wanted: readonly Subscription[]): Promise<{ outcomes: readonly SubscribeOutcome[]; isStored: boolean }> {
    return this.#place.subscribe(wanted, ({ filter }) => this.#access.maySubscribe(filter))
  }

  unsubscribe(names: readonly string[]): Promise<{ existed: readonly boolean[]; isStored: boolean }> {
    return this.#place.unsubscribe(names)
  }

  sendRetained(filter: string, qos: Quality, identifiers: readonly number[]): void {
    if (this.#access.maySubscribe(filter)) this.#place.sendRetained(filter, qos, identifiers)
  }

  relay(topic: string, frame: Buffer, hold: () => () => void): void {
    if (this.#access.mayPublish(topic)) this.#place.relay(topic, frame, hold)
  }

  acknowledge(messageId: string): void {
    this.#place.acknowledge(messageId)
  }

  acknowledgeDelivery(delivery: Delivery): void {
    this.#place.acknowledgeDelivery(delivery)
  }

  giveUp(delivery: Delivery): void {
    this.#place.giveUp(delivery)
  }

  isOpen(delivery: Delivery): boolean {
    return this.#place.isOpen(delivery)
  }

  resume(): void {
    this.#place.resume()
  }

  stored(): Promise<boolean> {
    return this.#place.stored()
  }

  detach(options?: { keepWill?: boolean }): void {
    this.#place.detach(options)
  }
}
