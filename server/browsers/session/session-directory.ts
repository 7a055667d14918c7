/** The sessions that there are: live ones, those that are ending, and the last that have ended. */
import { createSignal } from '../../async/signal.ts'
import { BrowserFault } from '../fault.ts'
import type { Session } from './session.ts'

/** Ended sessions whose detail can still be read. */
const mostEnded = 50

export class SessionDirectory {
  readonly #sessions = new Map<string, Session>()
  readonly #ended: Session[] = []
  readonly #changed = createSignal()

  add(session: Session): void {
    this.#sessions.set(session.id, session)
  }

  /** Its browser is gone: only its detail can still be read. */
  ended(session: Session): void {
    this.#sessions.delete(session.id)
    this.#ended.push(session)
    if (this.#ended.length > mostEnded) this.#ended.shift()?.dropped()
  }

  /** It is opened again in the place of the one that had ended. */
  forget(session: Session): void {
    const index = this.#ended.indexOf(session)
    if (index === -1) return
    this.#ended.splice(index, 1)
    session.dropped()
  }

  /** Also those that are ending. */
  all(): Session[] {
    return [...this.#sessions.values()]
  }

  /** Live ones, the most recently used first. */
  live(): Session[] {
    return this.all()
      .filter(({ live }) => live)
      .sort((a, b) => b.usage.last - a.usage.last)
  }

  /** Those that are ending or have lately ended, the latest last. */
  over(): Session[] {
    return [...this.#ended, ...this.all().filter(({ live }) => !live)]
  }

  /** Also one that is ending or has lately ended. */
  find(id: string): Session | undefined {
    return this.#sessions.get(id) ?? this.#ended.find((session) => session.id === id)
  }

  findLive(id: string): Session | undefined {
    return this.live().find((session) => session.id === id)
  }

  /** One that has ended. */
  findOver(id: string): Session | undefined {
    return this.#ended.find((session) => session.id === id)
  }

  /** It lives, or is on its way out. */
  isHere(id: string): boolean {
    return this.#sessions.has(id)
  }

  /** A live one. Throws `session-not-found`. */
  get(id: string): Session {
    const session = this.#sessions.get(id)
    if (!session?.live) throw new BrowserFault('session-not-found', 'Session not found')
    return session
  }

  /** Also one that is ending or has lately ended. Throws `session-not-found`. */
  recall(id: string): Session {
    return this.find(id) ?? this.get(id)
  }

  /** Something about any of them has changed. */
  changed(): void {
    this.#changed.emit()
  }

  /** Resolves with the next change. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const end = this.#changed.subscribe(() => {
        end()
        resolve()
      })
    })
  }
}
