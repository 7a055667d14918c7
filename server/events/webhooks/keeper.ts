/** Keeps what is kept of webhooks within its bounds. */
import type { Clock } from '../../clock.ts'
import { isBeyond, type Bounds } from './bounds.ts'
import type { DeliveryStore } from './deliveries-store.ts'
import type { WebhookStore } from './store.ts'
import type { Webhook } from './webhook.ts'

const day = 86_400_000
/** Deliveries between two looks at how much is kept, which is too dear for each. */
const looksEach = 500

export type Keeper = ReturnType<typeof createKeeper>

export function createKeeper({
  store,
  deliveries,
  clock,
  bounds,
}: {
  store: Pick<WebhookStore, 'drop' | 'setKeptSince' | 'target' | 'ids'>
  deliveries: DeliveryStore
  clock: Clock
  bounds: Bounds
}) {
  let delivered = 0

  /** Removes the oldest until the rest is within the bound; how many, and the newest time of an event among them. */
  function cut(id: string, state: 'dead' | 'delivered'): { count: number; newest: number } {
    const has = deliveries.size(id, state)
    let newest = 0
    let count = 0
    while (isBeyond(has, bounds[state])) {
      const some = deliveries.oldest(id, state)
      if (some.length === 0) break
      for (const each of some) {
        if (!isBeyond(has, bounds[state])) break
        deliveries.remove(each.id)
        has.count -= 1
        has.bytes -= each.bytes
        newest = Math.max(newest, each.createdAt)
        count += 1
      }
    }
    if (count > 0) store.setKeptSince(id, newest + 1)
    return { count, newest }
  }

  return {
    bounds,
    /** Whether one more of so many bytes may wait. */
    hasRoom(id: string, bytes: number): boolean {
      const { count, bytes: taken } = deliveries.size(id, 'waiting')
      return !isBeyond({ count: count + 1, bytes: taken + bytes }, bounds.waiting)
    },
    /** Dead letters that make room for newer ones are counted, so that a person hears of it. */
    afterDead(id: string): void {
      const { count } = cut(id, 'dead')
      if (count > 0) store.drop(id, count, clock.now())
    },
    /** What is delivered is kept for its days, or not at all. */
    afterDelivered(webhook: Pick<Webhook, 'id' | 'keepFor'>, delivery: string): void {
      if (webhook.keepFor === 0) deliveries.remove(delivery)
      else if ((delivered += 1) % looksEach === 0) cut(webhook.id, 'delivered')
    },
    /** What was delivered is kept for its days and within its bound. */
    trim(): void {
      for (const id of store.ids()) {
        const webhook = store.target(id)
        if (webhook === null) continue
        const newest = deliveries.trim(id, clock.now() - webhook.keepFor * day)
        if (newest !== null) store.setKeptSince(id, newest + 1)
        cut(id, 'delivered')
      }
    },
  }
}
