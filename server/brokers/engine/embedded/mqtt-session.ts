/** The session of one MQTT client: packet ids and handshakes of quality 2, kept over connections and crashes. */
import type * as door from '../broker-engine.ts'
import type { Deliverer } from './deliverer.ts'
import type { Delivery, Subscriber } from './model.ts'
import { isBound } from './numbering.ts'
import type { Recorder } from './recorder.ts'
import type { Subscribers } from './subscribers.ts'

export class MqttSession implements door.MqttSession {
  readonly #subscriber: Subscriber
  readonly #recorder: Recorder
  readonly #deliverer: Deliverer
  readonly #subscribers: Subscribers
  /** Its packet id is new: nobody can know it unless it goes out now. */
  #justNumbered: Delivery | null = null

  constructor(subscriber: Subscriber, recorder: Recorder, deliverer: Deliverer, subscribers: Subscribers) {
    this.#subscriber = subscriber
    this.#recorder = recorder
    this.#deliverer = deliverer
    this.#subscribers = subscribers
  }

  get hasFreePacketId(): boolean {
    return this.#subscriber.packetIds.hasFree
  }

  get releasing(): ReadonlySet<number> {
    return this.#subscriber.packetIds.releasing
  }

  packetIdOf(delivery: Delivery): number {
    this.#justNumbered = delivery.packetId === 0 ? delivery : null
    if (delivery.packetId === 0) delivery.packetId = this.#subscriber.packetIds.take()
    return delivery.packetId
  }

  takeBack(delivery: Delivery, packetId: number): boolean {
    const { qos, tries, maybeSent } = delivery
    if (delivery !== this.#justNumbered) return qos === 2 && (tries > 1 || maybeSent)
    this.#subscriber.packetIds.sent.delete(packetId)
    delivery.packetId = 0
    return false
  }

  finish(packetId: number, delivery: Delivery): void {
    this.#subscriber.packetIds.sent.delete(packetId)
    // It may have become a dead letter meanwhile; the window it held is free all the same.
    if (!this.#deliverer.acknowledgeDelivery(delivery)) this.#deliverer.dispatch(this.#subscriber)
  }

  release(packetId: number, delivery?: Delivery): void {
    this.#subscriber.packetIds.releasing.add(packetId)
    this.#note('releasing', packetId, true)
    if (delivery !== undefined) this.finish(packetId, delivery)
  }

  complete(packetId: number): void {
    if (!this.#subscriber.packetIds.releasing.delete(packetId)) return
    this.#note('releasing', packetId, false)
    this.#deliverer.dispatch(this.#subscriber)
  }

  isReleasing(packetId: number): boolean {
    return this.#subscriber.packetIds.releasing.has(packetId)
  }

  sentBefore(packetId: number): Delivery | undefined {
    const { packetIds, unacked } = this.#subscriber
    if (!packetIds.sent.has(packetId)) return undefined
    // What was sent is the oldest: hardly ever is much of the queue looked at.
    for (const delivery of unacked.values()) if (delivery.packetId === packetId && isBound(delivery)) return delivery
    return undefined
  }

  isReceiving(packetId: number): boolean {
    return this.#subscriber.packetIds.receiving.has(packetId)
  }

  receive(packetId: number): void {
    this.#subscriber.packetIds.receiving.add(packetId)
    this.#note('receiving', packetId, true)
  }

  forget(packetId: number): boolean {
    if (!this.#subscriber.packetIds.receiving.delete(packetId)) return false
    this.#note('receiving', packetId, false)
    return true
  }

  forgetWill(): void {
    this.#subscribers.forgetWill(this.#subscriber)
  }

  changeExpiry(keepFor: number | null): boolean {
    if (this.#subscriber.keepFor === 0 && keepFor !== 0) return false
    this.#subscriber.keepFor = keepFor
    return true
  }

  #note(which: 'receiving' | 'releasing', packetId: number, isPresent: boolean): void {
    const { tenant, id } = this.#subscriber
    this.#recorder.of(tenant)?.packet(id, which, packetId, isPresent)
  }
}
