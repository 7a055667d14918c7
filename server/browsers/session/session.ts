/** One session: its state, its browser and pages, who uses it, and what happened to it. The rules stand in `service.ts`. */
import type { Page } from 'puppeteer-core'
import { iso, type Clock } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import type { BrowserSession, EndReason, SessionEvent, SessionState } from '../contract/index.ts'
import type { RunningBrowser } from '../process/launch.ts'
import { LeaseBook, type Lease } from './leases.ts'
import { isLive, nextState, type Happening } from './session-lifecycle.ts'
import { PageRegistry, type KnownPage } from '../page/page-registry.ts'
import type { Credentials, SignedIn } from '../login/sign-in.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import type { ViewableSession } from '../view/viewable-session.ts'

export interface SessionHooks {
  /** Something that a list or a view shows has changed. */
  changed(session: Session): void
  recorded(session: Session, event: SessionEvent, actor: string): void
  /** The person gave keyboard and mouse back. */
  givenBack(session: Session): void
  /** The table of transitions refused; a defect. */
  misstep(session: Session, happening: Happening): void
}

export interface SessionOptions {
  id: string
  /** Who may share it; null when nobody may. */
  key: string | null
  profile: SiteProfile
  credentials: Credentials
  /** After a failed login it stays open for a person to help, instead of ending. */
  waitsForPerson: boolean
  clock: Clock
  hooks: SessionHooks
}

/** Events kept per session. */
const mostEvents = 500

export class Session implements ViewableSession {
  readonly id: string
  readonly key: string | null
  readonly profile: SiteProfile
  readonly waitsForPerson: boolean
  /** Who has opened it, or has shown its credentials since. */
  readonly makers = new Set<string | null>()
  /** Kept in memory for as long as the session lives, because a login that has gone is renewed with them; never on disk. */
  readonly credentials: Credentials
  readonly createdAt: number
  readonly leases: LeaseBook
  /** Aborts when the session begins to end; everything that works for it listens. */
  readonly life = new AbortController()
  browser: RunningBrowser | null = null
  registry: PageRegistry | null = null
  /** Settles with the opening: browser up and first sign-in done. */
  opening: Promise<void> = Promise.resolve()
  signingIn: Promise<SignedIn> | null = null
  ending: Promise<void> | null = null
  endReason: EndReason | null = null
  /** Why it is in this state, where there is something to say. */
  reason: string | null = null
  lastRefresh: { at: string; ok: boolean; message: string } | null = null
  /** On the monotonic clock. */
  nextRefresh: number | null = null
  use: { memoryBytes: number; processCount: number } | null = null
  /** Operations of one session run one after another: they share its page. */
  work: Promise<unknown> = Promise.resolve()

  readonly #clock: Clock
  readonly #hooks: SessionHooks
  readonly #events: SessionEvent[] = []
  readonly #pageListeners = new Set<() => void>()
  readonly #controlListeners = new Set<() => void>()
  readonly #endListeners = new Set<(reason: string) => void>()
  #eventCount = 0
  #holds = 0
  #state: SessionState = 'starting'
  #facts = { up: false, signedIn: false, quiet: false }
  #controller: string | null = null
  #lastUsed: { wall: number; monotonic: number }
  #stateSince: number

  constructor({ id, key, profile, credentials, waitsForPerson, clock, hooks }: SessionOptions) {
    this.id = id
    this.key = key
    this.profile = profile
    this.credentials = credentials
    this.waitsForPerson = waitsForPerson
    this.leases = new LeaseBook(clock)
    this.createdAt = clock.now()
    this.#lastUsed = { wall: this.createdAt, monotonic: clock.monotonic() }
    this.#stateSince = this.createdAt
    this.#clock = clock
    this.#hooks = hooks
  }

  get state(): SessionState {
    return this.#state
  }

  /** On the wall clock. */
  get stateSince(): number {
    return this.#stateSince
  }

  get live(): boolean {
    return isLive(this.#state)
  }

  get signedIn(): boolean {
    return this.#facts.signedIn
  }

  get quiet(): boolean {
    return this.#facts.quiet
  }

  /** Keeps the session from being evicted or refreshed while a call waits for it, without the words of a lease. Returns what ends it. */
  hold(): () => void {
    this.#holds += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds -= 1
      this.#hooks.changed(this)
    }
  }

  /** Nobody uses it and nothing is under way: it may be refreshed, evicted or ended for idleness. */
  get atRest(): boolean {
    return (
      this.live && this.#facts.up && this.signingIn === null && this.#holds === 0 && this.leases.count === 0 && this.#controller === null
    )
  }

  /** Ms since the last use. */
  idleFor(): number {
    return this.#clock.monotonic() - this.#lastUsed.monotonic
  }

  /** For ordering by last use; on the monotonic clock. */
  get lastUsed(): number {
    return this.#lastUsed.monotonic
  }

  /** Moves along the table of transitions; `facts` become true with it. */
  happen(happening: Happening, facts: Partial<{ up: boolean; signedIn: boolean; quiet: boolean }> = {}): void {
    Object.assign(this.#facts, facts)
    const next = nextState(this.#state, happening, {
      ...this.#facts,
      signingIn: this.signingIn !== null,
      leases: this.leases.count,
      takenOver: this.#controller !== null,
    })
    if (next === null) return this.#hooks.misstep(this, happening)
    if (next === this.#state) return this.#hooks.changed(this)
    this.#state = next
    this.#stateSince = this.#clock.now()
    this.#hooks.changed(this)
  }

  record(kind: string, text: string, tone: SessionEvent['tone'], actor = 'system'): void {
    this.#eventCount += 1
    const event: SessionEvent = { id: this.#eventCount, at: iso(this.#clock.now()), kind, text, tone }
    this.#events.push(event)
    if (this.#events.length > mostEvents) this.#events.shift()
    this.#hooks.recorded(this, event, actor)
  }

  events(): SessionEvent[] {
    return [...this.#events]
  }

  touch(): void {
    this.#lastUsed = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() }
    this.#hooks.changed(this)
  }

  /** `duration` in ms. */
  lease(holder: string, duration: number): Lease {
    if (!this.live) throw new Fault('session-not-found', 'Session not found')
    const lease = this.leases.take(holder, duration)
    this.touch()
    this.happen('lease-taken')
    this.record('lease-taken', `${holder} leased the session`, 'busy', holder)
    return lease
  }

  /** False when the lease has already ended. */
  endLease(id: string, how = 'given back'): boolean {
    const lease = this.leases.list().find((candidate) => candidate.id === id)
    if (!lease || !this.leases.end(id)) return false
    this.leaseEnded(lease.holder, how)
    return true
  }

  leaseEnded(holder: string, how: string): void {
    // Use ends now, so the idle time begins now.
    this.touch()
    if (this.leases.count === 0) this.happen('leases-ended')
    this.record('lease-ended', `The lease of ${holder} was ${how}`, 'neutral', holder)
  }

  /** The browser has started; resolves when its pages are watched. */
  async attach(browser: RunningBrowser): Promise<void> {
    this.registry = new PageRegistry(browser.puppeteer, {
      changed: () => {
        for (const listener of this.#pageListeners) listener()
        this.#hooks.changed(this)
      },
      record: (kind, text, tone) => this.record(kind, text, tone),
    })
    await this.registry.start()
  }

  /** The page that calls work on; throws `session-ended` while there is none. */
  page(): Page {
    const page = this.activePage()?.page
    if (!page) throw new Fault('session-ended', this.live ? 'The session has no page yet' : 'The session has ended')
    return page
  }

  pages(): KnownPage[] {
    return this.registry?.list() ?? []
  }

  activePage(): KnownPage | null {
    return this.registry?.active() ?? null
  }

  showPage(id: string): void {
    this.registry?.show(id)
  }

  onPagesChanged(listener: () => void): () => void {
    return subscribe(this.#pageListeners, listener)
  }

  takeOver(viewId: string): boolean {
    if (!this.live || !this.#facts.up || (this.#controller !== null && this.#controller !== viewId)) return false
    if (this.#controller === viewId) return true
    this.#controller = viewId
    this.touch()
    this.happen('taken-over')
    this.record('took-over', 'A person took over keyboard and mouse', 'attention', 'owner')
    this.#tell(this.#controlListeners)
    return true
  }

  giveBack(viewId: string): void {
    if (this.#controller !== viewId) return
    this.#controller = null
    if (this.live) {
      this.touch()
      this.happen('given-back')
      this.record('given-back', 'Keyboard and mouse were given back', 'neutral', 'owner')
      this.#hooks.givenBack(this)
    }
    this.#tell(this.#controlListeners)
  }

  controller(): string | null {
    return this.#controller
  }

  onControlChanged(listener: () => void): () => void {
    return subscribe(this.#controlListeners, listener)
  }

  onEnd(listener: (reason: string) => void): () => void {
    return subscribe(this.#endListeners, listener)
  }

  /** Ends the use of it at once; what holds processes and files is torn down by the service. */
  beginEnd(reason: EndReason, text: string): void {
    this.endReason = reason
    this.reason = text
    this.leases.clear()
    this.happen('ending')
    this.life.abort(new Fault('session-ended', `The session ended: ${text}`, { reason }))
    this.registry?.dispose()
    for (const listener of this.#endListeners) listener(text)
    this.#endListeners.clear()
  }

  /** Why work on it failed: the session's end when it ends, which a broken pipe foretells by a moment; else the error itself. */
  async causeOf(error: unknown): Promise<unknown> {
    const { signal } = this.life
    if (!(error instanceof Fault) && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 300)
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
      })
    }
    return signal.aborted ? signal.reason : error
  }

  /** `idleTimeout` in ms. */
  view(idleTimeout: number): BrowserSession {
    const active = this.activePage()
    const wall = (monotonic: number): string => iso(this.#clock.now() + monotonic - this.#clock.monotonic())
    return {
      id: this.id,
      username: this.credentials.username,
      profile: this.profile.name,
      state: this.#state,
      reason: this.reason,
      createdAt: iso(this.createdAt),
      lastUsedAt: iso(this.#lastUsed.wall),
      idleExpiresAt: this.atRest ? wall(this.#lastUsed.monotonic + idleTimeout) : null,
      currentUrl: active?.url ?? 'about:blank',
      title: active?.title ?? '',
      pages: this.pages().map(({ id, url, title }) => ({ id, url, title, active: id === active?.id })),
      leases: this.leases.list(),
      memoryBytes: this.use?.memoryBytes ?? null,
      processCount: this.use?.processCount ?? null,
      pid: this.live ? (this.browser?.pid ?? null) : null,
      lastRefresh: this.lastRefresh,
      nextRefreshAt: this.nextRefresh === null || !this.live ? null : wall(this.nextRefresh),
      endReason: this.endReason,
    }
  }

  get lastUsedAt(): string {
    return iso(this.#lastUsed.wall)
  }

  #tell(listeners: Set<() => void>): void {
    for (const listener of listeners) listener()
  }
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
