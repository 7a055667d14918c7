/** Makes sessions and opens them, as soon as there is a place. */
import type { StartTimer } from '../../async/deadline.ts'
import type { Clock } from '../../clock.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import type { SessionFiles } from '../files/session-files.ts'
import type { BrowserState } from '../kept/browser-state.ts'
import type { KeptLogins, KeptRow } from '../kept/kept-logins.ts'
import { BrowserFault } from '../fault.ts'
import { setupOf } from '../resource/session-setup.ts'
import { letIn } from '../site/site-access.ts'
import type { ProfileStore } from '../site/profiles.ts'
import type { Admission } from './admission.ts'
import type { Flights } from './flights.ts'
import { newSessionId } from './identity.ts'
import type { SessionDirectory } from './session-directory.ts'
import type { SessionRunner } from './session-runner.ts'
import { Session, type SessionHooks, type SessionOptions } from './session.ts'
import { obtained, type Obtained, type Wanted } from './wanted.ts'

export interface OpenerParts {
  sessions: SessionDirectory
  flights: Pick<Flights, 'begins'>
  admission: Pick<Admission, 'admit'>
  runner: Pick<SessionRunner, 'begin'>
  kept: Pick<KeptLogins, 'find' | 'of' | 'stateOf'>
  files: Pick<SessionFiles, 'of'>
  profiles: Pick<ProfileStore, 'valuesOf'>
  clock: Clock
  startTimer?: StartTimer
  hooks: SessionHooks
  made(): void
}

export class SessionOpener {
  readonly #parts: OpenerParts

  constructor(parts: OpenerParts) {
    this.#parts = parts
  }

  /**
   * In one turn up to the entry under its name, so that whoever comes second finds that. `asleep` is woken. Throws `no-capacity`, and
   * `session-not-found` when one that is woken by its id was forgotten while it waited for a place.
   */
  async open(wanted: Wanted, profile: SiteProfile, key: string | null, asleep?: KeptRow): Promise<Obtained> {
    const { sessions, flights, admission, runner, kept } = this.#parts
    let mine: Obtained | undefined
    const admitted = admission.admit((madeRoom) => {
      const woken = asleep && kept.find(asleep.id)
      if (woken === undefined && wanted.isWake === true) throw new BrowserFault('session-not-found', 'Session not found')
      const former = woken && sessions.findOver(woken.id)
      if (former !== undefined) sessions.forget(former)
      const session = this.#make(wanted, profile, key, {
        ...(woken === undefined ? {} : { before: { ...woken.facts, id: woken.id, credentialsKnown: wanted.isWake !== true } }),
        keeping: (made) => kept.of(made, woken === undefined ? broughtAlong(wanted, profile) : kept.stateOf(woken)),
      })
      mine = { ...obtained(session, woken === undefined, wanted), madeRoom }
      runner.begin(session)
      return session
    })
    const name = key ?? asleep?.id
    if (name !== undefined) flights.begins(name, admitted)
    const session = await admitted
    return mine ?? obtained(session, asleep === undefined, wanted)
  }

  /** One that no other call can find, of which nothing is kept and that signs in nowhere by itself. Throws `no-capacity`. */
  openApart(wanted: Wanted, profile: SiteProfile, isMade: (session: Session) => void = () => {}): Promise<Session> {
    const { admission, runner } = this.#parts
    return admission.admit(() => {
      const session = this.#make(wanted, profile, null)
      obtained(session, true, wanted).release()
      isMade(session)
      runner.begin(session, { signIn: false })
      return session
    })
  }

  #make(
    { credentials, setup, waitsForPerson, aside = false, actor }: Wanted,
    profile: SiteProfile,
    key: string | null,
    { before, keeping }: Pick<SessionOptions, 'keeping'> & { before?: Before } = {},
  ): Session {
    const { sessions, files, profiles, clock, startTimer, hooks, made } = this.#parts
    const id = before?.id ?? newSessionId(clock.now())
    const session = new Session({
      ...{ id, key, profile, credentials, waitsForPerson, aside, clock, startTimer, hooks },
      ...(before === undefined ? {} : { before }),
      ...(keeping === undefined ? {} : { keeping }),
      setup: setupOf(setup ?? {}, before?.setup),
      files: files.of(id),
      letIn: (page, { address, username, password }) =>
        letIn(page, profile, address, async () => ({ ...(await profiles.valuesOf(profile))(), username, password })),
    })
    sessions.add(session)
    session.record('session-opened', { site: profile.title }, actor)
    made()
    return session
  }
}

/** What a new session was given to begin with: where it goes, it goes as if it had been there before. */
function broughtAlong({ state, credentials }: Wanted, { address }: SiteProfile): BrowserState | null {
  if (state === undefined) return null
  const url = credentials.address ?? address
  return { ...state, tabs: url === null ? [] : [{ url, active: true, sessionStorage: [] }], leftOut: [] }
}

/** What one was before it slept. */
type Before = NonNullable<SessionOptions['before']> & Pick<KeptRow, 'id'> & Pick<KeptRow['facts'], 'setup'>
