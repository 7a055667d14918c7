/** Kept logins whose browser has gone: which sleep, how a session is put to sleep, woken and forgotten. */
import type { Egress } from '../../http/egress.ts'
import { writtenOrigins } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import { flightName, type Flights } from '../session/flights.ts'
import type { SessionOpener } from '../session/opener.ts'
import type { Session } from '../session/session.ts'
import type { SessionDirectory } from '../session/session-directory.ts'
import type { SessionRunner } from '../session/session-runner.ts'
import type { Obtained, Wanted } from '../session/wanted.ts'
import type { ProfileStore } from '../site/profiles.ts'
import type { BrowserState } from './browser-state.ts'
import type { KeptLogins, KeptRow } from './kept-logins.ts'

export interface SleepersParts {
  kept: KeptLogins
  sessions: SessionDirectory
  flights: Flights
  opener: Pick<SessionOpener, 'open'>
  runner: Pick<SessionRunner, 'end'>
  profiles: Pick<ProfileStore, 'get'>
  egress: Pick<Egress, 'check'>
}

export class Sleepers {
  readonly #parts: SleepersParts

  constructor(parts: SleepersParts) {
    this.#parts = parts
  }

  /** The latest first. */
  list(): KeptRow[] {
    return this.#parts.kept.all().filter((row) => this.#sleeps(row))
  }

  /** Undefined when it does not sleep. */
  find(id: string): KeptRow | undefined {
    const row = this.#parts.kept.find(id)
    return row !== undefined && this.#sleeps(row) ? row : undefined
  }

  /** The same, of one that is about to sleep when it does. */
  async settled(id: string): Promise<KeptRow | undefined> {
    const { kept, flights } = this.#parts
    const row = kept.find(id)
    if (row !== undefined) await flights.notFalling(row)
    return this.find(id)
  }

  /** What is written down of a session; null where nothing is. */
  stateOf(id: string): BrowserState | null {
    return this.#parts.kept.stateOf({ id })
  }

  /**
   * Wakes a kept login, or joins who does. Nobody has shown its credentials, so it serves while its site takes it for logged in. Throws
   * `session-not-found`, and what `obtain` throws.
   */
  async wake(id: string, wanted: Omit<Wanted, 'profile' | 'credentials'>): Promise<Obtained> {
    const { kept, profiles, egress, flights, opener } = this.#parts
    const row = kept.find(id)
    if (row === undefined) throw new BrowserFault('session-not-found', 'Session not found')
    const { profile: name, username, address } = row.facts
    const profile = profiles.get(name)
    if (address !== undefined) egress.check(address, writtenOrigins(profile))
    const all: Wanted = { ...wanted, profile: name, credentials: { username, password: '', address }, isWake: true }
    return flights.join(flightName(row), all, () => {
      // It may have been forgotten meanwhile.
      const asleep = kept.find(id)
      if (asleep === undefined) throw new BrowserFault('session-not-found', 'Session not found')
      return opener.open(all, profile, asleep.key, asleep)
    })
  }

  /** Puts a session to sleep now. Throws `session-not-found`, `session-in-use` and `not-kept`. */
  async hibernate(id: string, actor: string, why = 'Put to sleep by request'): Promise<KeptRow> {
    const { kept, sessions, runner } = this.#parts
    const session = sessions.get(id)
    checkUnused(session)
    await session.keeping.keep()
    // Whoever has come meanwhile goes on.
    checkUnused(sessions.get(id))
    if (!kept.isKept(session)) throw new BrowserFault('not-kept', kept.whyNot(session))
    await runner.end(session, 'hibernated', why, actor)
    // Somebody may have woken it in the same moment.
    const row = kept.find(id)
    if (row === undefined) throw new BrowserFault('session-not-found', 'It was closed meanwhile')
    return row
  }

  /** False when it does not sleep; one that is about to is forgotten when it does. */
  async forget(id: string, actor: string): Promise<boolean> {
    const asleep = await this.settled(id)
    if (asleep === undefined) return false
    this.#forget(asleep, 'by-request', actor)
    return true
  }

  /** Removes all that sleep and are `among` those meant. Returns how many. */
  forgetAll(among: (row: KeptRow) => boolean, actor: string, why: 'by-request' | 'site-gone' = 'by-request'): number {
    const rows = this.list().filter(among)
    for (const row of rows) this.#forget(row, why, actor)
    return rows.length
  }

  #sleeps({ id, facts }: KeptRow): boolean {
    return facts.asleepSince !== null && !this.#parts.sessions.isHere(id)
  }

  #forget(row: KeptRow, why: 'by-request' | 'site-gone', actor: string): void {
    this.#parts.kept.forget(row, why, actor)
    this.#parts.sessions.findOver(row.id)?.forgotten()
  }
}

/** Throws `session-in-use`. */
function checkUnused({ leases, clients, control, usage, downloads }: Session): void {
  const [lease] = leases.list()
  const user =
    lease?.holder ??
    clients.first ??
    (control.holder !== null ? 'a person' : usage.isHeld ? 'a call' : downloads.moving ? 'a download' : null)
  if (user !== null) throw new BrowserFault('session-in-use', `${user} is using this session`)
}
