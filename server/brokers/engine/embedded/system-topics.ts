/**
 * What a session says of itself to its clients, on the topics that MQTT users know: given at once to who subscribes to one, and every ten
 * seconds to all who did. Without acknowledgement; nothing of it is stored, and nothing is counted while nobody listens.
 */
import type { Clock } from '../../../clock.ts'
import { isSystem, matches } from '../topics.ts'
import type { AttachedClient } from '../broker-engine.ts'
import type { HowDelivered } from '../types.ts'
import { attempt } from './client-calls.ts'
import type { Deliverer } from './deliverer.ts'
import type { Message, Tenant } from './model.ts'
import { receivers } from './group-turns.ts'

/** Of the charts, six to a minute. */
const minute = 6

export interface SystemTopicsParts {
  clock: Clock
  deliverer: Deliverer
  version: string
}

export class SystemTopics {
  readonly #parts: SystemTopicsParts
  readonly #startedAt: number
  #published = 0

  constructor(parts: SystemTopicsParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.monotonic()
  }

  /** To one who has just subscribed. */
  tell(client: AttachedClient, tenant: Tenant, filter: string, how: HowDelivered): void {
    if (!isSystem(filter)) return
    for (const [topic, value] of this.#values(tenant))
      if (matches(filter, topic)) attempt(client, () => client.sendOnce(this.#message(tenant, topic, value), how, true))
  }

  /** To all who listen, every ten seconds. */
  publish(tenant: Tenant): void {
    if (!tenant.tree.hasSystem) return
    for (const [topic, value] of this.#values(tenant)) {
      const message = this.#message(tenant, topic, value)
      const targets = receivers(tenant.tree.route(topic), message)
      if (targets.length > 0) this.#parts.deliverer.sendOnce(message, targets)
    }
  }

  *#values(tenant: Tenant): Generator<readonly [topic: string, value: string | number]> {
    const { subscribers, statistics } = tenant
    const connected = tenant.clients.size - tenant.onlookers
    const away = [...subscribers.values()].filter((subscriber) => subscriber.clients.size === 0).length
    const subscriptions = [...subscribers.values()].reduce((sum, each) => sum + each.subscriptions.size, 0)
    const broker = '$SYS/broker'
    yield [`${broker}/version`, `Wheelhouse ${this.#parts.version}`]
    yield [`${broker}/uptime`, `${Math.floor((this.#parts.clock.monotonic() - this.#startedAt) / 1_000)} seconds`]
    yield [`${broker}/clients/connected`, connected]
    yield [`${broker}/clients/disconnected`, away]
    yield [`${broker}/clients/total`, connected + away]
    yield [`${broker}/subscriptions/count`, subscriptions]
    yield [`${broker}/messages/received`, statistics.published.total]
    yield [`${broker}/messages/sent`, statistics.delivered.total]
    yield [`${broker}/messages/stored`, tenant.stored]
    yield [`${broker}/messages/queued`, tenant.queued]
    yield [`${broker}/store/messages/count`, tenant.stored]
    yield [`${broker}/store/messages/bytes`, tenant.storedBytes]
    yield [`${broker}/retained messages/count`, tenant.retained.size]
    yield [`${broker}/dead letters/count`, tenant.deadLetters.size]
    yield [`${broker}/dead letters/total`, statistics.deadTotal]
    for (const [name, rates] of [
      ['received', statistics.publishedRate],
      ['sent', statistics.deliveredRate],
    ] as const)
      for (const minutes of [1, 5, 15]) yield [`${broker}/load/messages/${name}/${minutes}min`, perMinute(rates, minutes)]
  }

  #message(tenant: Tenant, topic: string, value: string | number): Message {
    this.#published += 1
    return {
      ...{ kind: 'message', due: 0, slot: -1, seq: 0, tenant, topic, publisher: '$SYS', qos: 0, retain: true, retained: false },
      id: `$SYS ${this.#startedAt} ${this.#published}`,
      source: 'mqtt',
      body: Buffer.from(String(value)),
      properties: null,
      acceptedAt: this.#parts.clock.now(),
      ...{ expiresAt: null, origin: 0, deliveries: [], pending: 0, letters: null, segment: 0, frame: null },
    }
  }
}

/** Mean of the last minutes, of messages a minute. */
function perMinute(rates: readonly number[], minutes: number): string {
  const last = rates.slice(-minutes * minute)
  return ((last.reduce((sum, rate) => sum + rate, 0) / Math.max(1, last.length)) * 60).toFixed(2)
}
