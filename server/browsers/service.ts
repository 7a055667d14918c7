/** The rules of browser sessions: who shares one, how many there are, how one begins and ends. */
import { Fault } from '../fault.ts'
import { escape, within, type Scope } from '../isolation.ts'
import { withoutUserinfo } from '../http/userinfo.ts'
import type { EndReason, SessionEvent } from './contract/index.ts'
import { HandOut, type HandOutLimits } from './session/hand-out.ts'
import { createCredentialKeys, newSessionId } from './session/identity.ts'
import type { Lease } from './session/leases.ts'
import { logIn, lookAgain, proveLogin, refresh, signInAgain } from './login/login.ts'
import type { ProfileStore } from './site/profiles.ts'
import { browserScope } from './process/scopes.ts'
import { Session, type SessionHooks } from './session/session.ts'
import type { Credentials, SignedIn } from './login/sign-in.ts'
import { writtenOrigins } from './contract/site-profile.ts'
import { BrowserStarter, type StarterOptions } from './process/starter.ts'
import { Upkeep } from './session/upkeep.ts'

export interface ServiceOptions extends StarterOptions {
  profiles: Pick<ProfileStore, 'get'>
  recorded(session: Session, event: SessionEvent, actor: string): void
  /** Ms; tests hurry. */
  upkeep?: { tick?: number; pingEvery?: number; pingTimeout?: number }
  handOut?: HandOutLimits
}

export interface Wanted {
  profile: string
  credentials: Credentials
  /** After a failed login it stays open for a person to help, instead of ending. */
  waitsForPerson: boolean
  actor: string
  /** Recorded with the session: who may see it. Left out, it belongs to the house. */
  makers?: readonly (string | null)[]
  /** Leased from its first moment, so that it cannot be evicted between sign-in and use. */
  lease?: { holder: string; duration: number }
}

export interface Obtained {
  session: Session
  isNew: boolean
  lease: Lease | null
  /** To be called when the caller has what it wanted: until then the session is not evicted. */
  release(): void
}

/** Ms that a call waits for a place when all sessions are busy signing in. */
const admissionPatience = 90_000
/** Ended sessions whose detail can still be read. */
const mostEnded = 50

export class SessionService {
  readonly handOut: HandOut
  readonly #options: ServiceOptions
  readonly #sessions = new Map<string, Session>()
  readonly #ended: Session[] = []
  /** One entry per credential key, made before anything is awaited: whoever comes second finds it. */
  readonly #flights = new Map<string, Promise<Session>>()
  readonly #credentialKey = createCredentialKeys()
  readonly #starter: BrowserStarter
  readonly #upkeep: Upkeep
  readonly #hooks: SessionHooks
  #waiting: (() => void)[] = []
  #stopping = false

  constructor(options: ServiceOptions) {
    this.#options = options
    this.#starter = new BrowserStarter(options)
    this.handOut = new HandOut(
      {
        obtain: (wanted) => this.obtain(wanted),
        whenSignedIn: (session) => this.whenSignedIn(session),
        logIn: (session) => this.#logIn(session),
        signInAgain: (session, why) => this.signInAgain(session, why, { atBack: false }),
        endSilent: (session, words) => this.#endQuietly(session, 'crashed', words),
        nextChange: () => this.#nextChange(),
      },
      options.handOut,
    )
    this.#hooks = {
      changed: () => this.#changed(),
      recorded: options.recorded,
      givenBack: (session) => void within(this.#scope(session), () => lookAgain(session, options).catch(escape)),
      misstep: (session, happening) =>
        options.log.error(
          { session: session.id, state: session.state, happening },
          'a session was told something that cannot happen in its state',
        ),
    }
    this.#upkeep = new Upkeep({
      clock: options.clock,
      sessions: () => [...this.#sessions.values()].filter(({ live }) => live),
      idleTimeout: () => this.idleTimeout,
      endIdle: (session) => this.#endQuietly(session, 'idle', `Nobody used it for ${this.idleTimeout / 1_000} seconds`),
      refresh: (session) => void refresh(session, options).catch(escape),
      scope: (session) => this.#scope(session),
      changed: options.changed,
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
    return [...this.#sessions.values()].filter(({ live }) => live).sort((a, b) => b.lastUsed - a.lastUsed)
  }

  /** Sessions that are ending or have lately ended, the latest last. */
  ended(): Session[] {
    return [...this.#ended, ...[...this.#sessions.values()].filter(({ live }) => !live)]
  }

  /** A live session. Throws `session-not-found`. */
  get(id: string): Session {
    const session = this.#sessions.get(id)
    if (!session?.live) throw new Fault('session-not-found', 'Session not found')
    return session
  }

  /** Who may see a session, also one that is ending or has lately ended; undefined when there is none. */
  makersOf(id: string): (string | null)[] | undefined {
    const session = this.#sessions.get(id) ?? this.#ended.find((each) => each.id === id)
    return session === undefined ? undefined : [...session.makers]
  }

  /** Also one that is ending or has lately ended, for its detail. Throws `session-not-found`. */
  recall(id: string): Session {
    return this.#sessions.get(id) ?? this.#ended.find((session) => session.id === id) ?? this.get(id)
  }

  /** Who would have to go if a place were needed now. */
  nextEvicted(): Session | null {
    return this.list().findLast(({ atRest }) => atRest) ?? null
  }

  /**
   * The session of these credentials, made when there is none; it may still be starting. Throws `no-capacity` when all places are leased
   * `profile-not-found`, and `address-refused` for an address that says by itself that it may not be reached.
   */
  async obtain(wanted: Wanted): Promise<Obtained> {
    const profile = this.#options.profiles.get(wanted.profile)
    const { username, password, address } = wanted.credentials
    if (address !== undefined) this.#options.egress.check(address, writtenOrigins(profile))
    if (profile.address === null && address === undefined) throw new Fault('missing-fields', 'Missing required fields: address')
    // Without a login there is nothing that would make two sessions the same.
    const key =
      profile.kind === 'none' && username === ''
        ? null
        : this.#credentialKey([profile.name, username, password, profile.address === null ? (address ?? '') : ''])
    // Whoever shows the credentials of a session has it from then on.
    const take = (session: Session, isNew: boolean): Obtained => {
      for (const maker of wanted.makers ?? [null]) session.makers.add(maker)
      return {
        session,
        isNew,
        release: session.hold(),
        lease: wanted.lease ? session.lease(wanted.lease.holder, wanted.lease.duration) : null,
      }
    }

    for (;;) {
      const flight = key === null ? undefined : this.#flights.get(key)
      if (flight) {
        const session = await flight
        // It may have ended while this call waited; its entry is gone then.
        if (!session.live) continue
        // A key that is new, or that replaces a wrong one, is worth more than the old one.
        if (wanted.credentials.captchaApiKey !== undefined) session.credentials.captchaApiKey = wanted.credentials.captchaApiKey
        return take(session, false)
      }
      let obtained: Obtained | undefined
      const mine = this.#admit(() => {
        const session = new Session({
          id: newSessionId(this.#options.clock.now()),
          key,
          profile,
          credentials: { ...wanted.credentials },
          waitsForPerson: wanted.waitsForPerson,
          clock: this.#options.clock,
          hooks: this.#hooks,
        })
        this.#sessions.set(session.id, session)
        session.record('session-opened', `Opened on ${profile.title}`, 'busy', wanted.actor)
        obtained = take(session, true)
        within(this.#scope(session), () => this.#begin(session))
        return session
      })
      if (key !== null) {
        this.#flights.set(key, mine)
        mine.catch(() => this.#flights.delete(key))
      }
      const session = await mine
      return obtained ?? take(session, true)
    }
  }

  /** Resolves when the session is logged in, trying again when an earlier attempt failed. Throws what went wrong. */
  async whenSignedIn(session: Session): Promise<void> {
    await session.opening
    if (session.signingIn) await session.signingIn
    else if (!session.signedIn) await this.#logIn(session)
    if (!session.live) throw session.life.signal.reason
  }

  /** For a session whose site asks for a login, for the reason `why`. Throws what the sign-in throws; the session stays for a person to help. */
  signInAgain(session: Session, why: string, where: { atBack: boolean }): Promise<SignedIn> {
    return signInAgain(session, why, this.#options, where)
  }

  /** For an answer that would be the same if the login were gone. Throws what `signInAgain` throws, and `login-unreachable` when the site does not say. */
  proveLogin(session: Session): Promise<SignedIn> {
    return proveLogin(session, this.#options)
  }

  /** Throws `session-not-found`, also while it is already closing, and `close-failed`. */
  async close(id: string, actor: string): Promise<void> {
    await this.#end(this.get(id), 'closed', 'Closed by request', actor)
  }

  /** Ends all sessions on a site that has gone. */
  endAllOn(profile: string, text: string): void {
    for (const session of this.list()) if (session.profile.name === profile) this.#endQuietly(session, 'closed', text)
  }

  /** Opens a session again with the credentials it had, closing it first when it still lives. Throws `session-not-found`. */
  async restart(id: string, actor: string, maker: string | null = null): Promise<Obtained> {
    const old = this.recall(id)
    if (old.endReason !== null && old.endReason !== 'crashed')
      throw new Fault('session-not-found', 'Its credentials are no longer known; open a new session')
    if (old.live) await this.#end(old, 'closed', 'Restarted by request', actor)
    const index = this.#ended.indexOf(old)
    if (index !== -1) this.#ended.splice(index, 1)
    return this.obtain({
      profile: old.profile.name,
      credentials: old.credentials,
      waitsForPerson: true,
      actor,
      makers: [...old.makers, maker],
    })
  }

  /** True while a session of this run uses the directory. */
  usesProfile(profileDir: string): boolean {
    return this.#starter.usesProfile(profileDir)
  }

  /** Looks at leases, idle times, refreshes and answers now instead of at the next tick. */
  look(): void {
    this.#upkeep.look()
  }

  /** Settings have changed: more places may be free now. */
  reconsider(): void {
    this.#starter.reconsider()
    this.#changed()
  }

  /** Opens sessions again after a stop. */
  start(): void {
    this.#stopping = false
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#upkeep.stop()
    this.#changed()
    await Promise.allSettled([
      this.#starter.stop(),
      ...[...this.#sessions.values()].map((session) => this.#end(session, 'shutdown', 'The server stopped')),
    ])
  }

  /** Makes the session in the same turn in which a place is seen to be free, so that two calls never take the same one. */
  async #admit(create: () => Session): Promise<Session> {
    const deadline = this.#options.clock.monotonic() + admissionPatience
    for (;;) {
      if (this.#stopping) throw new Fault('no-capacity', 'The server is stopping')
      const live = this.list()
      if (live.length < this.maxSessions) return create()
      const victim = this.nextEvicted()
      if (victim) {
        this.#endQuietly(victim, 'evicted', 'It was the least recently used one, and its place was needed')
        continue
      }
      // One that is signing in for a caller may be free in a moment; one that is leased or driven by a person is not.
      const soonFree = live.some((session) => session.leases.count === 0 && session.controller() === null)
      if (!soonFree || this.#options.clock.monotonic() >= deadline)
        throw new Fault('no-capacity', `All ${this.maxSessions} sessions are in use`)
      await this.#nextChange()
    }
  }

  #begin(session: Session): void {
    this.#upkeep.wake()
    session.opening = this.#open(session)
    session.opening
      .then(() => (session.live ? this.#logIn(session) : undefined))
      // The callers are told through `whenSignedIn`; here it only must not go unheard.
      .catch(() => {})
      .finally(() => {
        if (!this.#stopping) this.#starter.prepareSpare()
      })
  }

  async #open(session: Session): Promise<void> {
    try {
      await this.#starter.start(session, this.#scope(session), (words) =>
        this.#endQuietly(session, 'crashed', `The browser ended by itself: ${words}`),
      )
    } catch (error) {
      if (session.live) this.#endQuietly(session, 'start-failed', error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  async #logIn(session: Session): Promise<void> {
    try {
      await logIn(session, this.#options)
    } catch (error) {
      if (session.live && !session.waitsForPerson) this.#endQuietly(session, 'login-failed', session.reason ?? 'The login failed')
      throw error
    }
  }

  /** What escapes in the code that drives its browser, ours or a library's, ends this session and nothing else. */
  #scope(session: Session): Scope {
    return browserScope(session.id, (_, reason) => this.#endQuietly(session, 'crashed', `What drives its browser failed: ${reason}`))
  }

  #endQuietly(session: Session, reason: EndReason, text: string): void {
    if (session.ending) return
    this.#end(session, reason, text).catch((error: unknown) =>
      this.#options.log.error({ session: session.id, error: String(error) }, 'a session could not be closed'),
    )
  }

  /** Ends it once; later calls share the first one's outcome. */
  #end(session: Session, reason: EndReason, text: string, actor = 'system'): Promise<void> {
    return (session.ending ??= this.#tearDown(session, reason, text, actor))
  }

  async #tearDown(session: Session, reason: EndReason, text: string, actor: string): Promise<void> {
    // All of this happens before the first await: no call can find it any more.
    if (session.key !== null) this.#flights.delete(session.key)
    session.beginEnd(reason, text)
    session.record(
      reason === 'crashed' ? 'session-crashed' : 'session-closed',
      text,
      reason === 'closed' || reason === 'idle' || reason === 'shutdown' ? 'neutral' : reason === 'evicted' ? 'attention' : 'bad',
      actor,
    )
    if (reason !== 'crashed') {
      session.credentials.password = ''
      if (session.credentials.address !== undefined) session.credentials.address = withoutUserinfo(session.credentials.address)
    }

    await session.opening.catch(() => {})
    const closed = await this.#starter.end(session)
    session.happen('ended')
    session.registry = null
    this.#sessions.delete(session.id)
    this.#ended.push(session)
    if (this.#ended.length > mostEnded) this.#ended.shift()
    this.#changed()
    if (!closed) throw new Fault('close-failed', 'Failed to close browser session')
  }

  #changed(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
    this.#options.changed()
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
