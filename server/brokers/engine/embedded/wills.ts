/** What MQTT clients left to be published when they vanish: at once, or after the delay they asked for unless they come back. */
import type { Clock } from '../../../clock.ts'
import type { Will } from '../types.ts'
import type { Subscriber, Tenant } from './model.ts'

export interface WillsParts {
  clock: Clock
  /** The session is still there. */
  has(tenant: Tenant): boolean
  publish(subscriber: Subscriber, will: Will): void
}

export class Wills {
  /** Those whose delay runs, and when it ends. */
  readonly #waiting = new Map<Subscriber, { due: number; will: Will }>()
  readonly #parts: WillsParts

  constructor(parts: WillsParts) {
    this.#parts = parts
  }

  /** The client is gone, for `goneFor` ms already. */
  leave(subscriber: Subscriber, goneFor = 0): void {
    const { will, tenant } = subscriber
    if (will === null) return
    const delay = Math.min(will.delay, subscriber.keepFor ?? Infinity) - goneFor
    // A suspended session takes no message: what its clients left is published when it is resumed.
    if (delay <= 0 && !tenant.suspended) this.#parts.publish(subscriber, will)
    else this.#waiting.set(subscriber, { due: this.#parts.clock.monotonic() + delay, will })
  }

  /** The client came back. */
  cancel(subscriber: Subscriber): void {
    this.#waiting.delete(subscriber)
  }

  /** Of clients that were connected, or away with a will that waited, when the process ended. */
  leaveThoseOf(tenants: Iterable<Tenant>): void {
    const now = this.#parts.clock.now()
    for (const { subscribers } of tenants)
      for (const subscriber of [...subscribers.values()])
        if (subscriber.clients.size === 0) this.leave(subscriber, now - (subscriber.awaySince ?? now))
  }

  /** Publishes those whose time has come. */
  tick(): void {
    const now = this.#parts.clock.monotonic()
    for (const [subscriber, { due, will }] of this.#waiting) {
      const { tenant, key } = subscriber
      if (tenant.suspended && this.#parts.has(tenant)) continue
      // With the end of its MQTT session, e.g. by a clean start, a will waits no longer.
      if (due > now && tenant.subscribers.get(key) === subscriber) continue
      this.#waiting.delete(subscriber)
      if (this.#parts.has(tenant)) this.#parts.publish(subscriber, will)
    }
  }

  clear(): void {
    this.#waiting.clear()
  }
}
