/** Who gets a place: at most so many sessions live at a time, and the least recently used one that nobody needs makes room. */
import type { Clock } from '../../clock.ts'
import { BrowserFault } from '../fault.ts'
import type { SessionDirectory } from './session-directory.ts'
import type { Session } from './session.ts'

/** Ms that a call waits for a place when all sessions are busy signing in. */
const patience = 90_000

export interface AdmissionOptions {
  sessions: SessionDirectory
  clock: Clock
  limit(): number
  /** Makes room; it counts no more when this returns. */
  evict(session: Session): void
}

export class Admission {
  readonly #options: AdmissionOptions
  #closed = false

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Who would have to go if a place were needed now. */
  nextEvicted(): Session | null {
    return this.#options.sessions.live().findLast(({ atRest }) => atRest) ?? null
  }

  open(): void {
    this.#closed = false
  }

  /** Whoever waits is told so. */
  close(): void {
    this.#closed = true
    this.#options.sessions.changed()
  }

  /**
   * Makes the session in the same turn in which a place is seen to be free, so that two calls never take the same one. Throws
   * `no-capacity`.
   */
  async admit(create: () => Session): Promise<Session> {
    const { sessions, clock, limit, evict } = this.#options
    const deadline = clock.monotonic() + patience
    for (;;) {
      if (this.#closed) throw new BrowserFault('no-capacity', 'The server is stopping')
      const live = sessions.live()
      if (live.length < limit()) return create()
      const victim = this.nextEvicted()
      if (victim) {
        evict(victim)
        continue
      }
      // One that is signing in for a caller may be free in a moment; one that is leased or driven by a person is not.
      const soonFree = live.some(({ leases, control }) => leases.count === 0 && control.holder === null)
      if (!soonFree || clock.monotonic() >= deadline) throw new BrowserFault('no-capacity', `All ${limit()} sessions are in use`)
      await sessions.nextChange()
    }
  }
}
