/** Counted leases with deadlines: while one is held, a session is not refreshed, evicted or ended for idleness. */
import { randomBytes } from 'node:crypto'
import { iso, type Clock } from '../../clock.ts'

export interface Lease {
  id: string
  holder: string
  startedAt: string
  expiresAt: string
}

interface Held extends Lease {
  /** On the monotonic clock: setting the wall clock neither shortens nor prolongs a lease. */
  deadline: number
}

export class LeaseBook {
  readonly #held = new Map<string, Held>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get count(): number {
    return this.#held.size
  }

  /** `duration` in ms; a lease that nobody gives back ends by itself, so that a lost client cannot hold a session for ever. */
  take(holder: string, duration: number): Lease {
    const now = this.#clock.now()
    const lease: Held = {
      id: `lease_${randomBytes(12).toString('base64url')}`,
      holder,
      startedAt: iso(now),
      expiresAt: iso(now + duration),
      deadline: this.#clock.monotonic() + duration,
    }
    this.#held.set(lease.id, lease)
    return view(lease)
  }

  /** False when there is no such lease, also when its deadline has passed. */
  end(id: string): boolean {
    return this.#held.delete(id)
  }

  /** Removes and returns the leases whose deadline has passed. */
  expire(): Lease[] {
    const now = this.#clock.monotonic()
    const over = [...this.#held.values()].filter((lease) => lease.deadline <= now)
    for (const lease of over) this.#held.delete(lease.id)
    return over.map(view)
  }

  list(): Lease[] {
    return [...this.#held.values()].map(view)
  }

  clear(): void {
    this.#held.clear()
  }
}

const view = ({ id, holder, startedAt, expiresAt }: Held): Lease => ({ id, holder, startedAt, expiresAt })
