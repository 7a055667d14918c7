/** Which sessions are under way, each under the name by which two calls mean the same one. */
import { BrowserFault } from '../fault.ts'
import type { Session } from './session.ts'
import { obtained, type Obtained, type Wanted } from './wanted.ts'

/** Under which calls that mean the same session find each other. */
export const flightName = ({ id, key }: { id: string; key: string | null }): string => key ?? id

export class Flights {
  /** One entry per credential key, or id of a kept login without one, made before anything is awaited: whoever comes second finds it. */
  readonly #flights = new Map<string, Promise<Session>>()
  /** Sessions that fall asleep, under the same names: they can be woken when their browser is gone. */
  readonly #fallingAsleep = new Map<string, Promise<void>>()

  /** To be called in the turn in which the opening begins; it is forgotten when it fails. */
  begins(name: string, opening: Promise<Session>): void {
    this.#flights.set(name, opening)
    opening.catch(() => this.#flights.delete(name))
  }

  /** From now on no call may find it. `ended` settles when it has ended, where it may be woken then. */
  ends(session: Session, ended: Promise<void> | null): void {
    const name = flightName(session)
    this.#flights.delete(name)
    if (ended === null) return
    this.#fallingAsleep.set(name, ended)
    void ended.finally(() => this.#fallingAsleep.delete(name))
  }

  /** Resolves when the session of this name is not on its way to sleep. */
  async notFalling(named: { id: string; key: string | null }): Promise<void> {
    await this.#fallingAsleep.get(flightName(named))
  }

  /** The live session under this name, or what `open` makes when there is none. */
  async join(name: string, wanted: Wanted, open: () => Promise<Obtained>): Promise<Obtained> {
    for (;;) {
      const flight = this.#flights.get(name)
      if (flight !== undefined) {
        const session = await flight
        // It may have ended while this call waited; its entry is gone then.
        if (!session.live) continue
        if (wanted.state !== undefined) throw alreadyThere()
        if (wanted.setup !== undefined) await session.setup.join(wanted.setup)
        return obtained(session, false, wanted)
      }
      const falling = this.#fallingAsleep.get(name)
      if (falling === undefined) return open()
      await falling
    }
  }
}

export const alreadyThere = (): BrowserFault =>
  new BrowserFault('state-not-taken', 'A session of these credentials is there already; import the state into it')
