/** What became of the events of a webhook: looked at by pages and one in full, delivered once more, and forgotten. */
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import { KernelFault } from '../../fault.ts'
import type { AttemptStore } from './attempts-store.ts'
import type { Bounds } from './bounds.ts'
import type { DeliveryFilter, DeliveryRange, DeliveryStore } from './deliveries-store.ts'
import type { WebhookStore } from './store.ts'
import type { Attempt, Delivery, Webhook } from './webhook.ts'

/** With the last of its attempts. */
export type ListedDelivery = Delivery & { last: Pick<Attempt, 'at' | 'ms' | 'status'> | null }

export interface Replayed {
  count: number
  /** Of the time asked for, what there was no room for; the first of it is of `next`. */
  left: number
  next: number | null
  /** Of events before it some are no longer kept; null when all are that the webhook was ever told. */
  keptSince: number | null
}

/** All throw `webhook-not-found`. */
export interface History {
  /** The newest first. */
  deliveries(
    room: string,
    subject: string,
    id: string,
    filter: DeliveryFilter,
    page: { before?: number | undefined; limit: number },
  ): { deliveries: ListedDelivery[]; next: number | null }
  /** In full; `body` is null when no key opens it. Throws `delivery-not-found`. */
  delivery(room: string, subject: string, id: string, delivery: string): ListedDelivery & { body: string | null; tries: Attempt[] }
  /** The newest dead ones. */
  dead(room: string, subject: string, id: string): Delivery[]
  /** Tries the dead ones again; the number of them. */
  replay(room: string, subject: string, id: string): number
  /** Tries again what was delivered or given up of a time, in its order. */
  replayRange(room: string, subject: string, id: string, range: DeliveryRange): Replayed
  /** Tries one of them again. Throws `delivery-not-found` when it is not dead. */
  replayOne(room: string, subject: string, id: string, delivery: string): void
  /** Removes the dead ones, and has seen what was dropped; the number of both. */
  discard(room: string, subject: string, id: string): number
  /** Throws `delivery-not-found` when it is not dead. */
  discardOne(room: string, subject: string, id: string, delivery: string): void
  /** Of all webhooks of the subject what was delivered, about this key or about anything. */
  forget(room: string, subject: string, key: string | null): void
  /** Of all webhooks of the subject what was delivered about this key and names this id, e.g. of a message that was deleted for all. */
  forgetNaming(room: string, subject: string, key: string, id: string): void
  /** What was about `was` is about `key`, e.g. since both turned out to be one person. */
  rename(room: string, subject: string, was: string, key: string): void
}

export interface HistoryParts {
  database: Database
  store: WebhookStore
  deliveries: DeliveryStore
  attempts: Pick<AttemptStore, 'list' | 'last'>
  clock: Clock
  bounds: Bounds
  /** Throws `webhook-not-found`. */
  known(room: string, subject: string, id: string): Webhook
  /** Something waits again. */
  onRevived(webhook: Webhook): void
  onTrouble(room: string): void
}

const deadShown = 100
/** Counted of what is left of a range; beyond it "more" is enough. */
const countedAtMost = 100_000

export function createHistory(parts: HistoryParts): History {
  const { database, store, deliveries, attempts, clock, bounds, known, onRevived, onTrouble } = parts
  const withLast = (delivery: Delivery): ListedDelivery => ({ ...delivery, last: attempts.last(delivery.id) })
  const notDead = (): KernelFault => new KernelFault('delivery-not-found', 'No such delivery was given up')

  function revived<Result>(webhook: Webhook, result: Result): Result {
    onRevived(webhook)
    onTrouble(webhook.room)
    return result
  }

  return {
    rename(room, subject, was, key) {
      for (const webhook of store.list(room, subject)) {
        store.rename(webhook, was, key)
        if (deliveries.rename(webhook.id, was, key) > 0) onRevived(webhook)
      }
    },
    deliveries(room, subject, id, filter, { before, limit }) {
      known(room, subject, id)
      const page = deliveries.page(id, filter, { before, limit: limit + 1 })
      const shown = page.slice(0, limit)
      return { deliveries: shown.map(withLast), next: page.length > limit ? (shown.at(-1)?.number ?? null) : null }
    },
    delivery(room, subject, id, delivery) {
      known(room, subject, id)
      const found = deliveries.find(id, delivery)
      if (found === null) throw new KernelFault('delivery-not-found', 'No such delivery is kept')
      return { ...withLast(found), body: deliveries.text(delivery), tries: attempts.list(delivery) }
    },
    dead(room, subject, id) {
      known(room, subject, id)
      return deliveries.page(id, { state: 'dead' }, { limit: deadShown })
    },
    replay(room, subject, id) {
      const webhook = known(room, subject, id)
      return revived(webhook, deliveries.revive(id, clock.now()))
    },
    replayRange(room, subject, id, range) {
      const webhook = known(room, subject, id)
      const free = Math.max(0, bounds.waiting.count - deliveries.size(id, 'waiting').count)
      const found = deliveries.range(id, range, countedAtMost)
      const taken = found.slice(0, free)
      const count = deliveries.reviveSome(
        taken.map(({ number }) => number),
        clock.now(),
      )
      const next = found[free]?.createdAt ?? null
      return revived(webhook, { count, left: found.length - taken.length, next, keptSince: store.keptSince(id) })
    },
    replayOne(room, subject, id, delivery) {
      const webhook = known(room, subject, id)
      if (!deliveries.reviveOne(id, delivery, clock.now())) throw notDead()
      revived(webhook, undefined)
    },
    discard(room, subject, id) {
      const { dropped } = known(room, subject, id)
      const count = database.transaction(() => {
        store.forgetDropped(id)
        return deliveries.discard(id)
      })()
      onTrouble(room)
      return count + dropped
    },
    discardOne(room, subject, id, delivery) {
      known(room, subject, id)
      if (!deliveries.discardOne(id, delivery)) throw notDead()
      onTrouble(room)
    },
    forgetNaming(room, subject, key, name) {
      for (const { id } of store.list(room, subject)) deliveries.forgetNaming(id, key, name)
    },
    forget(room, subject, key) {
      for (const { id } of store.list(room, subject)) if (deliveries.forget(id, key) > 0) store.setKeptSince(id, clock.now())
    },
  }
}
