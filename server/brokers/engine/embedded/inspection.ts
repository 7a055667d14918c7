/** What is shown of a session: read from the engine's own state, changing nothing. */
import type { Clock } from '../../../clock.ts'
import { matches } from '../topics.ts'
import type { ClientFacts, TenantCounts, TenantFigures, TopicFacts, WaitingFilter, WaitingMessage } from '../types.ts'
import { First } from './first.ts'
import type { MessageStore } from './message-store.ts'
import type { DeadLetter, Delivery, Message, Tenant } from './model.ts'
import type { Turns } from './turns.ts'

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
    subscribers: tenant.kept,
    away: awayOf(tenant),
    topics: tenant.topics.size,
    published: statistics.published.perSecond(now),
    delivered: statistics.delivered.perSecond(now),
    oldestUnackedAt: oldestUnacked(tenant),
    newestDeadLetterAt: newestOf(deadLetters),
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

/** The busiest, then by name. */
export async function topicsOf(tenant: Tenant, limit: number, clock: Clock, turns: Turns): Promise<TopicFacts[]> {
  const now = clock.monotonic()
  const { statistics, retained, tree } = tenant
  const first = new First<Omit<TopicFacts, 'subscribers'>>(
    limit,
    (a, b) => b.published - a.published || b.queued - a.queued || (a.topic < b.topic ? -1 : 1),
  )
  await turns.each(tenant.topics.values(), (topic) => {
    const count = statistics.topics.get(topic)
    first.add({
      topic,
      published: count?.published.perSecond(now) ?? 0,
      publishedTotal: count?.published.total ?? 0,
      queued: count?.queued ?? 0,
      retained: retained.has(topic),
    })
  })
  return first.items().map((facts) => ({ ...facts, subscribers: tree.countReceivers(facts.topic) }))
}

export async function waitingOf(
  tenant: Tenant,
  { topic, subscriber: wanted, limit }: WaitingFilter,
  turns: Turns,
): Promise<WaitingMessage[]> {
  const found = new First<Message>(limit, (a, b) => a.seq - b.seq)
  await turns.each(unackedOf(tenant), ({ message, state, subscriber }) => {
    if (wanted !== undefined && subscriber.id !== wanted) return
    if (state !== 'committing' && state !== 'over' && (topic === undefined || message.topic === topic)) found.add(message)
  })
  return found.items().map((message) => ({
    message,
    waitingFor: message.deliveries.flatMap(({ state, subscriber: { key }, tries }) =>
      state === 'queued' || state === 'sent' ? [{ key, tries, state }] : [],
    ),
  }))
}

/** Messages that wait or are retained, the newest first. */
export async function peekInto(
  tenant: Tenant,
  filter: string,
  limit: number,
  { store, turns }: { store: MessageStore; turns: Turns },
): Promise<Message[]> {
  const found = new First<Message>(limit, (a, b) => b.seq - a.seq)
  await turns.each(tenant.retained.matching(filter), (message) => {
    if (message !== null && !store.isExpired(message)) found.add(message)
  })
  await turns.each(unackedOf(tenant), ({ message, state }) => {
    // A message that is not durable yet is nobody's so far.
    if (state !== 'committing' && state !== 'over' && matches(filter, message.topic)) found.add(message)
  })
  return found.items()
}

export function lettersIn(tenant: Tenant, limit: number): DeadLetter[] {
  return [...tenant.deadLetters.values()].slice(-limit).reverse()
}

function awayOf({ subscribers }: Tenant): number {
  let count = 0
  for (const { durable, clients } of subscribers.values()) if (durable && clients.size === 0) count += 1
  return count
}

function newestOf(letters: ReadonlyMap<number, DeadLetter>): number | null {
  let newest: number | null = null
  for (const { at } of letters.values()) newest = at
  return newest
}

function* unackedOf({ subscribers }: Tenant): Generator<Delivery> {
  for (const { unacked } of subscribers.values()) yield* unacked.values()
}

function oldestUnacked(tenant: Tenant): number | null {
  let oldest: number | null = null
  for (const subscriber of tenant.subscribers.values()) {
    const [first] = subscriber.unacked.values()
    if (first !== undefined && (oldest === null || first.message.acceptedAt < oldest)) oldest = first.message.acceptedAt
  }
  return oldest
}
