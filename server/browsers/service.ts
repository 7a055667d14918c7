/** The rules of browser sessions: who shares one, how many there are, how one begins and ends. */
import { escape, within } from '../isolation.ts'
import type { SetupChange } from './contract/setup.ts'
import type { CrashCard } from './contract/recorder.ts'
import { writtenOrigins, type SiteProfile } from './contract/site-profile.ts'
import type { SessionEventFacts, SessionEventText } from './events.ts'
import { BrowserFault } from './fault.ts'
import type { SessionFiles } from './files/session-files.ts'
import type { BrowserState } from './kept/browser-state.ts'
import type { KeptLogins, KeptRow } from './kept/kept-logins.ts'
import { fetchDownload } from './files/fetch-download.ts'
import { answerCaptcha } from './login/captcha-field.ts'
import { captchaSolver, proveLogin, recogniseLogin, refresh, signInAgain } from './login/login.ts'
import type { Credentials, SignedIn } from './login/sign-in.ts'
import { Jobs } from './one-shot/jobs.ts'
import { checkSetup } from './resource/check-setup.ts'
import { Recycler } from './resource/recycler.ts'
import { Room } from './resource/room.ts'
import { setupOf } from './resource/session-setup.ts'
import { BrowserStarter, type StarterOptions } from './process/starter.ts'
import { crashCardOf } from './recorder/ending.ts'
import { shrinkEnded } from './recorder/shrink.ts'
import type { KeptCards } from './recorder/kept-cards.ts'
import { Admission } from './session/admission.ts'
import { HandOut, type HandOutLimits } from './session/hand-out.ts'
import type { RecordedEvent } from './session/history.ts'
import { newSessionId } from './session/identity.ts'
import { SessionDirectory } from './session/session-directory.ts'
import { SessionRunner } from './session/session-runner.ts'
import { Session, type SessionHooks, type SessionOptions } from './session/session.ts'
import { Upkeep, type UpkeepPace } from './session/upkeep.ts'
import { obtained, type Obtained, type OnceWanted, type Wanted } from './session/wanted.ts'
import { letIn } from './site/site-access.ts'
import type { OperationTools } from './site/operations.ts'
import type { ListedProfile, ProfileStore } from './site/profiles.ts'

export interface ServiceOptions extends StarterOptions {
  profiles: Pick<ProfileStore, 'get' | 'valuesOf'>
  files: Pick<SessionFiles, 'of'>
  kept: KeptLogins
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
  readonly room: Room
  readonly #options: ServiceOptions
  readonly #sessions = new SessionDirectory()
  /** One entry per credential key, or id of a kept login without one, made before anything is awaited: whoever comes second finds it. */
  readonly #flights = new Map<string, Promise<Session>>()
  /** Sessions that fall asleep, under the same names: they can be woken when their browser is gone. */
  readonly #fallingAsleep = new Map<string, Promise<void>>()
  /** Those that are opened for one piece of work. */
  readonly #once = new WeakSet<Session>()
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
      onEnding: (session, ended) => {
        const name = flightName(session)
        this.#flights.delete(name)
        if (ended === null) return
        this.#fallingAsleep.set(name, ended)
        void ended.finally(() => this.#fallingAsleep.delete(name))
      },
      onEnded: (session) => {
        this.#sessions.ended(session)
        this.#keepRecord(session)
        this.#changed()
      },
    })
    this.room = new Room({
      clock: options.clock,
      sessions: () => this.#sessions.live(),
      places: () => this.maxSessions,
      limit: () => options.settings.current().browsers,
    })
    this.#admission = new Admission({
      sessions: this.#sessions,
      clock: options.clock,
      limit: () => this.maxSessions,
      room: this.room,
      passes: (session) => this.#once.has(session),
      evict: (session, because) =>
        this.#runner.endQuietly(session, 'evicted', `It was the least recently used one, and its ${wordsOf[because]} was needed`),
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
    const recycler = new Recycler({
      clock: options.clock,
      limit: () => {
        const { recycleAbove } = options.settings.current().browsers
        return recycleAbove === null ? null : recycleAbove * 1_000_000
      },
      recycle: (session, grownTo) =>
        this.#recycle(session, grownTo).catch((error: unknown) =>
          options.log.warn({ session: session.id, error: String(error) }, 'a session that has grown large was not started anew'),
        ),
    })
    this.#upkeep = new Upkeep({
      clock: options.clock,
      sessions: () => this.#sessions.live(),
      idleTimeout: () => this.idleTimeout,
      endIdle: (session) => this.#runner.endQuietly(session, 'idle', `Nobody used it for ${this.idleTimeout / 1_000} seconds`),
      refresh: (session) => void refresh(session, options).catch(escape),
      keep: (session) => {
        options.kept.look(session)
        recycler.look(session)
      },
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

  /** Throws `profile-not-found`. */
  profile(name: string): ListedProfile {
    return this.#options.profiles.get(name)
  }

  /** What the steps of an operation may use. */
  async operationTools(session: Session): Promise<OperationTools> {
    return {
      values: await this.#options.profiles.valuesOf(session.profile),
      download: (click, signal) => fetchDownload(session, click, signal),
      solveCaptcha: (page, place, signal) =>
        answerCaptcha(page, place, session.credentials.captchaApiKey, captchaSolver(this.#options), signal),
    }
  }

  /** A live session. Throws `session-not-found`. */
  get(id: string): Session {
    return this.#sessions.get(id)
  }

  /** Also one that is ending or has lately ended, for its detail. Throws `session-not-found`. */
  recall(id: string): Session {
    return this.#sessions.recall(id)
  }

  /** Somebody has looked at its state or changed it, also of one that sleeps. */
  stateTouched(id: string, facts: SessionEventFacts<'state-touched'>, actor: string): void {
    const session = this.recallLive(id)
    const row = this.findAsleep(id)
    if (session !== undefined) session.record('state-touched', facts, actor)
    else if (row !== undefined) this.#options.kept.touched(row, facts, actor)
  }

  /** Undefined for one that does not live. */
  recallLive(id: string): Session | undefined {
    return this.#sessions.live().find((session) => session.id === id)
  }

  /** One that has lately ended; undefined after a restart of the server. */
  lately(id: string): Session | undefined {
    return this.#sessions.findOver(id)
  }

  /** Who may see a session, also one that sleeps, is ending or has lately ended; undefined when there is none. */
  makersOf(id: string): (string | null)[] | undefined {
    const session = this.#sessions.find(id)
    if (session !== undefined) return [...session.makers]
    return this.#options.kept.find(id)?.facts.makers ?? this.#options.cards.find(id)?.makers
  }

  /** Why a session ended; null when it has not, or is not known any more. */
  crashCard(id: string): CrashCard | null {
    const session = this.#sessions.find(id)
    if (session === undefined) return this.#options.cards.find(id)?.card ?? null
    return session.ending === null ? null : crashCardOf(session, session.ending, this.#options.textOf)
  }

  /** What is written down of a session; null where nothing is. */
  keptState(id: string): BrowserState | null {
    return this.#options.kept.stateOf({ id })
  }

  /** Those that sleep, the latest first. */
  asleep(): KeptRow[] {
    return this.#options.kept.all().filter((row) => this.#sleeps(row))
  }

  /** Undefined when it does not sleep. */
  findAsleep(id: string): KeptRow | undefined {
    const row = this.#options.kept.find(id)
    return row !== undefined && this.#sleeps(row) ? row : undefined
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
    if (key === null) return this.#open(wanted, profile, null)
    return this.#join(key, wanted, () => {
      const asleep = this.#options.kept.withKey(key)
      if (asleep !== undefined && wanted.state !== undefined) throw alreadyThere()
      return this.#open(wanted, profile, key, asleep)
    })
  }

  /**
   * Wakes a kept login, or joins who does. Nobody has shown its credentials, so it serves while its site takes it for logged in. Throws
   * `session-not-found`, and what `obtain` throws.
   */
  async wake(id: string, wanted: Omit<Wanted, 'profile' | 'credentials'>): Promise<Obtained> {
    const { kept, profiles, egress } = this.#options
    const row = kept.find(id)
    if (row === undefined) throw new BrowserFault('session-not-found', 'Session not found')
    const { profile: name, username, address } = row.facts
    const profile = profiles.get(name)
    if (address !== undefined) egress.check(address, writtenOrigins(profile))
    const all: Wanted = { ...wanted, profile: name, credentials: { username, password: '', address } }
    return this.#join(flightName(row), { ...all, isWake: true }, () => {
      // It may have been forgotten meanwhile.
      const asleep = kept.find(id)
      if (asleep === undefined) throw new BrowserFault('session-not-found', 'Session not found')
      return this.#open({ ...all, isWake: true }, profile, asleep.key, asleep)
    })
  }

  /** Puts a session to sleep now. Throws `session-not-found`, `session-in-use` and `not-kept`. */
  async hibernate(id: string, actor: string, why = 'Put to sleep by request'): Promise<KeptRow> {
    const session = this.get(id)
    const [lease] = session.leases.list()
    if (lease !== undefined) throw new BrowserFault('session-in-use', `${lease.holder} is using this session`)
    await session.keeping.keep()
    if (!this.#options.kept.isKept(session)) throw new BrowserFault('not-kept', this.#options.kept.whyNot(session))
    await this.#runner.end(session, 'hibernated', why, actor)
    const row = this.findAsleep(id)
    if (row === undefined) throw new BrowserFault('session-not-found', 'It was closed meanwhile')
    return row
  }

  /** Removes all that sleep and are `among` those meant. Returns how many. */
  forgetAll(among: (row: KeptRow) => boolean, actor: string): number {
    const rows = this.asleep().filter(among)
    for (const row of rows) this.#forget(row, 'by-request', actor)
    return rows.length
  }

  /**
   * A browser for trying out what is not saved: nobody shares it, no list shows it, it signs in nowhere by itself and ends like any other.
   * Throws `no-capacity`.
   */
  async openAside(site: SiteProfile, by: { credentials: Credentials; actor: string; maker: string }): Promise<Session> {
    const wanted: Wanted = { ...by, profile: site.name, waitsForPerson: true, aside: true, makers: [by.maker] }
    return this.#admission.admit(() => {
      const session = this.#make(wanted, { ...site, kind: 'none', refresh: null }, null)
      obtained(session, true, wanted).release()
      this.#runner.begin(session, { signIn: false })
      return session
    })
  }

  /** Ends one that was opened aside, without anybody waiting for that. */
  endAside(session: Session): void {
    this.#runner.endQuietly(session, 'closed', 'Nobody needs it any more')
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
      this.#once.add(made)
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

  /** Also forgets one that sleeps. Throws `session-not-found`, also while it is already closing, and `close-failed`. */
  async close(id: string, actor: string): Promise<void> {
    const row = this.#options.kept.find(id)
    // One that is about to sleep is forgotten when it does.
    if (row !== undefined) await this.#fallingAsleep.get(flightName(row))
    const asleep = this.findAsleep(id)
    if (asleep !== undefined) return this.#forget(asleep, 'by-request', actor)
    await this.#runner.end(this.get(id), 'closed', 'Closed by request', actor)
  }

  /** Ends all sessions on a site that has gone. */
  endAllOn(profile: string, text: string): void {
    for (const row of this.asleep()) if (row.facts.profile === profile) this.#forget(row, 'site-gone', 'system')
    for (const session of this.list()) if (session.profile.name === profile) this.#runner.endQuietly(session, 'closed', text)
  }

  /** Opens a session again with the credentials it had, closing it first when it still lives. Throws `session-not-found`. */
  async restart(id: string, actor: string, maker: string | null = null): Promise<Obtained> {
    const old = this.recall(id)
    if (old.endReason !== null && old.endReason !== 'crashed')
      throw new BrowserFault('session-not-found', 'Its credentials are no longer known; open a new session')
    if (old.live) await this.#runner.end(old, 'closed', 'Restarted by request', actor)
    // Anew: with a login of its own.
    await this.#fallingAsleep.get(flightName(old))
    this.#options.kept.drop(id)
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

  /** By which two calls are known to mean the same session; null where nothing would make two the same, for want of a login. */
  #sharedKey(profile: ListedProfile, { credentials: { username, password, address = '' } }: Wanted): string | null {
    if (profile.kind === 'none' && username === '') return null
    return this.#options.kept.credentialKey([profile.name, username, password, profile.address === null ? address : ''])
  }

  /** The live session under this name, or what `open` makes when there is none. */
  async #join(name: string, wanted: Wanted, open: () => Promise<Obtained>): Promise<Obtained> {
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

  /** In one turn up to the entry under its name, so that whoever comes second finds that. `asleep` is woken. */
  async #open(wanted: Wanted, profile: ListedProfile, key: string | null, asleep?: KeptRow): Promise<Obtained> {
    const { kept } = this.#options
    let mine: Obtained | undefined
    const admitted = this.#admission.admit((madeRoom) => {
      const former = asleep && this.#sessions.findOver(asleep.id)
      if (former !== undefined) this.#sessions.forget(former)
      const session = this.#make(wanted, profile, key, {
        ...(asleep === undefined ? {} : { before: { ...asleep.facts, id: asleep.id, credentialsKnown: wanted.isWake !== true } }),
        keeping: (made) => kept.of(made, asleep === undefined ? broughtAlong(wanted, profile) : kept.stateOf(asleep)),
      })
      mine = { ...obtained(session, asleep === undefined, wanted), madeRoom }
      this.#runner.begin(session)
      return session
    })
    const name = key ?? asleep?.id
    if (name !== undefined) {
      this.#flights.set(name, admitted)
      admitted.catch(() => this.#flights.delete(name))
    }
    const session = await admitted
    return mine ?? obtained(session, asleep === undefined, wanted)
  }

  #sleeps({ id, facts }: KeptRow): boolean {
    return facts.asleepSince !== null && !this.#sessions.isHere(id)
  }

  /** Its end forgets the credentials; the one that goes on has them again. */
  async #recycle(session: Session, grownTo: number): Promise<void> {
    const { id, key, profile, waitsForPerson } = session
    const wanted = { credentials: { ...session.credentials }, waitsForPerson, actor: 'system', makers: [...session.makers] }
    await this.hibernate(id, 'system', 'It had grown too large, and is started anew')
    const again = await (key === null ? this.wake(id, wanted) : this.obtain({ ...wanted, profile: profile.name }))
    again.session.record('recycled', { megabytes: Math.round(grownTo / 1_000_000) })
    again.release()
  }

  #forget(row: KeptRow, why: 'by-request' | 'site-gone', actor: string): void {
    this.#options.kept.forget(row, why, actor)
    this.#sessions.findOver(row.id)?.forgotten()
  }

  #keepRecord(session: Session): void {
    const { cards, textOf } = this.#options
    if (session.ending !== null && session.endReason === 'crashed')
      cards.add([...session.makers], crashCardOf(session, session.ending, textOf))
    shrinkEnded(this.#sessions.over())
  }

  #make(
    { credentials, setup, waitsForPerson, aside = false, actor }: Omit<Wanted, 'profile'>,
    profile: SiteProfile,
    key: string | null,
    { before, keeping }: Pick<SessionOptions, 'keeping'> & { before?: Before } = {},
  ): Session {
    const id = before?.id ?? newSessionId(this.#options.clock.now())
    const session = new Session({
      ...{ id, key, profile, credentials, waitsForPerson, aside, clock: this.#options.clock, hooks: this.#hooks },
      ...(before === undefined ? {} : { before }),
      ...(keeping === undefined ? {} : { keeping }),
      setup: setupOf(setup ?? {}, before?.setup),
      files: this.#options.files.of(id),
      letIn: (page, { address, username, password }) =>
        letIn(page, profile, address, async () => ({ ...(await this.#options.profiles.valuesOf(profile))(), username, password })),
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

/** What a new session was given to begin with: where it goes, it goes as if it had been there before. */
function broughtAlong({ state, credentials }: Wanted, { address }: SiteProfile): BrowserState | null {
  if (state === undefined) return null
  const url = credentials.address ?? address
  return { ...state, tabs: url === null ? [] : [{ url, active: true, sessionStorage: [] }], leftOut: [] }
}

const alreadyThere = (): BrowserFault =>
  new BrowserFault('state-not-taken', 'A session of these credentials is there already; import the state into it')

/** What one was before it slept. */
type Before = NonNullable<SessionOptions['before']> & Pick<KeptRow, 'id'> & Pick<KeptRow['facts'], 'setup'>

/** Under which calls that mean the same session find each other. */
const flightName = ({ id, key }: { id: string; key: string | null }): string => key ?? id

const wordsOf = { places: 'place', memory: 'memory' } as const
