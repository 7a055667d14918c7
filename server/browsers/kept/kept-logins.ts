/** The logins that are kept: which there are, who may have them, and until when. */
import { randomBytes } from 'node:crypto'
import { startRealTimer, type StartTimer } from '../../async/deadline.ts'
import type { Clock } from '../../clock.ts'
import type { SettingsSource } from '../../config/source.ts'
import type { Log } from '../../log.ts'
import type { EndReason } from '../contract/index.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import { createCredentialKeys } from '../session/identity.ts'
import type { Session } from '../session/session.ts'
import type { BrowserState } from './browser-state.ts'
import type { SessionEventFacts } from '../events.ts'
import { drive } from '../page/drive.ts'
import { factsOf, sameButTimes } from './facts-of.ts'
import { readState } from './read-state.ts'
import type { KeptRow, KeptStore } from './kept-store.ts'
import type { Resumed } from './resume.ts'
import { RunBound } from './run-bound.ts'
import { LoginKeeping } from './session-keeping.ts'

export type { KeptRow } from './kept-store.ts'

export interface KeptOptions {
  store: KeptStore
  settings: SettingsSource
  clock: Clock
  log: Pick<Log, 'warn'>
  /** Something that a list shows has changed. */
  changed(): void
  /** Somebody has looked at one that sleeps. */
  touched(row: KeptRow, facts: SessionEventFacts<'state-touched'>, actor: string): void
  /** One is kept no longer. */
  forgotten(row: KeptRow, why: 'by-request' | 'too-old' | 'site-gone', actor: string): void
  /** Measures how long a page may take to say what it stores; a real timer when left out. */
  startTimer?: StartTimer
}

/** The oldest ones go. */
const mostKept = 500
const day = 86_400_000

export class KeptLogins {
  readonly #options: KeptOptions
  readonly #runBound: RunBound
  readonly #rows = new Map<string, KeptRow>()
  readonly #keepings = new WeakMap<Session, LoginKeeping>()
  /** Sessions that have a browser, or had one until now: what is kept of them does not get old. */
  readonly #here = new Map<string, Session>()
  /** For as long as the one that is kept does not open. */
  readonly #ownSecret = randomBytes(32)
  #credentialKey = createCredentialKeys(this.#ownSecret)
  /** The key that seals is here. */
  #opens = false

  constructor(options: KeptOptions) {
    this.#options = options
    this.#runBound = new RunBound(options)
  }

  /** Reads what earlier runs have kept. What was not asleep then has lost its browser without a word. */
  start(): void {
    const { store, clock, log } = this.#options
    this.#rows.clear()
    try {
      const secret = store.secret(() => this.#ownSecret)
      this.#opens = secret !== null
      if (secret === null) return
      this.#credentialKey = createCredentialKeys(secret)
      for (const row of store.all()) {
        this.#rows.set(row.id, row)
        if (row.facts.asleepSince === null)
          this.#put({
            ...row,
            facts: { ...row.facts, asleepSince: row.facts.keptAt, endReason: 'crashed', reason: 'The server ended without closing it' },
          })
      }
      this.expire()
    } catch (error) {
      this.#opens = false
      log.warn({ error: String(error), at: clock.now() }, 'kept logins cannot be read')
    }
  }

  /** By which two calls are known to mean the same login, also after a restart. */
  credentialKey(parts: readonly string[]): string {
    return this.#credentialKey(parts)
  }

  find(id: string): KeptRow | undefined {
    return this.#rows.get(id)
  }

  /** To be asked where no session of these credentials lives. */
  withKey(key: string): KeptRow | undefined {
    return this.all().find((row) => row.key === key)
  }

  /** Also those whose session lives, the latest first. */
  all(): KeptRow[] {
    return [...this.#rows.values()].toSorted((a, b) => b.facts.keptAt - a.facts.keptAt)
  }

  /** Ms since the epoch. */
  forgottenAt({ facts }: KeptRow): number {
    return Math.max(facts.asleepSince ?? 0, facts.lastUsedAt) + this.#options.settings.current().browsers.keepLoginsFor * day
  }

  /** As far as is known, it takes a new sign-in. */
  isExpired({ facts }: KeptRow): boolean {
    return facts.refused || (facts.runsOutAt !== null && facts.runsOutAt <= this.#options.clock.now()) || this.#runBound.is(facts.profile)
  }

  /** What a sleeping one has to go on with. */
  stateOf({ id }: Pick<KeptRow, 'id'>): BrowserState | null {
    return this.#options.store.state(id)
  }

  /** How this session is kept; `kept` is what it goes on with. */
  of(session: Session, kept: BrowserState | null): LoginKeeping {
    const { clock, log, startTimer = startRealTimer } = this.#options
    const keeping = new LoginKeeping(session, {
      clock,
      startTimer,
      kept,
      wakes: this.#rows.has(session.id),
      inVain: this.#rows.get(session.id)?.facts.refused === true || this.#runBound.is(session.profile.name),
      wanted: () => this.isWanted(session.profile),
      known: () => this.#rows.has(session.id),
      write: (state) => this.#write(session, state),
      failed: (error) => log.warn({ session: session.id, error: String(error) }, 'a login could not be kept'),
      resumed: (how) => this.#resumed(session, how),
      woke: (how) => session.record('woke', { held: how === 'held' }),
    })
    this.#keepings.set(session, keeping)
    this.#here.set(session.id, session)
    return keeping
  }

  /** Something was changed by hand at these origins; resolves when it is written down. */
  async changed(session: Session, origins: readonly string[]): Promise<void> {
    await this.#keepings.get(session)?.keepChanged(origins)
  }

  /** What a live session's browser knows now. Throws what driving it throws. */
  async read(session: Session): Promise<BrowserState> {
    const keeping = this.#keepings.get(session)
    return drive(
      session,
      () =>
        keeping === undefined
          ? readState(session, { patience: 2_000, known: new Map(), startTimer: this.#options.startTimer })
          : keeping.read(),
      10_000,
    )
  }

  /** Looks whether there is something new to keep. */
  look(session: Session): void {
    if (session.login.holds) this.#keepings.get(session)?.look()
  }

  /** Whether the session, which begins to end for this reason, will be there to be woken; what is kept of it is dropped where not. */
  ending(session: Session, reason: EndReason): boolean {
    const outlives = reason !== 'closed' && this.#rows.has(session.id) && this.isWanted(session.profile)
    if (outlives) return true
    this.#leaves(session)
    this.drop(session.id)
    return false
  }

  /** For one that outlives its end, before its browser goes: has a last look and writes down that it sleeps. */
  async fallAsleep(session: Session, reason: EndReason, text: string): Promise<boolean> {
    if (reason !== 'crashed' && session.login.holds) await this.#keepings.get(session)?.keepLast()
    this.#leaves(session)
    const row = this.#rows.get(session.id)
    if (row === undefined) return false
    const asleepSince = row.facts.asleepSince ?? this.#options.clock.now()
    const asleep: KeptRow = { ...row, facts: { ...row.facts, asleepSince, endReason: reason, reason: text } }
    // Also where the disk takes no more: what is on it says enough.
    this.#rows.set(row.id, asleep)
    this.#put(asleep)
    return true
  }

  isKept({ id }: Pick<Session, 'id'>): boolean {
    return this.#rows.has(id)
  }

  /** Why nothing is kept of a session, in plain words. */
  whyNot({ profile, login }: Session): string {
    if (!this.#opens) return 'The key that seals kept logins is not here'
    if (!this.#options.settings.current().browsers.keepLogins) return 'The settings say that no logins are kept'
    if (!profile.keep) return `The site profile ${profile.name} says that its logins are not kept`
    return login.holds ? 'Its browser does not answer' : 'It is not logged in, so there is nothing to keep'
  }

  isWanted(profile: Pick<SiteProfile, 'keep'>): boolean {
    return this.#opens && this.#options.settings.current().browsers.keepLogins && profile.keep
  }

  forget(row: KeptRow, why: 'by-request' | 'too-old' | 'site-gone', actor = 'system'): void {
    this.drop(row.id)
    this.#options.forgotten(row, why, actor)
  }

  touched(row: KeptRow, facts: SessionEventFacts<'state-touched'>, actor: string): void {
    this.#options.touched(row, facts, actor)
  }

  /** Without a word, of one that is closed. */
  drop(id: string): void {
    if (!this.#rows.delete(id)) return
    this.#options.store.remove(id)
    this.#options.changed()
  }

  /** Forgets what is too old, and the oldest beyond the most. */
  expire(): void {
    const asleep = this.all().filter(({ id, facts }) => facts.asleepSince !== null && !this.#here.has(id))
    const now = this.#options.clock.now()
    for (const [at, row] of asleep.entries()) if (at >= mostKept || this.forgottenAt(row) <= now) this.forget(row, 'too-old')
  }

  /** What is not wanted any more of those that live is removed; what sleeps stays until a person forgets it. */
  reconsider(live: readonly Session[]): void {
    for (const session of live) if (!this.isWanted(session.profile)) this.drop(session.id)
    this.expire()
  }

  /** How many cannot be opened for want of the key. */
  locked(): number {
    return this.#options.store.locked()
  }

  giveUpLocked(): void {
    this.#options.store.giveUpLocked()
    this.start()
  }

  /** From now on nothing of it is written down; whoever wakes it is another. */
  #leaves(session: Session): void {
    this.#keepings.get(session)?.stop()
    if (this.#here.get(session.id) === session) this.#here.delete(session.id)
  }

  #write(session: Session, state: BrowserState | null): void {
    const known = this.#rows.get(session.id)
    const { clock } = this.#options
    const facts = factsOf(session, state, known?.facts, clock.now())
    const unchanged = known !== undefined && state === null && sameButTimes(known.facts, facts)
    if (unchanged) return
    this.#forgetFormer(session)
    this.#put({ id: session.id, key: session.key, facts }, state ?? undefined)
  }

  /** An expired one of the same user, whose password was another: this login has taken its place. */
  #forgetFormer(session: Session): void {
    const { username, address } = session.credentials
    for (const row of this.#rows.values()) {
      const { facts } = row
      const same = facts.profile === session.profile.name && facts.username === username && facts.address === address
      if (same && username !== '' && row.id !== session.id && facts.asleepSince !== null && facts.refused) this.drop(row.id)
    }
  }

  #put(row: KeptRow, state?: BrowserState): void {
    const { store, changed } = this.#options
    const bytes = store.put(row, state)
    for (const { id, key } of this.#rows.values()) if (key !== null && key === row.key && id !== row.id) this.#rows.delete(id)
    this.#rows.set(row.id, { ...row, facts: { ...row.facts, bytes } })
    changed()
  }

  #resumed(session: Session, how: Resumed): void {
    const row = this.#rows.get(session.id)
    if (row === undefined || how.is === 'unknown') return
    if (how.is === 'held') return this.#runBound.held(row.facts.profile)
    if (row.facts.refused) return
    const refusal = this.#runBound.refused(row.facts)
    this.#rows.set(row.id, { ...row, facts: { ...row.facts, refused: true } })
    session.record('kept-login-refused', { why: how.why, ...refusal })
  }
}
