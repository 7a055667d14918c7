/** Starts browsers anew that have grown too large, at a moment in which nobody uses them, with all that is kept of them. */
import type { Clock } from '../../clock.ts'
import type { Session } from '../session/session.ts'

export interface RecyclerOptions {
  clock: Pick<Clock, 'monotonic'>
  /** Bytes beyond which a session has grown too large; null for never. */
  limit(): number | null
  /** Never rejects. */
  recycle(session: Session, grownTo: number): Promise<void>
}

/** Ms without use: whoever has just come back may go on in a moment. */
const quiet = 10_000
/** Ms between two times for one session: one that needs that much would otherwise be started over and over. */
const pause = 3_600_000

export class Recycler {
  readonly #options: RecyclerOptions
  /** When, by the id that a session keeps. */
  readonly #recycled = new Map<string, number>()

  constructor(options: RecyclerOptions) {
    this.#options = options
  }

  /** To be called now and then for every session that lives. */
  look(session: Session): void {
    const limit = this.#options.limit()
    const size = session.browser.metrics?.memoryBytes ?? 0
    if (limit === null || size <= limit || !session.atRest || !session.login.holds || session.browser.silent) return
    const now = this.#options.clock.monotonic()
    for (const [id, at] of this.#recycled) if (now - at >= pause) this.#recycled.delete(id)
    if (session.usage.idleFor < quiet || this.#recycled.has(session.id)) return
    this.#recycled.set(session.id, now)
    void this.#options.recycle(session, size)
  }
}
