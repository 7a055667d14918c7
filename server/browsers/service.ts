/** The rules of browser sessions: who shares one, how many there are, how one begins and ends. */
import type { SetupChange } from './contract/setup.ts'
import type { SessionEventText } from './events.ts'
import type { SessionFiles } from './files/session-files.ts'
import type { KeptLogins } from './kept/kept-logins.ts'
import { Sleepers } from './kept/sleepers.ts'
import { proveLogin, signInAgain } from './login/login.ts'
import type { SignedIn } from './login/sign-in.ts'
import { Jobs } from './one-shot/jobs.ts'
import { checkSetup } from './resource/check-setup.ts'
import type { MachineMemory } from './resource/machine-memory.ts'
import { Room } from './resource/room.ts'
import { BrowserStarter, type StarterOptions } from './process/starter.ts'
import type { KeptCards } from './recorder/kept-cards.ts'
import { Admission, evictedWords } from './session/admission.ts'
import { Anew } from './session/anew.ts'
import { SessionsApart } from './session/apart.ts'
import { createHooks } from './session/create-hooks.ts'
import { createUpkeep } from './session/create-upkeep.ts'
import { Flights } from './session/flights.ts'
import { HandOut } from './session/hand-out.ts'
import type { RecordedEvent } from './session/history.ts'
import { Obtaining } from './session/obtaining.ts'
import { SessionOpener } from './session/opener.ts'
import { SessionRecords } from './session/records.ts'
import { SessionDirectory } from './session/session-directory.ts'
import { SessionRunner } from './session/session-runner.ts'
import type { Session } from './session/session.ts'
import type { Upkeep, UpkeepPace } from './session/upkeep.ts'
import type { Obtained, Wanted } from './session/wanted.ts'
import { operationToolsOf } from './site/operation-tools.ts'
import type { OperationTools } from './site/operations.ts'
import type { ListedProfile, ProfileStore } from './site/profiles.ts'

export interface ServiceOptions extends StarterOptions {
  profiles: Pick<ProfileStore, 'get' | 'list' | 'valuesOf'>
  files: Pick<SessionFiles, 'of'>
  kept: KeptLogins
  textOf: SessionEventText
  recorded(session: Session, event: RecordedEvent, actor: string): void
  cards: KeptCards
  /** Ms; tests hurry. */
  upkeep?: UpkeepPace
  /** What the system would give; it is asked when left out. */
  machine?: () => MachineMemory
}

export class SessionService {
  readonly handOut: HandOut
  readonly jobs: Jobs
  readonly room: Room
  /** Those whose browser has gone. */
  readonly sleepers: Sleepers
  /** Those that nobody shares. */
  readonly apart: SessionsApart
  readonly anew: Anew
  readonly records: SessionRecords
  readonly #options: ServiceOptions
  readonly #sessions = new SessionDirectory()
  readonly #flights = new Flights()
  readonly #starter: BrowserStarter
  readonly #runner: SessionRunner
  readonly #admission: Admission
  readonly #obtaining: Obtaining
  readonly #upkeep: Upkeep
  #stopping = false

  constructor(options: ServiceOptions) {
    const sessions = this.#sessions
    const flights = this.#flights
    this.#options = options
    this.jobs = new Jobs(options.clock)
    const { machine } = options
    this.#starter = new BrowserStarter({ ...options, ...(machine && { freeMemory: () => machine().availableBytes }) })
    const runner = new SessionRunner({
      ...options,
      starter: this.#starter,
      onSettled: () => {
        // After the answer to whoever has waited for that.
        setImmediate(() => {
          if (!this.#stopping) this.#starter.prepareSpare()
        })
      },
      onEnding: (session, ended) => flights.ends(session, ended),
      onEnded: (session) => {
        sessions.ended(session)
        this.records.ended(session)
        this.#changed()
      },
    })
    this.#runner = runner
    this.room = new Room({
      clock: options.clock,
      sessions: () => sessions.live(),
      places: () => this.maxSessions,
      limit: () => options.settings.current().browsers,
      ...(machine && { machine }),
    })
    this.#admission = new Admission({
      sessions,
      clock: options.clock,
      limit: () => this.maxSessions,
      room: this.room,
      passes: (session) => this.apart.passes(session),
      evict: (session, because) => runner.endQuietly(session, 'evicted', evictedWords(because)),
    })
    const opener = new SessionOpener({
      ...options,
      sessions,
      flights,
      runner,
      admission: this.#admission,
      hooks: createHooks({ ...options, runner, changed: () => this.#changed() }),
      made: () => this.#upkeep.wake(),
    })
    this.#obtaining = new Obtaining({ ...options, opener, flights })
    this.apart = new SessionsApart({ ...options, opener, runner })
    this.sleepers = new Sleepers({ ...options, sessions, flights, opener, runner })
    this.anew = new Anew({ ...options, sessions, flights, runner, sleepers: this.sleepers, obtain: (wanted) => this.obtain(wanted) })
    this.records = new SessionRecords({ ...options, sessions, sleepers: this.sleepers })
    this.handOut = new HandOut(
      {
        obtain: (wanted) => this.obtain(wanted),
        whenSignedIn: (session) => this.whenSignedIn(session),
        logInOrEnd: (session) => runner.logInOrEnd(session),
        signInAgain: (session, why) => this.signInAgain(session, why, { atBack: false }),
        endSilent: (session, words) => runner.endQuietly(session, 'crashed', words),
        nextChange: () => sessions.nextChange(),
      },
      options,
    )
    this.#upkeep = createUpkeep({
      ...options,
      sessions: () => sessions.live(),
      idleTimeout: () => this.idleTimeout,
      anew: this.anew,
      runner,
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

  /** Throws `profile-not-found`. */
  profile(name: string): ListedProfile {
    return this.#options.profiles.get(name)
  }

  /** By name. */
  profiles(): ListedProfile[] {
    return this.#options.profiles.list()
  }

  /** What the steps of an operation may use. */
  operationTools(session: Session): Promise<OperationTools> {
    return operationToolsOf(session, this.#options)
  }

  /** A live session. Throws `session-not-found`. */
  get(id: string): Session {
    return this.#sessions.get(id)
  }

  /** Also one that is ending or has lately ended, for its detail. Throws `session-not-found`. */
  recall(id: string): Session {
    return this.#sessions.recall(id)
  }

  /** Undefined for one that does not live. */
  findLive(id: string): Session | undefined {
    return this.#sessions.findLive(id)
  }

  /** One that has lately ended; undefined after a restart of the server. */
  lately(id: string): Session | undefined {
    return this.#sessions.findOver(id)
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
  obtain(wanted: Wanted): Promise<Obtained> {
    return this.#obtaining.obtain(wanted)
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

  /** Changes what of its setup can change. Throws `session-not-found`, `proxy-failed`, `address-refused`. */
  async change(id: string, change: SetupChange): Promise<Session> {
    const session = this.get(id)
    await checkSetup(change, session.pages.active()?.url ?? null, this.#options)
    await session.setup.change(change)
    session.touch()
    return session
  }

  /** Also forgets one that sleeps. Throws `session-not-found`, also while it is already closing, and `close-failed`. */
  async close(id: string, actor: string): Promise<void> {
    if (this.#options.kept.isKept({ id }) && (await this.sleepers.forget(id, actor))) return
    await this.#runner.end(this.get(id), 'closed', 'Closed by request', actor)
  }

  /** Ends all sessions on a site that has gone. */
  endAllOn(profile: string, text: string): void {
    this.sleepers.forgetAll(({ facts }) => facts.profile === profile, 'system', 'site-gone')
    for (const session of this.list()) if (session.profile.name === profile) this.#runner.endQuietly(session, 'closed', text)
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
    this.#options.kept.reconsider(this.list())
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

  #changed(): void {
    this.#sessions.changed()
    this.#options.changed()
  }
}
