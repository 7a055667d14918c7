/** The rules of browser sessions: who shares one, how many there are, how one begins and ends. */
import { escape, within } from '../isolation.ts'
import type { SetupChange } from './contract/setup.ts'
import type { CrashCard } from './contract/recorder.ts'
import { writtenOrigins, type SiteProfile } from './contract/site-profile.ts'
import type { SessionEventText } from './events.ts'
import { BrowserFault } from './fault.ts'
import type { SessionFiles } from './files/session-files.ts'
import { proveLogin, recogniseLogin, refresh, signInAgain } from './login/login.ts'
import type { SignedIn } from './login/sign-in.ts'
import { Jobs } from './one-shot/jobs.ts'
import { checkSetup } from './resource/check-setup.ts'
import { setupOf } from './resource/session-setup.ts'
import { BrowserStarter, type StarterOptions } from './process/starter.ts'
import { crashCardOf } from './recorder/ending.ts'
import { shrinkEnded } from './recorder/shrink.ts'
import type { KeptCards } from './recorder/kept-cards.ts'
import { Admission } from './session/admission.ts'
import { HandOut, type HandOutLimits } from './session/hand-out.ts'
import type { RecordedEvent } from './session/history.ts'
import { createCredentialKeys, newSessionId } from './session/identity.ts'
import { SessionDirectory } from './session/session-directory.ts'
import { SessionRunner } from './session/session-runner.ts'
import { Session, type SessionHooks } from './session/session.ts'
import { Upkeep, type UpkeepPace } from './session/upkeep.ts'
import { obtained, type Obtained, type OnceWanted, type Wanted } from './session/wanted.ts'
import type { ListedProfile, ProfileStore } from './site/profiles.ts'

export interface ServiceOptions extends StarterOptions {
  profiles: Pick<ProfileStore, 'get'>
  files: Pick<SessionFiles, 'of'>
  textOf: SessionEventText
  recorded(session: Session, event: RecordedEvent, actor: string): void
  cards: KeptCards
  /** Ms; tests hurry. */
  upkeep?: UpkeepPace
  handOut?: HandOutLimits
}

export class SessionService {
  readonly handOut: HandOut
  readonly jobs: Jobs
  readonly #options: ServiceOptions
  readonly #sessions = new SessionDirectory()
  /** One entry per credential key, made before anything is awaited: whoever comes second finds it. */
  readonly #flights = new Map<string, Promise<Session>>()
  readonly #credentialKey = createCredentialKeys()
  readonly #starter: BrowserStarter
  readonly #runner: SessionRunner
  readonly #admission: Admission
  readonly #upkeep: Upkeep
  readonly #hooks: SessionHooks
  #stopping = false

  constructor(options: ServiceOptions) {
    this.#options = options
    this.jobs = new Jobs(options.clock)
    this.#starter = new BrowserStarter(options)
    this.#runner = new SessionRunner({
      ...options,
      starter: this.#starter,
      onSettled: () => {
        if (!this.#stopping) this.#starter.prepareSpare()
      },
      onEnding: ({ key }) => {
        if (key !== null) this.#flights.delete(key)
      },
      onEnded: (session) => {
        this.#sessions.ended(session)
        this.#keepRecord(session)
        this.#changed()
      },
    })
    this.#admission = new Admission({
      sessions: this.#sessions,
      clock: options.clock,
      limit: () => this.maxSessions,
      evict: (session) => this.#runner.endQuietly(session, 'evicted', 'It was the least recently used one, and its place was needed'),
    })
    this.handOut = new HandOut(
      {
        obtain: (wanted) => this.obtain(wanted),
        whenSignedIn: (session) => this.whenSignedIn(session),
        logInOrEnd: (session) => this.#runner.logInOrEnd(session),
        signInAgain: (session, why) => this.signInAgain(session, why, { atBack: false }),
        endSilent: (session, words) => this.#runner.endQuietly(session, 'crashed', words),
        nextChange: () => this.#sessions.nextChange(),
      },
      options.handOut,
    )
    this.#hooks = {
      onChanged: () => this.#changed(),
      onRecorded: options.recorded,
      onGivenBack: (session) => void within(this.#runner.scope(session), () => recogniseLogin(session).catch(escape)),
      onIllegalTransition: (session, event) =>
        options.log.error({ session: session.id, state: session.state, event }, 'an event that its state does not allow reached a session'),
    }
    this.#upkeep = new Upkeep({
      clock: options.clock,
      sessions: () => this.#sessions.live(),
      idleTimeout: () => this.idleTimeout,
      endIdle: (session) => this.#runner.endQuietly(session, 'idle', `Nobody used it for ${this.idleTimeout / 1_000} seconds`),
      refresh: (session) => void refresh(session, options).catch(escape),
      scope: (session) => this.#runner.scope(session),
      ...options.upkeep,
    })
  }

  get maxSessions(): number {
    return this.#options.settings.current().browsers.maxSessions
  }

  /** In ms. */
  get idleTimeout(): number {
    return this.#options.settings.current().browsers.idleTimeout * 1_000
  }

  /** A browser waits for the next session. */
  get spareReady(): boolean {
    return this.#starter.spareReady
  }

  /** Live sessions, the most recently used first. */
  list(): Session[] {
    return this.#sessions.live()
  }

  /** Sessions that are ending or have lately ended, the latest last. */
  ended(): Session[] {
    return this.#sessions.over()
  }

  /** A live session. Throws `session-not-found`. */
  get(id: string): Session {
    return this.#sessions.get(id)
  }

  /** Also one that is ending or has lately ended, for its detail. Throws `session-not-found`. */
  recall(id: string): Session {
    return this.#sessions.recall(id)
  }

  /** Who may see a session, also one that is ending or has lately ended; undefined when there is none. */
  makersOf(id: string): (string | null)[] | undefined {
    const session = this.#sessions.find(id)
    return session === undefined ? this.#options.cards.find(id)?.makers : [...session.makers]
  }

  /** Why a session ended; null when it has not, or is not known any more. */
  crashCard(id: string): CrashCard | null {
    const session = this.#sessions.find(id)
    if (session === undefined) return this.#options.cards.find(id)?.card ?? null
    return session.ending === null ? null : crashCardOf(session, session.ending, this.#options.textOf)
  }

  /** Who would have to go if a place were needed now. */
  nextEvicted(): Session | null {
    return this.#admission.nextEvicted()
  }

  /**
   * The session of these credentials, made when there is none; it may still be starting. Throws `no-capacity` when all places are leased
   * `profile-not-found`, and `address-refused` for an address that says by itself that it may not be reached; `setup-fixed` and what
   * `checkSetup` throws for a setup.
   */
  async obtain(wanted: Wanted): Promise<Obtained> {
    const profile = this.#options.profiles.get(wanted.profile)
    const { address } = wanted.credentials
    if (address !== undefined) this.#options.egress.check(address, writtenOrigins(profile))
    if (profile.address === null && address === undefined) throw new BrowserFault('missing-fields', 'Missing required fields: address')
    if (wanted.setup !== undefined) await checkSetup(wanted.setup, profile.address ?? address ?? null, this.#options)
    const key = this.#sharedKey(profile, wanted)
    for (;;) {
      const flight = key === null ? undefined : this.#flights.get(key)
      if (flight === undefined) return this.#open(wanted, profile, key)
      const session = await flight
      // It may have ended while this call waited; its entry is gone then.
      if (!session.live) continue
      if (wanted.setup !== undefined) await session.setup.join(wanted.setup)
      return obtained(session, false, wanted)
    }
  }

  /** Resolves when the session is logged in, trying again when an earlier attempt failed. Throws what went wrong. */
  whenSignedIn(session: Session): Promise<void> {
    return this.#runner.whenSignedIn(session)
  }

  /**
   * For a session whose site asks for a login, for the reason `why`. Throws what the sign-in throws; the session stays for a person to
   * help.
   */
  signInAgain(session: Session, why: string, where: { atBack: boolean }): Promise<SignedIn> {
    return signInAgain(session, why, this.#options, where)
  }

  /**
   * For an answer that would be the same if the login were gone. Throws what `signInAgain` throws, and `login-unreachable` when the site
   * does not say.
   */
  proveLogin(session: Session): Promise<SignedIn> {
    return proveLogin(session, this.#options)
  }

  /** Resolves when its browser can be driven, whether or not it is signed in. Throws what went wrong. */
  whenOpen(session: Session): Promise<void> {
    return this.#runner.whenOpen(session)
  }

  /**
   * What `work` comes to on a session that is opened for it, signs in nowhere, takes a place like any other and ends with it. Throws
   * `no-capacity`, what `checkSetup` throws and what the work throws.
   */
  async thrownAway<Result>(wanted: OnceWanted, work: (session: Session) => Promise<Result>): Promise<Result> {
    const { profile, address, setup } = wanted
    if (address !== null) this.#options.egress.check(address)
    await checkSetup(setup, address, this.#options)
    const session = await this.#admission.admit(() => {
      const asked = { ...wanted, credentials: { username: '', password: '' }, waitsForPerson: false }
      const made = this.#make(asked, profile, null)
      obtained(made, true, { ...asked, profile: profile.name }).release()
      this.#runner.begin(made, { signIn: false })
      return made
    })
    try {
      return await work(session)
    } finally {
      this.#runner.endQuietly(session, 'closed', 'Its work is done')
    }
  }

  /** Changes what of its setup can change. Throws `session-not-found`, `proxy-failed`, `address-refused`. */
  async change(id: string, change: SetupChange): Promise<Session> {
    const session = this.get(id)
    await checkSetup(change, session.pages.active()?.url ?? null, this.#options)
    await session.setup.change(change)
    session.touch()
    return session
  }

  /** Throws `session-not-found`, also while it is already closing, and `close-failed`. */
  async close(id: string, actor: string): Promise<void> {
    await this.#runner.end(this.get(id), 'closed', 'Closed by request', actor)
  }

  /** Ends all sessions on a site that has gone. */
  endAllOn(profile: string, text: string): void {
    for (const session of this.list()) if (session.profile.name === profile) this.#runner.endQuietly(session, 'closed', text)
  }

  /** Opens a session again with the credentials it had, closing it first when it still lives. Throws `session-not-found`. */
  async restart(id: string, actor: string, maker: string | null = null): Promise<Obtained> {
    const old = this.recall(id)
    if (old.endReason !== null && old.endReason !== 'crashed')
      throw new BrowserFault('session-not-found', 'Its credentials are no longer known; open a new session')
    if (old.live) await this.#runner.end(old, 'closed', 'Restarted by request', actor)
    this.#sessions.forget(old)
    return this.obtain({
      profile: old.profile.name,
      credentials: old.credentials,
      setup: old.setup.chosen,
      waitsForPerson: true,
      actor,
      makers: [...old.makers, maker],
    })
  }

  /** True while a session of this run uses the directory. */
  usesProfile(profileDir: string): boolean {
    return this.#starter.usesProfile(profileDir)
  }

  /** Sees to leases, idle times, refreshes and answers now instead of at the next tick. */
  runUpkeep(): void {
    this.#upkeep.check()
  }

  /** Settings have changed: more places may be free now. */
  reconsider(): void {
    this.#starter.reconsider()
    this.#changed()
  }

  /** Opens sessions again after a stop. */
  start(): void {
    this.#stopping = false
    this.#admission.open()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#upkeep.stop()
    this.jobs.stop()
    this.#admission.close()
    await Promise.allSettled([
      this.#starter.stop(),
      ...this.#sessions.all().map((session) => this.#runner.end(session, 'shutdown', 'The server stopped')),
    ])
  }

  /** By which two calls are known to mean the same session; null where nothing would make two the same, for want of a login. */
  #sharedKey(profile: ListedProfile, { credentials: { username, password, address = '' } }: Wanted): string | null {
    if (profile.kind === 'none' && username === '') return null
    return this.#credentialKey([profile.name, username, password, profile.address === null ? address : ''])
  }

  /** In one turn up to the entry under its key, so that whoever comes second finds that. */
  async #open(wanted: Wanted, profile: ListedProfile, key: string | null): Promise<Obtained> {
    let mine: Obtained | undefined
    const admitted = this.#admission.admit(() => {
      const session = this.#make(wanted, profile, key)
      mine = obtained(session, true, wanted)
      this.#runner.begin(session)
      return session
    })
    if (key !== null) {
      this.#flights.set(key, admitted)
      admitted.catch(() => this.#flights.delete(key))
    }
    const session = await admitted
    return mine ?? obtained(session, true, wanted)
  }

  #keepRecord(session: Session): void {
    const { cards, textOf } = this.#options
    if (session.ending !== null && session.endReason === 'crashed')
      cards.add([...session.makers], crashCardOf(session, session.ending, textOf))
    shrinkEnded(this.#sessions.over())
  }

  #make({ credentials, setup, waitsForPerson, actor }: Omit<Wanted, 'profile'>, profile: SiteProfile, key: string | null): Session {
    const id = newSessionId(this.#options.clock.now())
    const session = new Session({
      ...{ id, key, profile, credentials, waitsForPerson, clock: this.#options.clock, hooks: this.#hooks },
      ...(setup === undefined ? {} : { setup: setupOf(setup) }),
      files: this.#options.files.of(id),
    })
    this.#sessions.add(session)
    session.record('session-opened', { site: profile.title }, actor)
    this.#upkeep.wake()
    return session
  }

  #changed(): void {
    this.#sessions.changed()
    this.#options.changed()
  }
}
