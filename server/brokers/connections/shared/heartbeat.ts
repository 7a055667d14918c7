/** Signs of life of one client. */
import type { Wire } from './wire.ts'

export class Heartbeat {
  readonly #wire: Wire
  readonly #now: () => number
  #activeAt: number
  #pingedAt: number

  constructor(wire: Wire, now: () => number) {
    this.#wire = wire
    this.#now = now
    this.#activeAt = this.#pingedAt = now()
  }

  onActivity(): void {
    this.#activeAt = this.#now()
  }

  /** Ms since the last sign of life. */
  get quietFor(): number {
    return this.#now() - this.#activeAt
  }

  /**
   * Called every second. False: it does not take what it is sent. `isOwed`: it has not acknowledged something; then it is asked for a sign
   * of life sooner, since small messages disappear into the system's buffers long before ours fill.
   */
  check({ evictAfter, pingEvery, isOwed }: { evictAfter: number; pingEvery: number | null; isOwed: boolean }): boolean {
    if (isOwed && this.#wire.pings && this.quietFor > evictAfter) {
      if (this.quietFor > 2 * evictAfter && this.#pingedAt > this.#activeAt) return false
      this.#ping(evictAfter)
    }
    if (pingEvery !== null && this.quietFor > pingEvery) {
      // Two pings without a sign of life: the peer is gone, though nobody told this side.
      if (this.quietFor > 3 * pingEvery) this.#wire.destroy()
      else this.#ping(pingEvery)
    }
    return true
  }

  #ping(atMostEvery: number): void {
    if (this.#now() - this.#pingedAt <= atMostEvery) return
    this.#pingedAt = this.#now()
    this.#wire.ping()
  }
}
