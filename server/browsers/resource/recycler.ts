/** Starts browsers anew that have grown too large, at a moment in which nobody uses them, with all that is kept of them. */
import type { Clock } from '../../clock.ts'
import type { SettingsSource } from '../../config/source.ts'
import type { Log } from '../../log.ts'
import type { Anew } from '../session/anew.ts'
import type { Session } from '../session/session.ts'

export interface RecyclerOptions {
  clock: Pick<Clock, 'monotonic'>
  settings: SettingsSource
  log: Pick<Log, 'warn'>
  anew: Pick<Anew, 'recycle'>
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
    const { recycleAbove } = this.#options.settings.current().browsers
    const size = session.browser.metrics?.memoryBytes ?? 0
    if (recycleAbove === null || size <= recycleAbove * 1_000_000 || !session.atRest || !session.login.holds || session.browser.silent)
      return
    const now = this.#options.clock.monotonic()
    for (const [id, at] of this.#recycled) if (now - at >= pause) this.#recycled.delete(id)
    if (session.usage.idleFor < quiet || this.#recycled.has(session.id)) return
    this.#recycled.set(session.id, now)
    void this.#recycle(session, size)
  }

  async #recycle(session: Session, grownTo: number): Promise<void> {
    const { anew, log } = this.#options
    try {
      await anew.recycle(session, grownTo)
    } catch (error) {
      log.warn({ session: session.id, error: String(error) }, 'a session that has grown large was not started anew')
    }
  }
}
