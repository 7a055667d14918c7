/**
 * Who gets a place: at most so many sessions live at a time, as far as memory goes, and the least recently used one that nobody needs makes
 * room.
 */
import type { Clock } from '../../clock.ts'
import { BrowserFault } from '../fault.ts'
import type { Room } from '../resource/room.ts'
import type { SessionDirectory } from './session-directory.ts'
import type { Session } from './session.ts'

/** Ms that a call waits for a place when all sessions are busy signing in. */
const patience = 90_000

/** Who had to end for somebody else. */
export interface Evicted {
  session: Session
  because: 'places' | 'memory'
}

export interface AdmissionOptions {
  sessions: SessionDirectory
  clock: Clock
  limit(): number
  /** Whether the machine has memory for one more, and why nobody gets in. */
  room: Pick<Room, 'fits' | 'takenBy' | 'whyFull'>
  /** It was opened for one piece of work, and ends with that. */
  passes(session: Session): boolean
  /** Makes room; it counts no more when this returns. */
  evict(session: Session, because: Evicted['because']): void
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
   * Makes the session in the same turn in which a place is seen to be free, so that two calls never take the same one; it is told who made
   * room. Throws `no-capacity`, with words that say why and when.
   */
  async admit(create: (evicted: readonly Evicted[]) => Session): Promise<Session> {
    const { sessions, clock, limit, room, evict, passes } = this.#options
    const deadline = clock.monotonic() + patience
    const evicted: Evicted[] = []
    /** Bytes on their way back from those that had to end. */
    let released = 0
    for (;;) {
      if (this.#closed) throw new BrowserFault('no-capacity', 'The server is stopping')
      const live = sessions.live()
      const because = live.length >= limit() ? 'places' : room.fits(released) ? null : 'memory'
      if (because === null) return create(evicted)
      const victim = this.nextEvicted()
      if (victim) {
        released += room.takenBy(victim)
        evicted.push({ session: victim, because })
        evict(victim, because)
        continue
      }
      // One that is signing in for a caller may be free in a moment, and one that was opened for one piece of work; one that is leased or
      // driven is not.
      const soonFree = live.some(
        (session) => passes(session) || (session.leases.count + session.clients.count === 0 && session.control.holder === null),
      )
      if (!soonFree || clock.monotonic() >= deadline) throw new BrowserFault('no-capacity', room.whyFull())
      await sessions.nextChange()
    }
  }
}

/** For who asks why a session has ended. */
export function evictedWords(because: Evicted['because']): string {
  return `It was the least recently used one, and its ${because === 'places' ? 'place' : 'memory'} was needed`
}
