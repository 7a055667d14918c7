/** Sessions and subscribers as the engine makes them, and what can be said of one by looking at it. */
import type { Policy } from '../../policy.ts'
import type { DeadLetter, Delivery, Message, Subscriber, Tenant } from './model.ts'
import { PacketIds } from './packet-ids.ts'
import { PublishAllowance } from './publish-allowance.ts'
import { Queue } from './queue.ts'
import { RetainedTree } from './retained-tree.ts'
import { SeenIds } from './seen-ids.ts'
import { TenantStatistics } from './statistics.ts'
import { TopicNames } from './topic-names.ts'
import { TopicTree } from './topic-tree.ts'
import { Unacked } from './unacked.ts'

export function newTenant({
  id,
  name,
  policy,
  suspended = false,
}: {
  id: number
  name: string
  policy: Policy
  suspended?: boolean
}): Tenant {
  const topics = new TopicNames()
  return {
    ...{ id, name, policy, suspended, topics },
    isGone: false,
    subscribers: new Map(),
    clients: new Set(),
    onlookers: 0,
    kept: 0,
    turns: 0,
    tree: new TopicTree(topics),
    retained: new RetainedTree(topics),
    deadLetters: new Map(),
    queued: 0,
    stored: 0,
    storedBytes: 0,
    statistics: new TenantStatistics(topics),
    seen: new SeenIds(),
    allowance: new PublishAllowance(),
  }
}

export function newSubscriber(facts: {
  id: number
  tenant: Tenant
  key: string
  durable: boolean
  keepFor: number | null
  awaySince?: number | null
}): Subscriber {
  return {
    kind: 'subscriber',
    awaySince: null,
    ...facts,
    due: 0,
    slot: -1,
    clients: new Set(),
    subscriptions: new Map(),
    groups: new Set(),
    unacked: new Unacked(),
    shared: new Map(),
    queue: new Queue(),
    retained: new Map(),
    newer: new Map(),
    whenRoom: [],
    late: new Queue(),
    isDispatching: false,
    goesOn: false,
    inFlight: 0,
    queuedBytes: 0,
    packetIds: new PacketIds(),
    isNumbering: false,
    will: null,
  }
}

/** Messages of a session in memory, or of one that was dropped, leave no trace on the disk. */
export function isWritten({ policy, isGone }: Tenant): boolean {
  return policy.durability !== 'memory' && !isGone
}

/** Whether the disk knows of it: a name to come back under, or a will to be published after a crash. */
export function isRecorded({ durable, will }: Subscriber): boolean {
  return durable || will !== null
}

/** Whether what is agreed with the client has to outlive this process. */
export function isKept({ durable, tenant }: Subscriber): boolean {
  return durable && isWritten(tenant)
}

/** A bridge too is one, to the other broker. */
export function isMqtt({ key }: Subscriber): boolean {
  return key.startsWith('mqtt') || key.startsWith('bridge:')
}

/**
 * MQTT forbids sending again on a connection that lives (MQTT-4.4.0-1), and a worker within this process loses nothing; those wait for the
 * next connection.
 */
export function isTriedAgain(subscriber: Subscriber): boolean {
  return !isMqtt(subscriber) && !subscriber.key.startsWith('worker:')
}

/** A named client, who may have less than others in its session: nothing but what its subscriptions match. */
export function isRuled({ key }: Subscriber): boolean {
  return key.startsWith('mqtt@') || key.startsWith('user@')
}

/** Somebody looks on: whoever publishes is told of those alone for whom the message is. */
export function isOnlooker({ key }: Subscriber): boolean {
  return key.startsWith('onlooker:')
}

export function isFull(subscriber: Subscriber, message: Message): boolean {
  const { maxQueuedMessages, maxQueuedBytes } = subscriber.tenant.policy
  return (
    subscriber.unacked.size >= maxQueuedMessages ||
    (subscriber.queuedBytes + message.body.length > maxQueuedBytes && subscriber.unacked.size > 0)
  )
}

/** With those by other members of its group: what no member can do anything with is given up. */
export function triesOf({ tries, triedBefore }: Delivery): number {
  return tries + triedBefore
}

/** It has something newer of the topic now than what is retained there. */
export function noteNewer({ newer, tenant }: Subscriber, topic: string): void {
  if (newer.size > 0 && tenant.retained.has(topic)) for (const topics of newer.values()) topics.add(topic)
}

/** What is retained fills no more than half of a queue: what is published meanwhile finds room beside it. */
export function hasRoomForRetained({ unacked, queuedBytes, tenant: { policy } }: Subscriber): boolean {
  return unacked.size === 0 || (unacked.size * 2 < policy.maxQueuedMessages && queuedBytes * 2 < policy.maxQueuedBytes)
}

export function lettersOf({ letters }: Message): Iterable<DeadLetter> {
  return letters ?? []
}
