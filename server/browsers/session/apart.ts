/** Sessions that nobody shares and nothing is kept of: for trying out a site, and for one piece of work. */
import type { SiteProfile } from '../contract/site-profile.ts'
import type { Credentials } from '../login/sign-in.ts'
import { checkSetup, type CheckTools } from '../resource/check-setup.ts'
import type { SessionOpener } from './opener.ts'
import type { SessionRunner } from './session-runner.ts'
import type { Session } from './session.ts'
import type { OnceWanted } from './wanted.ts'

export interface ApartParts extends CheckTools {
  opener: Pick<SessionOpener, 'openApart'>
  runner: Pick<SessionRunner, 'endQuietly'>
}

export class SessionsApart {
  readonly #parts: ApartParts
  /** Those that are opened for one piece of work. */
  readonly #once = new WeakSet<Session>()

  constructor(parts: ApartParts) {
    this.#parts = parts
  }

  /** It was opened for one piece of work, and ends with that. */
  passes(session: Session): boolean {
    return this.#once.has(session)
  }

  /** A browser for trying out what is not saved: no list shows it, and it ends like any other. Throws `no-capacity`. */
  openAside(site: SiteProfile, by: { credentials: Credentials; actor: string; maker: string }): Promise<Session> {
    const wanted = { ...by, profile: site.name, waitsForPerson: true, aside: true, makers: [by.maker] }
    return this.#parts.opener.openApart(wanted, { ...site, kind: 'none', refresh: null })
  }

  /** Ends one that was opened aside, without anybody waiting for that. */
  endAside(session: Session): void {
    this.#parts.runner.endQuietly(session, 'closed', 'Nobody needs it any more')
  }

  /**
   * What `work` comes to on a session that is opened for it, takes a place like any other and ends with it. Throws `no-capacity`, what
   * `checkSetup` throws and what the work throws.
   */
  async thrownAway<Result>(wanted: OnceWanted, work: (session: Session) => Promise<Result>): Promise<Result> {
    const { opener, runner, egress } = this.#parts
    const { profile, address, setup, ...by } = wanted
    if (address !== null) egress.check(address)
    await checkSetup(setup, address, this.#parts)
    const asked = { ...by, setup, profile: profile.name, credentials: { username: '', password: '' }, waitsForPerson: false }
    const session = await opener.openApart(asked, profile, (made) => this.#once.add(made))
    try {
      return await work(session)
    } finally {
      runner.endQuietly(session, 'closed', 'Its work is done')
    }
  }
}
