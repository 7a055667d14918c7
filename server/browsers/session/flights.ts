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
    opening.catch(() => {
      if (this.#flights.get(name) === opening) this.#flights.delete(name)
    })
  }

  /** From now on no call may find it. `ended` settles when it has ended, where it may be woken then. */
  ends(session: Session, ended: Promise<void> | null): void {
    const name = flightName(session)
    this.#flights.delete(name)
    if (ended === null) return
    this.#fallingAsleep.set(name, ended)
    void ended.finally(() => {
      if (this.#fallingAsleep.get(name) === ended) this.#fallingAsleep.delete(name)
    })
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
        const session = await orNull(flight, wanted)
        // It may have ended while this call waited; its entry is gone then.
        if (session?.live !== true) continue
        if (wanted.state !== undefined) throw alreadyThere()
        if (wanted.setup !== undefined && !(await joinSetup(session, wanted.setup))) continue
        return obtained(session, false, wanted)
      }
      const falling = this.#fallingAsleep.get(name)
      if (falling === undefined) return open()
      await falling
    }
  }
}

/** Null when its id alone had to be woken, and was forgotten: that is nothing to who has its credentials. */
async function orNull(flight: Promise<Session>, { isWake = false }: Wanted): Promise<Session | null> {
  try {
    return await flight
  } catch (error) {
    if (!isWake && BrowserFault.is(error, 'session-not-found')) return null
    throw error
  }
}

/** False when the session has ended meanwhile. Held, so that nothing ends it that has a choice. */
async function joinSetup(session: Session, setup: NonNullable<Wanted['setup']>): Promise<boolean> {
  const release = session.hold()
  try {
    await session.setup.join(setup)
  } catch (error) {
    if (session.live) throw error
  } finally {
    release()
  }
  return session.live
}

export const alreadyThere = (): BrowserFault =>
  new BrowserFault('state-not-taken', 'A session of these credentials is there already; import the state into it')
