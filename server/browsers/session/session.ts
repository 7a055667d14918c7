/**
 * One session: composed of parts that each own their state. Outside it is read, and its parts are told by a verb what happened; nobody
 * writes their fields. Who shares a session, how many there are and when one ends are rules of `service.ts`.
 */
import type { Page } from 'puppeteer-core'
import { waitFor, type StartTimer } from '../../async/deadline.ts'
import { createSerialQueue } from '../../async/serial-queue.ts'
import { iso, type Clock } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import { escape } from '../../isolation.ts'
import type { EndReason, SessionState } from '../contract/index.ts'
import type { Setup } from '../contract/setup.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import type { RecordSessionEvent, SessionEventFacts, SessionEventKind } from '../events.ts'
import type { ClientBook } from '../clients/client-book.ts'
import { BrowserFault } from '../fault.ts'
import type { SessionDownloads } from '../files/session-downloads.ts'
import type { Uploads } from '../files/uploads.ts'
import type { Credentials } from '../login/sign-in.ts'
import { Dialogs } from '../page/dialogs.ts'
import { Permissions } from '../page/permissions.ts'
import { SessionSetup } from '../resource/session-setup.ts'
import { noteEnding, type Ending } from '../recorder/ending.ts'
import { Recorder } from '../recorder/recorder.ts'
import { createBlanker } from '../recorder/secrets.ts'
import type { ViewableSession } from '../view/viewable-session.ts'
import type { RecordedEvent } from './history.ts'
import { notKept, type SessionKeeping } from './keeping.ts'
import type { LeaseBook } from './leases.ts'
import { Owners } from './owners.ts'
import { SessionBrowser } from './session-browser.ts'
import { SessionCore } from './session-core.ts'
import type { SessionLifecycleEvent } from './session-lifecycle.ts'
import { SessionLogin } from './session-login.ts'
import { SessionPages } from './session-pages.ts'
import { SessionRecording } from './session-recording.ts'
import { SessionUse } from './session-use.ts'
import type { TakeOver } from './take-over.ts'
import type { Usage } from './usage.ts'

export interface SessionHooks {
  /** Something that a list or a view shows has changed. */
  onChanged(session: Session): void
  onRecorded(session: Session, event: RecordedEvent, actor: string): void
  /** The person gave keyboard and mouse back. */
  onGivenBack(session: Session): void
  /** The table of transitions refused; a defect. */
  onIllegalTransition(session: Session, event: SessionLifecycleEvent): void
}

export interface SessionOptions {
  id: string
  /** Who may share it; null when nobody may. */
  key: string | null
  profile: SiteProfile
  credentials: Credentials
  /** After a failed login it stays open for a person to help, instead of ending. */
  waitsForPerson: boolean
  /** For trying a site out: in no list and told to nobody, though it takes a place. */
  aside?: boolean
  /** How its browser is to be set up; as usual when left out. */
  setup?: Setup
  /** To be called for every page before anything is opened in it. */
  letIn?: (page: Page, credentials: Readonly<Credentials>) => Promise<void>
  clock: Clock
  /** Measures how long a page may take to do what is asked of it; a real timer when left out. */
  startTimer?: StartTimer | undefined
  files: { downloads: SessionDownloads; uploads: Uploads }
  hooks: SessionHooks
  /** For one that wakes: what it was before. `credentialsKnown` is false where nobody has shown its password since. */
  before?: { createdAt: number; makers: readonly (string | null)[]; credentialsKnown: boolean }
  /** Nothing of it is kept when left out. */
  keeping?: (session: Session) => SessionKeeping
}

/** Ms by which work on a browser may fail before its pipe is known to be broken. */
const cutDue = 300
/** Ms within which the end that explains a broken pipe follows, on however busy a machine: a process that lingers is killed before. */
const endDue = 5_000

export class Session implements ViewableSession {
  readonly id: string
  readonly key: string | null
  readonly profile: SiteProfile
  readonly waitsForPerson: boolean
  readonly aside: boolean
  readonly createdAt: number
  readonly startTimer: StartTimer | undefined
  readonly browser: SessionBrowser
  readonly dialogs: Dialogs
  readonly downloads: SessionDownloads
  readonly uploads: Uploads
  readonly permissions: Permissions
  readonly pages: SessionPages
  readonly login: SessionLogin
  readonly leases: LeaseBook
  readonly clients: ClientBook
  readonly control: TakeOver
  readonly recording: SessionRecording
  readonly setup: SessionSetup
  readonly recorder: Recorder
  readonly keeping: SessionKeeping
  readonly #core: SessionCore
  readonly #use: SessionUse
  readonly #owners: Owners
  readonly #work = createSerialQueue()
  /** Its downloads are there for a day after it, and must not keep it for as long. */
  readonly #leaveDownloads: () => void
  #ending: Ending | null = null
  #outlives = false

  constructor({
    id,
    key,
    profile,
    credentials,
    waitsForPerson,
    aside = false,
    setup,
    letIn,
    clock,
    startTimer,
    files,
    hooks,
    before,
    keeping,
  }: SessionOptions) {
    this.id = id
    this.key = key
    this.profile = profile
    this.waitsForPerson = waitsForPerson
    this.aside = aside
    this.createdAt = before?.createdAt ?? clock.now()
    this.startTimer = startTimer
    this.#owners = new Owners(credentials, before)
    const core = new SessionCore(clock, {
      facts: () => ({
        up: this.browser.up,
        silent: this.browser.silent,
        signedIn: this.login.holds,
        signingIn: this.login.attempt !== null,
        wantsPerson: this.login.wantsPerson,
        leases: this.#use.count,
        takenOver: this.control.holder !== null,
        kept: this.#outlives,
      }),
      onChanged: () => hooks.onChanged(this),
      onRecorded: (event, actor) => {
        hooks.onRecorded(this, event, actor)
        this.recorder.recorded(event)
      },
      onIllegalTransition: (event) => hooks.onIllegalTransition(this, event),
      begins: before === undefined ? 'starting' : 'hibernated',
    })
    this.#core = core
    this.recorder = new Recorder({
      clock,
      session: id,
      history: core.history,
      blanker: createBlanker(() => [this.credentials.password, this.credentials.captchaApiKey]),
      front: () => this.pages.active(),
    })
    this.browser = new SessionBrowser(core)
    this.recording = new SessionRecording(core)
    this.login = new SessionLogin(core, profile)
    const record: RecordSessionEvent = (kind, facts) => core.record(kind, facts)
    this.dialogs = new Dialogs({ clock, driven: () => this.control.holder !== null, record })
    this.downloads = files.downloads
    this.downloads.opened(() => [...this.makers], setup?.downloads ?? profile.downloads, record)
    // Whoever waits for a file uses the session.
    this.#leaveDownloads = this.downloads.onChange(() => (this.downloads.moving ? this.touch() : core.changed()))
    this.uploads = files.uploads
    this.permissions = new Permissions(record)
    this.setup = new SessionSetup(setup, (policy) => this.downloads.setPolicy(policy ?? profile.downloads))
    this.pages = new SessionPages({
      changed: () => core.changed(),
      record,
      dialogs: this.dialogs,
      downloads: this.downloads,
      permissions: this.permissions,
      popups: profile.popups,
      prepare: async (page) => {
        await this.setup.prepare(page)
        await letIn?.(page, this.credentials)
      },
      opened: (page) => this.recorder.watch(page),
    })
    const use = new SessionUse(core, {
      isUp: () => this.browser.up,
      onGivingBack: () => {
        this.dialogs.abandon()
        this.login.personGaveBack()
      },
      onGivenBack: () => hooks.onGivenBack(this),
    })
    this.#use = use
    this.leases = use.leases
    this.clients = use.clients
    this.control = use.control
    this.keeping = keeping?.(this) ?? notKept
    if (before !== undefined) core.handle('woken')
  }

  get state(): SessionState {
    return this.#core.state
  }

  /** On the wall clock. */
  get stateSince(): number {
    return this.#core.stateSince
  }

  /** Why it is in this state, where there is something to say. */
  get reason(): string | null {
    return this.#core.reason
  }

  /** True until it begins to end. */
  get live(): boolean {
    return this.#core.live
  }

  get endReason(): EndReason | null {
    return this.#core.endReason
  }

  /** How it came to its end; null until it begins to end. */
  get ending(): Ending | null {
    return this.#ending
  }

  /** Aborts when the session begins to end; everything that works for it listens. */
  get life(): AbortSignal {
    return this.#core.life
  }

  /** Nobody uses it and nothing is under way: it may be evicted or ended for idleness. */
  get atRest(): boolean {
    return this.mayRefresh && this.clients.count === 0 && !this.downloads.moving
  }

  /** Also while programs are connected: they do not see the page at the back, and would outlive their login otherwise. */
  get mayRefresh(): boolean {
    return this.live && this.browser.up && this.login.attempt === null && !this.#use.isHeld
  }

  /** Who has opened it, or has shown its credentials since. */
  get makers(): ReadonlySet<string | null> {
    return this.#owners.makers
  }

  /** Kept in memory for as long as the session lives, because a login that has gone is renewed with them; never on disk. */
  get credentials(): Readonly<Credentials> {
    return this.#owners.credentials
  }

  /** False for one that was woken without them: then no login can be made anew. */
  get credentialsKnown(): boolean {
    return this.#owners.credentialsKnown
  }

  get usage(): Pick<Usage, 'idleFor' | 'isHeld' | 'last' | 'lastAt'> {
    return this.#use.usage
  }

  /** What happened to it, the latest last. */
  events(): RecordedEvent[] {
    return this.#core.events()
  }

  record<Kind extends SessionEventKind>(kind: Kind, facts: SessionEventFacts<Kind>, actor = 'system'): void {
    this.#core.record(kind, facts, actor)
  }

  onEnd(listener: (reason: string) => void): () => void {
    return this.#core.onEnd(listener)
  }

  /** By whoever shows its credentials: they have it from then on. */
  sharedWith(makers: readonly (string | null)[], shown?: Pick<Credentials, 'password' | 'captchaApiKey'>): void {
    this.#owners.sharedWith(makers, shown)
  }

  touch(): void {
    this.#use.touch()
  }

  /** Keeps the session from being evicted or refreshed while a call waits for it, without the words of a lease. Returns what ends it. */
  hold(): () => void {
    return this.#use.hold()
  }

  /** Ms without use after which it ends; `usual` unless it has a time of its own. */
  idleTimeout(usual: number): number {
    const { idleSeconds } = this.setup.chosen
    return idleSeconds === null ? usual : idleSeconds * 1_000
  }

  /** `usual` in ms; null while it is used or something is under way. */
  idleEndsAt(usual: number): string | null {
    return this.atRest ? iso(this.#core.clock.now() + this.idleTimeout(usual) - this.usage.idleFor) : null
  }

  /** Operations of one session run one after another, however the one before ended: they share its page. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#work.run(work)
  }

  /** The page that calls work on; throws `session-ended` while there is none. */
  page(): Page {
    const page = this.pages.active()?.page
    if (!page) throw new BrowserFault('session-ended', this.live ? 'The session has no page yet' : 'The session has ended')
    return page
  }

  /** Why work on it failed: the session's end when it ends, which a broken pipe foretells by a moment; else the error itself. */
  async causeOf(error: unknown): Promise<unknown> {
    const signal = this.life
    // Of a browser that has gone, a step of a login says no more than that its page has closed.
    const isCut = (): boolean => this.browser.running?.puppeteer.connected === false
    const nothing = (): (() => void) => () => undefined
    if (!isCut() && !(error instanceof Fault)) await waitFor(cutDue, nothing, { signal })
    if (isCut()) await waitFor(endDue, nothing, { signal })
    return signal.aborted ? signal.reason : error
  }

  /** Ends the use of it at once; what holds processes and files is torn down by who has started it. */
  endBegun(reason: EndReason, text: string, actor: string): void {
    this.#ending = noteEnding(this, reason, this.#core.clock.now())
    this.leases.close()
    this.#core.beginEnd(reason, text)
    this.clients.close()
    this.pages.stop()
    this.dialogs.stop()
    this.downloads.ended()
    if (reason === 'crashed') this.record('end-explained', { cause: this.#ending.cause })
    this.record(reason === 'crashed' ? 'session-crashed' : 'session-closed', { reason, said: text }, actor)
    this.recorder.stop()
    // One that crashed may be opened again with what it had.
    if (reason !== 'crashed') this.#owners.forgetSecrets()
  }

  /** Its browser is gone, or could not be made to go. `kept`: it may be woken. */
  ended({ kept } = { kept: false }): void {
    this.#outlives = kept
    this.browser.gone()
    // It can be looked at for a while: what drove its browser must not be kept as long.
    this.pages.forget()
    this.setup.browserGone()
    this.permissions.browserGone()
    this.recorder.browserGone()
    void Promise.all([this.downloads.tidy(), this.uploads.discard()]).catch(escape)
  }

  /** It cannot be looked at any more. */
  dropped(): void {
    this.#leaveDownloads()
  }

  /** What was kept of it is no more. */
  forgotten(): void {
    this.#core.handle('forgotten')
  }
}
