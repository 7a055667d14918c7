/** What is shown of a session: read from the engine's own state, changing nothing. */
import type { Clock } from '../../../clock.ts'
import { matches } from '../topics.ts'
import type { ClientFacts, TenantCounts, TenantFigures, TopicFacts, WaitingFilter, WaitingMessage } from '../types.ts'
import type { MessageStore } from './message-store.ts'
import type { DeadLetter, Message, Tenant } from './model.ts'
import { retainedOf } from './tenant.ts'

export function countsOf({ clients, onlookers, queued, storedBytes, deadLetters, statistics }: Tenant): TenantCounts {
  return {
    clients: clients.size - onlookers,
    publishedTotal: statistics.published.total,
    deliveredTotal: statistics.delivered.total,
    queued,
    storedBytes,
    deadLetters: deadLetters.size,
    deadForgotten: statistics.deadForgotten,
  }
}

export function figuresOf(tenant: Tenant, clock: Clock): TenantFigures {
  const now = clock.monotonic()
  const { statistics, deadLetters } = tenant
  return {
    ...countsOf(tenant),
    subscribers: [...tenant.subscribers.values()].filter(({ durable }) => durable).length,
    topics: topicNames(tenant).size,
    published: statistics.published.perSecond(now),
    delivered: statistics.delivered.perSecond(now),
    oldestUnackedAt: oldestUnacked(tenant),
    newestDeadLetterAt: [...deadLetters.values()].at(-1)?.at ?? null,
    depth: statistics.depth,
    deliveredRate: statistics.deliveredRate,
  }
}

export function clientsOf(tenant: Tenant): ClientFacts[] {
  return [...tenant.subscribers.values()].flatMap((subscriber): ClientFacts[] => {
    const shared = {
      subscriberId: subscriber.id,
      key: subscriber.key,
      topics: [...subscriber.subscriptions.keys()],
      unacked: subscriber.unacked.size,
      queuedBytes: subscriber.queuedBytes,
    }
    if (subscriber.clients.size === 0) return [{ ...shared, connection: null, awaySince: subscriber.awaySince }]
    return [...subscriber.clients].map((connection) => ({ ...shared, connection, awaySince: null }))
  })
}

export function topicsOf(tenant: Tenant, clock: Clock): TopicFacts[] {
  const now = clock.monotonic()
  return [...topicNames(tenant)].map((topic) => {
    const count = tenant.statistics.topics.get(topic)
    return {
      topic,
      subscribers: tenant.tree.countReceivers(topic),
      published: count?.published.perSecond(now) ?? 0,
      publishedTotal: count?.published.total ?? 0,
      queued: count?.queued ?? 0,
      retained: tenant.retained.has(topic),
    }
  })
}

export function waitingOf(tenant: Tenant, { topic, subscriber, limit }: WaitingFilter): WaitingMessage[] {
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
    .map((message) => ({
      message,
      waitingFor: message.deliveries.flatMap(({ state, subscriber: { key }, tries }) =>
        state === 'queued' || state === 'sent' ? [{ key, tries, state }] : [],
      ),
    }))
}

/** Messages that wait or are retained, the newest first. */
export function peekInto(tenant: Tenant, filter: string, limit: number, store: MessageStore): Message[] {
  const found = new Set(retainedOf(tenant).filter((message) => matches(filter, message.topic) && !store.isExpired(message)))
  for (const { unacked } of tenant.subscribers.values()) {
    // A message that is not durable yet is nobody's so far.
    for (const { message, state } of unacked.values()) if (state !== 'committing' && matches(filter, message.topic)) found.add(message)
  }
  return [...found].sort((a, b) => b.seq - a.seq).slice(0, limit)
}

export function lettersIn(tenant: Tenant, limit: number): DeadLetter[] {
  return [...tenant.deadLetters.values()].slice(-limit).reverse()
}

function topicNames({ statistics, tree, retained }: Tenant): Set<string> {
  return new Set([...statistics.topics.keys(), ...tree.exactTopics(), ...retained.keys()])
}

function oldestUnacked(tenant: Tenant): number | null {
  let oldest: number | null = null
  for (const subscriber of tenant.subscribers.values()) {
    const [first] = subscriber.unacked.values()
    if (first !== undefined && (oldest === null || first.message.acceptedAt < oldest)) oldest = first.message.acceptedAt
  }
  return oldest
}
