/** What the native API shows of sessions, clients, topics and messages. */
import { iso, type Clock } from '../clock.ts'
import type { BrokerClient, BrokerDeadLetter, BrokerSession, BrokerTopic, HeldMessage } from './contract/index.ts'
import type { DeadLetter, Message, Subscriber } from './engine/model.ts'
import type { Tenant } from './engine/tenant.ts'
import { utf8 } from './connections/json/json-frames.ts'
import type { StoredSession } from './store.ts'

const previewLength = 200
const shownTopics = 200

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

export function sessionView({ stored, tenant }: { stored: StoredSession; tenant: Tenant }, clock: Clock): BrokerSession {
  const now = clock.monotonic()
  return {
    name: tenant.name,
    state: stored.suspended ? 'suspended' : 'running',
    createdAt: iso(stored.createdAt),
    expiresAt: isoOrNull(stored.expiresAt),
    clients: tenant.links.size,
    subscribers: [...tenant.subscribers.values()].filter(({ durable }) => durable).length,
    topics: topicNames(tenant).size,
    published: tenant.published.perSecond(now),
    delivered: tenant.delivered.perSecond(now),
    publishedTotal: tenant.published.total,
    deliveredTotal: tenant.delivered.total,
    queued: tenant.queued,
    storedBytes: tenant.storedBytes,
    oldestUnackedAt: isoOrNull(tenant.oldestUnacked()),
    deadLetters: tenant.deadLetters.size,
    deadForgotten: tenant.deadForgotten,
    policy: tenant.policy,
  }
}

/** Connections, then the named clients that are away; those with the most to do first. */
export function clientViews(tenant: Tenant): BrokerClient[] {
  const views = [...tenant.subscribers.values()].flatMap((subscriber): BrokerClient[] => {
    const shared = {
      subscriberId: subscriber.id,
      key: subscriber.key,
      topics: [...subscriber.subscriptions.keys()],
      unacked: subscriber.unacked.size,
      queuedBytes: subscriber.queuedBytes,
    }
    if (subscriber.links.size === 0)
      return [
        {
          ...shared,
          linkId: null,
          name: subscriber.key.slice(subscriber.key.indexOf(':') + 1),
          protocol: null,
          address: null,
          connectedAt: null,
          awaySince: isoOrNull(subscriber.awaySince),
          slow: false,
        },
      ]
    return [...subscriber.links].map((link) => ({
      ...shared,
      linkId: link.id,
      name: link.name,
      protocol: link.protocol,
      address: link.address,
      connectedAt: iso(link.connectedAt),
      awaySince: null,
      slow: link.isStalled,
    }))
  })
  return views.sort((a, b) => b.unacked - a.unacked || (a.name < b.name ? -1 : 1))
}

/** The busiest first. */
export function topicViews(tenant: Tenant, clock: Clock): BrokerTopic[] {
  const now = clock.monotonic()
  const views = [...topicNames(tenant)].map((topic) => {
    const facts = tenant.topics.get(topic)
    return {
      topic,
      subscribers: tenant.tree.countReceivers(topic),
      published: facts?.published.perSecond(now) ?? 0,
      publishedTotal: facts?.published.total ?? 0,
      queued: facts?.queued ?? 0,
      retained: tenant.retained.has(topic),
    }
  })
  return views.sort((a, b) => b.published - a.published || b.queued - a.queued || (a.topic < b.topic ? -1 : 1)).slice(0, shownTopics)
}

/** What waits, the oldest first, without changing anything. */
export function heldMessages(
  tenant: Tenant,
  { topic, subscriber, limit }: { topic?: string | undefined; subscriber?: number | undefined; limit: number },
): HeldMessage[] {
  const found = new Map<number, Message>()
  for (const each of tenant.subscribers.values()) {
    if (subscriber !== undefined && each.id !== subscriber) continue
    let taken = 0
    for (const { message, state } of each.unacked.values()) {
      if (state === 'committing' || (topic !== undefined && message.topic !== topic)) continue
      found.set(message.seq, message)
      taken += 1
      if (taken >= limit) break
    }
  }
  return [...found.values()]
    .sort((a, b) => a.seq - b.seq)
    .slice(0, limit)
    .map(heldMessage)
}

export function deadLetterViews(tenant: Tenant, limit: number): BrokerDeadLetter[] {
  return [...tenant.deadLetters.values()].slice(-limit).reverse().map(deadLetterView)
}

export function subscriberName({ key }: Pick<Subscriber, 'key'>): string {
  return key.slice(key.indexOf(':') + 1)
}

function topicNames(tenant: Tenant): Set<string> {
  return new Set([...tenant.topics.keys(), ...tenant.tree.exactTopics(), ...tenant.retained.keys()])
}

function heldMessage(message: Message): HeldMessage {
  const { seq, id, topic, publisher, acceptedAt, expiresAt, body, deliveries } = message
  const waitingFor = deliveries.flatMap(({ state, subscriber, tries }) =>
    state === 'queued' || state === 'sent' ? [{ key: subscriber.key, tries, state }] : [],
  )
  return {
    seq,
    messageId: id,
    topic,
    publisher,
    acceptedAt: iso(acceptedAt),
    expiresAt: isoOrNull(expiresAt),
    bytes: body.length,
    preview: previewOf(message),
    waitingFor,
  }
}

function deadLetterView({ id, at, message, subscriberKey, reason, tries }: DeadLetter): BrokerDeadLetter {
  return {
    id,
    at: iso(at),
    messageId: message.id,
    topic: message.topic,
    subscriber: subscriberKey,
    reason,
    tries,
    acceptedAt: iso(message.acceptedAt),
    bytes: message.body.length,
    preview: previewOf(message),
  }
}

function previewOf({ source, body }: Message): string {
  if (source === 'mqtt') return utf8(body.subarray(0, previewLength)) ?? body.subarray(0, previewLength / 2).toString('hex')
  const { data } = JSON.parse(body.toString('utf8')) as { data: unknown } // built by `readPublish`
  return (typeof data === 'string' ? data : JSON.stringify(data)).slice(0, previewLength)
}
