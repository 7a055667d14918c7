/** What happened to one session, for its detail. */
import { iso } from '../../clock.ts'
import type { SessionEvent } from '../contract/index.ts'

/** Kept per session. */
const mostEvents = 500

export class History {
  readonly #events: SessionEvent[] = []
  #count = 0

  /** `now` in ms since the epoch. */
  add(now: number, kind: string, text: string, tone: SessionEvent['tone']): SessionEvent {
    this.#count += 1
    const event: SessionEvent = { id: this.#count, at: iso(now), kind, text, tone }
    this.#events.push(event)
    if (this.#events.length > mostEvents) this.#events.shift()
    return event
  }

  /** The latest last. */
  list(): SessionEvent[] {
    return [...this.#events]
  }
}
