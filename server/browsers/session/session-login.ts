/**
 * How a session stands with its site: whether it is logged in, the sign-in under way, what the last refresh said and when the next one is
 * due.
 */
import { iso } from '../../clock.ts'
import type { BrowserSession } from '../contract/index.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import type { SignedIn } from '../login/sign-in.ts'
import type { AskedPerson } from '../steps/actions.ts'
import type { SessionCore } from './session-core.ts'

export type LastRefresh = NonNullable<BrowserSession['lastRefresh']>

export class SessionLogin {
  readonly #core: SessionCore
  readonly #profile: Pick<SiteProfile, 'kind' | 'refresh'>
  #holds = false
  /** Tells the step that waits for a person that they are done. */
  #wanted: (() => void) | null = null
  #attempt: Promise<SignedIn> | null = null
  #lastRefresh: LastRefresh | null = null
  /** On the monotonic clock. */
  #nextRefresh: number | null = null

  constructor(core: SessionCore, profile: Pick<SiteProfile, 'kind' | 'refresh'>) {
    this.#core = core
    this.#profile = profile
  }

  /** As far as is known: the site may have ended the login since. */
  get holds(): boolean {
    return this.#holds
  }

  /** The sign-in under way, for whoever comes meanwhile. */
  get attempt(): Promise<SignedIn> | null {
    return this.#attempt
  }

  /** The sign-in, or an operation, stands still until a person has helped. */
  get wantsPerson(): boolean {
    return this.#wanted !== null
  }

  get lastRefresh(): LastRefresh | null {
    return this.#lastRefresh
  }

  get nextRefreshAt(): string | null {
    const { clock, live } = this.#core
    return this.#nextRefresh === null || !live ? null : iso(clock.now() + this.#nextRefresh - clock.monotonic())
  }

  get refreshIsDue(): boolean {
    return this.#nextRefresh !== null && this.#nextRefresh <= this.#core.clock.monotonic()
  }

  attemptBegun(attempt: Promise<SignedIn>): void {
    this.#attempt = attempt
    this.#core.handle('sign-in-begun')
  }

  /** A step of the attempt, or of an operation, stops for a person, who is told this. */
  personWanted(what: string): AskedPerson {
    const { promise: gaveBack, resolve } = Promise.withResolvers<void>()
    this.#wanted = resolve
    this.#core.explain(what)
    this.#core.handle('person-wanted')
    this.#core.record('person-wanted', { what })
    return {
      gaveBack,
      end: () => {
        if (this.#wanted !== resolve) return
        this.#wanted = null
        if (!this.#core.live) return
        this.#core.explain(null)
        this.#core.handle('person-helped')
      },
    }
  }

  /** The person who was wanted has given keyboard and mouse back. */
  personGaveBack(): void {
    this.#wanted?.()
  }

  attemptFailed(reason: string): void {
    this.#attempt = null
    if (!this.#core.live) return
    this.#holds = false
    this.#core.explain(reason)
    this.#core.record('login-failed', { said: reason })
    this.#core.handle('sign-in-failed')
  }

  /** By the attempt that had begun, or by a person's own hand. */
  gained(): void {
    this.#attempt = null
    this.#holds = true
    if (this.#core.live) this.#core.explain(null)
    this.#core.handle('signed-in')
    if (!this.#core.live) return
    this.#core.record('session-ready', { hasLogin: this.#profile.kind !== 'none' })
    this.planRefresh()
  }

  /** None is due until the next is planned. */
  refreshBegun(): void {
    this.#nextRefresh = null
  }

  refreshed(ok: boolean, message: string): void {
    this.#lastRefresh = { at: iso(this.#core.clock.now()), ok, message }
  }

  planRefresh(): void {
    const { refresh } = this.#profile
    this.#nextRefresh = refresh === null ? null : this.#core.clock.monotonic() + refresh.every
  }
}
