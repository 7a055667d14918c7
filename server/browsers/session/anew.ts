/** Sessions that are ended in order to be opened again: by request, or because they have grown too large. */
import { BrowserFault } from '../fault.ts'
import type { KeptLogins } from '../kept/kept-logins.ts'
import type { Sleepers } from '../kept/sleepers.ts'
import type { Flights } from './flights.ts'
import type { SessionDirectory } from './session-directory.ts'
import type { SessionRunner } from './session-runner.ts'
import type { Session } from './session.ts'
import type { Obtained, Wanted } from './wanted.ts'

export interface AnewParts {
  sessions: Pick<SessionDirectory, 'recall' | 'forget'>
  flights: Pick<Flights, 'notFalling'>
  runner: Pick<SessionRunner, 'end'>
  kept: Pick<KeptLogins, 'drop'>
  sleepers: Pick<Sleepers, 'hibernate' | 'wake'>
  obtain(wanted: Wanted): Promise<Obtained>
}

export class Anew {
  readonly #parts: AnewParts

  constructor(parts: AnewParts) {
    this.#parts = parts
  }

  /** With the credentials it had and a login of its own, closing it first when it still lives. Throws `session-not-found`. */
  async restart(id: string, actor: string, maker: string | null = null): Promise<Obtained> {
    const { sessions, flights, runner, kept, obtain } = this.#parts
    await flights.notFalling(sessions.recall(id))
    // Not before: it may have been woken meanwhile.
    const old = sessions.recall(id)
    if ((old.endReason !== null && old.endReason !== 'crashed') || !old.credentialsKnown)
      throw new BrowserFault('session-not-found', 'Its credentials are no longer known; open a new session')
    // Its end forgets them.
    const credentials = { ...old.credentials }
    if (old.live) await runner.end(old, 'closed', 'Restarted by request', actor)
    kept.drop(id)
    sessions.forget(old)
    return obtain({
      profile: old.profile.name,
      credentials,
      setup: old.setup.chosen,
      waitsForPerson: true,
      actor,
      makers: [...old.makers, maker],
    })
  }

  /** With the login that is kept of it. Its end forgets the credentials; the one that goes on has them again. */
  async recycle(session: Session, grownTo: number): Promise<void> {
    const { sleepers, obtain } = this.#parts
    const { id, key, profile, waitsForPerson } = session
    const wanted = { credentials: { ...session.credentials }, waitsForPerson, actor: 'system', makers: [...session.makers] }
    await sleepers.hibernate(id, 'system', 'It had grown too large, and is started anew')
    const byId = key === null || !session.credentialsKnown
    const again = await (byId ? sleepers.wake(id, wanted) : obtain({ ...wanted, profile: profile.name }))
    again.session.record('recycled', { megabytes: Math.round(grownTo / 1_000_000) })
    again.release()
  }
}
