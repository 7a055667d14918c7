/** How one session is kept: what is read of its browser, when it was last written down, and what it goes on with when it was woken. */
import { createHash } from 'node:crypto'
import type { Browser, Page } from 'puppeteer-core'
import { createSerialQueue } from '../../async/serial-queue.ts'
import { isDoneWithin, type StartTimer } from '../../async/deadline.ts'
import type { Clock } from '../../clock.ts'
import type { SignedIn } from '../login/sign-in.ts'
import type { SessionKeeping } from '../session/keeping.ts'
import type { Session } from '../session/session.ts'
import type { BrowserState, OriginState } from './browser-state.ts'
import { readState } from './read-state.ts'
import { resume, type Resumed } from './resume.ts'
import { writeCookies } from './write-state.ts'

export interface KeepingHooks {
  clock: Clock
  /** For what is asked of pages. */
  startTimer: StartTimer
  /** What it goes on with; null where there is nothing. */
  kept: BrowserState | null
  /** It has slept. */
  wakes: boolean
  /** Its site will not take the kept login. */
  inVain: boolean
  /** Whether anything is to be kept of it now. */
  wanted(): boolean
  /** Whether something is written down of it. */
  known(): boolean
  /** Writes it down, `state` where it has changed. */
  write(state: BrowserState | null): void
  failed(error: unknown): void
  resumed(how: Resumed): void
  /** The first login since it was woken. */
  woke(how: SignedIn): void
}

/** Ms for each page of a session that goes on, and for all of one that ends. */
const patience = 1_000
const lastPatience = 1_200
/** Ms between two looks at a session that nobody seems to use. */
const usualPause = 10_000
/** Reading a session takes at most this share of the time. */
const share = 0.01

export class LoginKeeping implements SessionKeeping {
  readonly #session: Session
  readonly #hooks: KeepingHooks
  readonly #queue = createSerialQueue()
  readonly #origins = new Map<string, OriginState>()
  #kept: BrowserState | null
  /** Settles when the kept cookies are in the browser. */
  #cookies: Promise<unknown> = Promise.resolve()
  #wakes: boolean
  #inDoubt = false
  readonly #changed = new Set<string>()
  #digest = ''
  #readAt = Number.NEGATIVE_INFINITY
  #took = 0
  #stirred = false
  #over = false

  constructor(session: Session, hooks: KeepingHooks) {
    this.#session = session
    this.#hooks = hooks
    this.#kept = hooks.kept
    this.#wakes = hooks.wakes
    for (const origin of hooks.kept?.origins ?? []) this.#origins.set(origin.origin, origin)
    session.pages.onChange(() => {
      this.#stirred = true
    })
  }

  /** Chromium takes its time for the first cookie, and meanwhile the first page comes. */
  started(browser: Browser): void {
    if (this.#kept === null) return
    this.#cookies = writeCookies(browser, this.#kept.cookies)
    this.#cookies.catch(() => undefined)
  }

  async resume(page: Page): Promise<SignedIn | null> {
    const kept = this.#kept
    if (kept === null) return null
    this.#kept = null
    await this.#cookies
    const how = await resume(this.#session, page, kept, this.#hooks)
    this.#inDoubt = how.is === 'unknown' && !this.#hooks.inVain
    this.#hooks.resumed(how)
    return how.is === 'held' ? 'held' : null
  }

  async signedIn(how: SignedIn): Promise<void> {
    if (this.#inDoubt && how === 'signed-in') this.#hooks.resumed({ is: 'refused', why: 'the site asked for a login' })
    this.#inDoubt = false
    const slept = this.#wakes
    if (slept) this.#hooks.woke(how)
    this.#wakes = false
    // Before the look, which may take longer than the answer waits: from now on its id is known to somebody.
    this.#note()
    // Where nobody signs in, no login can be lost: the next look keeps what there is.
    if (this.#session.profile.kind === 'none') return
    // What it slept with is on the disk, and counts: what has changed since follows, as with every other use.
    if (slept && how === 'held') return void this.keep()
    // What a site stores is worth a moment of whoever waits for the login, not more.
    await isDoneWithin(patience * 2, this.keep(), this.#hooks.startTimer)
  }

  keep(): Promise<void> {
    return this.#queue.run(() => this.#keep(patience))
  }

  /** After something was changed by hand at these origins, which need not stand in a tab. */
  async keepChanged(origins: readonly string[]): Promise<void> {
    for (const origin of origins) this.#changed.add(origin)
    await this.#queue.run(() => this.#keep(patience, this.#visited()))
  }

  /** Before its browser goes. */
  async keepLast(): Promise<void> {
    await isDoneWithin(
      lastPatience * 2,
      this.#queue.run(() => this.#keep(lastPatience, this.#visited())),
      this.#hooks.startTimer,
    )
  }

  /** It sleeps, or is over: a look that is still under way must not say that it lives. */
  stop(): void {
    this.#over = true
  }

  /** Called all the time; looks when it is worth it. */
  look(): void {
    const since = this.#hooks.clock.monotonic() - this.#readAt
    const pause = Math.max(this.#stirred ? 0 : usualPause, this.#took / share)
    if (since < pause || !this.#hooks.wanted()) return
    this.#readAt = this.#hooks.clock.monotonic()
    void this.keep()
  }

  /** As it is now, for who asks. */
  async read(): Promise<BrowserState> {
    const { startTimer } = this.#hooks
    const state = await readState(this.#session, { patience, known: this.#origins, visited: this.#visited(), startTimer })
    this.#remember(state)
    return state
  }

  async #keep(ms: number, visited: readonly string[] = []): Promise<void> {
    const { clock, startTimer, wanted, known, write, failed } = this.#hooks
    if (this.#over || !wanted() || this.#session.browser.running === null || this.#session.browser.silent) return
    const began = clock.monotonic()
    this.#stirred = false
    try {
      const state = await readState(this.#session, { patience: ms, known: this.#origins, visited, startTimer })
      this.#remember(state)
      const digest = createHash('sha256').update(JSON.stringify(state)).digest('base64')
      // What is wanted may have changed while it was read.
      if (this.#over || !wanted()) return
      write(digest === this.#digest && known() ? null : state)
      this.#digest = digest
    } catch (error) {
      failed(error)
    } finally {
      this.#readAt = clock.monotonic()
      this.#took = this.#readAt - began
    }
  }

  /** That it is there, and whose; what its browser knows follows. */
  #note(): void {
    const { wanted, write, failed } = this.#hooks
    if (this.#over || !wanted()) return
    try {
      write(null)
    } catch (error) {
      failed(error)
    }
  }

  #remember(state: BrowserState): void {
    this.#origins.clear()
    for (const origin of state.origins) this.#origins.set(origin.origin, origin)
  }

  /** Origins that the tabs have been at. */
  #visited(): string[] {
    const addresses = this.#session
      .events()
      .flatMap(({ kind, facts }) => (kind === 'navigated' && 'url' in facts ? [String(facts.url)] : []))
    return [...new Set([...this.#changed, ...this.#origins.keys(), ...addresses.flatMap((address) => URL.parse(address)?.origin ?? [])])]
  }
}
