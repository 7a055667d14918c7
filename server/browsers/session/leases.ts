/** Counted leases with deadlines: while one is held, a session is not refreshed, evicted or ended for idleness. */
import { randomBytes } from 'node:crypto'
import { iso, type Clock } from '../../clock.ts'
import type { SessionEventFacts } from '../events.ts'
import { BrowserFault } from '../fault.ts'

export interface Lease {
  id: string
  holder: string
  startedAt: string
  expiresAt: string
}

export interface LeaseHooks {
  onTaken(lease: Lease): void
  /** Called when it counts no more. */
  onEnded(lease: Lease, how: SessionEventFacts<'lease-ended'>['how']): void
}

interface Held extends Lease {
  /** On the monotonic clock: setting the wall clock neither shortens nor prolongs a lease. */
  deadline: number
}

export class LeaseBook {
  readonly #held = new Map<string, Held>()
  readonly #clock: Clock
  readonly #hooks: LeaseHooks
  #closed = false

  constructor(clock: Clock, hooks: LeaseHooks = { onTaken: () => undefined, onEnded: () => undefined }) {
    this.#clock = clock
    this.#hooks = hooks
  }

  get count(): number {
    return this.#held.size
  }

  /**
   * `duration` in ms; a lease that nobody gives back ends by itself, so that a lost client cannot hold a session for ever. Throws
   * `session-not-found` when the session has ended.
   */
  take(holder: string, duration: number): Lease {
    if (this.#closed) throw new BrowserFault('session-not-found', 'Session not found')
    const now = this.#clock.now()
    const held: Held = {
      id: `lease_${randomBytes(12).toString('base64url')}`,
      holder,
      startedAt: iso(now),
      expiresAt: iso(now + duration),
      deadline: this.#clock.monotonic() + duration,
    }
    this.#held.set(held.id, held)
    this.#hooks.onTaken(view(held))
    return view(held)
  }

  /** From now on for `duration` in ms. False when there is no such lease any more. */
  renew(id: string, duration: number): boolean {
    const held = this.#held.get(id)
    if (held === undefined) return false
    held.expiresAt = iso(this.#clock.now() + duration)
    held.deadline = this.#clock.monotonic() + duration
    return true
  }

  /** False when there is no such lease, also when its deadline has passed. */
  end(id: string): boolean {
    const held = this.#held.get(id)
    if (held === undefined) return false
    this.#held.delete(id)
    this.#hooks.onEnded(view(held), 'given-back')
    return true
  }

  /** Removes and returns the leases whose deadline has passed. */
  expire(): Lease[] {
    const now = this.#clock.monotonic()
    const over = [...this.#held.values()].filter((lease) => lease.deadline <= now)
    for (const lease of over) this.#held.delete(lease.id)
    for (const lease of over) this.#hooks.onEnded(view(lease), 'deadline')
    return over.map(view)
  }

  list(): Lease[] {
    return [...this.#held.values()].map(view)
  }

  /** The session ends: nothing is leased any more, and nothing can be. */
  close(): void {
    this.#closed = true
    this.#held.clear()
  }
}

const view = ({ id, holder, startedAt, expiresAt }: Held): Lease => ({ id, holder, startedAt, expiresAt })
