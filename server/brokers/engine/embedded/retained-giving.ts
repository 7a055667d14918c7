/** Gives what is retained to new subscriptions: as line and queue of their client drain, and never after something newer of the topic. */
import type { AttachedClient } from '../broker-engine.ts'
import type { Quality } from '../types.ts'
import { attempt } from './client-calls.ts'
import type { MessageStore } from './message-store.ts'
import type { Message, Subscriber } from './model.ts'
import type { Publishing } from './publishing.ts'
import type { SystemTopics } from './system-topics.ts'
import { hasRoomForRetained, isFull } from './tenant.ts'
import type { Turns } from './turns.ts'

export interface RetainedGivingParts {
  turns: Turns
  store: MessageStore
  publishing: Publishing
  system: SystemTopics
}

interface Wanted {
  client: AttachedClient
  subscriber: Subscriber
  filter: string
  qos: Quality
  identifiers: readonly number[]
}

/**
 * What is sent without acknowledgement goes to the client while it is there; the rest to the subscriber, also while that is away. Ends with
 * the subscription, or when the same is asked for anew.
 */
export async function giveRetained(parts: RetainedGivingParts, wanted: Wanted): Promise<void> {
  const { client, subscriber, filter, identifiers } = wanted
  const { tenant } = subscriber
  parts.system.tell(client, tenant, filter, howOf(identifiers))
  const newer = new Set<string>()
  subscriber.newer.set(filter, newer)
  const giving = new Giving(parts, wanted, newer)
  try {
    await parts.turns.each(
      tenant.retained.matching(filter),
      (message) => (message === null ? undefined : giving.give(message)),
      () => giving.isWanted,
    )
  } finally {
    if (subscriber.newer.get(filter) === newer) subscriber.newer.delete(filter)
  }
}

class Giving {
  readonly #parts: RetainedGivingParts
  readonly #wanted: Wanted
  /** Topics of which the subscriber has had something newer since. */
  readonly #newer: ReadonlySet<string>
  /** What is published while these are on their way comes by the subscription itself. */
  #end: number

  constructor(parts: RetainedGivingParts, wanted: Wanted, newer: ReadonlySet<string>) {
    this.#parts = parts
    this.#wanted = wanted
    this.#newer = newer
    this.#end = parts.store.nextSeq
  }

  get isWanted(): boolean {
    const { client, subscriber, filter, qos } = this.#wanted
    const { tenant, key, newer, subscriptions } = subscriber
    const isThere = tenant.subscribers.get(key) === subscriber && !tenant.isGone && (qos > 0 || subscriber.clients.has(client))
    return isThere && subscriptions.has(filter) && newer.get(filter) === this.#newer
  }

  /** A promise where it has to wait for the client. */
  give(message: Message): Promise<void> | undefined {
    const { client, subscriber, qos } = this.#wanted
    if (qos > 0 && message.qos > 0) {
      if (!hasRoomForRetained(subscriber) || isFull(subscriber, message)) return this.#giveWithRoom(message)
      return this.#giveNow(message)
    }
    return client.listens() || !subscriber.clients.has(client) ? this.#giveNow(message) : this.#giveDrained(message.topic)
  }

  async #giveWithRoom(message: Message): Promise<void> {
    const { subscriber } = this.#wanted
    while (this.isWanted && (!hasRoomForRetained(subscriber) || isFull(subscriber, message)))
      await new Promise<void>((resolve) => void subscriber.whenRoom.push(resolve))
    this.#giveNow(message)
  }

  /** As its line drains, or all of them would be in our memory. What replaced it meanwhile may have found no room on the line. */
  async #giveDrained(topic: string): Promise<void> {
    const { client, subscriber } = this.#wanted
    await new Promise<void>((resolve) => client.whenDrained(resolve))
    this.#end = Infinity
    const message = subscriber.tenant.retained.get(topic)
    if (message !== undefined) this.#giveNow(message)
  }

  #giveNow(message: Message): undefined {
    const { store, publishing } = this.#parts
    const { client, subscriber, qos, identifiers } = this.#wanted
    if (!this.isWanted || !message.retained || message.seq >= this.#end || this.#newer.has(message.topic) || store.isExpired(message))
      return
    const how = howOf(identifiers)
    if (qos > 0 && message.qos > 0) return void publishing.deliverRetained(message, { ...how, subscriber, qos, noLocal: false })
    if (subscriber.clients.has(client)) attempt(client, () => client.sendOnce(message, how, true))
  }
}

function howOf(identifiers: readonly number[]) {
  return { retainAsPublished: true, identifiers, shares: [], isOwn: true }
}
