/** Brings sessions up, gets them logged in and takes them down: each once, however many ask. */
import { abortable } from '../../async/abortable.ts'
import { withDeadline } from '../../async/deadline.ts'
import { Fault } from '../../fault.ts'
import { escape, within, type Scope } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import type { EndReason } from '../contract/index.ts'
import { writtenOrigins } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import type { KeptLogins } from '../kept/kept-logins.ts'
import { logIn, type LoginTools } from '../login/login.ts'
import { wordsOf } from '../page/driver-words.ts'
import { proxyOf } from '../process/egress-proxy.ts'
import { browserScope } from '../process/scopes.ts'
import type { BrowserStarter } from '../process/starter.ts'
import type { Session } from './session.ts'

export interface RunnerOptions extends LoginTools {
  starter: Pick<BrowserStarter, 'start' | 'end'>
  kept: Pick<KeptLogins, 'ending' | 'fallAsleep'>
  log: Log
  /** The first sign-in is over, whatever it came to: nothing else wants the processor for this session. */
  onSettled(): void
  /** From now on no call may find it. `ended` settles when it has ended, where it may be woken then. */
  onEnding(session: Session, ended: Promise<void> | null): void
  onEnded(session: Session): void
}

/** Ms in which a browser that has started shows its first window. */
const attachWithin = 20_000

export class SessionRunner {
  readonly #options: RunnerOptions
  /** Settles with the opening: the browser is up. */
  readonly #openings = new WeakMap<Session, Promise<void>>()
  readonly #endings = new WeakMap<Session, Promise<void>>()

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** Opens it and signs it in, without waiting; one that is to sign in nowhere is as good as signed in. */
  begin(session: Session, { signIn = true } = {}): void {
    within(this.scope(session), () => {
      const opening = this.#open(session)
      this.#openings.set(session, opening)
      opening
        .then(() => {
          if (!session.live) return
          if (signIn) return this.logInOrEnd(session)
          session.login.gained()
        })
        // The callers are told through `whenSignedIn`; here it only must not go unheard.
        .catch(() => {})
        .finally(() => this.#options.onSettled())
    })
  }

  /** Resolves when its browser can be driven. Throws what went wrong. */
  async whenOpen(session: Session): Promise<void> {
    await this.#openings.get(session)
  }

  /** Resolves when the session is logged in, trying again when an earlier attempt failed. Throws what went wrong. */
  async whenSignedIn(session: Session): Promise<void> {
    await this.#openings.get(session)
    if (session.login.attempt) await session.login.attempt
    else if (!session.login.holds) await this.logInOrEnd(session)
    if (!session.live) throw session.life.reason
  }

  /** In the tab, which shows the logged-in site then. Ends the session when that fails, unless it waits for a person to help. */
  async logInOrEnd(session: Session): Promise<void> {
    try {
      await logIn(session, this.#options)
    } catch (error) {
      if (session.live && !session.waitsForPerson) this.endQuietly(session, 'login-failed', session.reason ?? 'The login failed')
      throw error
    }
  }

  /** What escapes in the code that drives its browser, ours or a library's, ends this session and nothing else. */
  scope(session: Session): Scope {
    return browserScope(session.id, (_, reason) => this.endQuietly(session, 'crashed', `What drives its browser failed: ${reason}`))
  }

  endQuietly(session: Session, reason: EndReason, text: string): void {
    if (this.#endings.has(session)) return
    this.end(session, reason, text).catch((error: unknown) =>
      this.#options.log.error({ session: session.id, error: String(error) }, 'a session could not be closed'),
    )
  }

  /** Ends it once; later calls share the first one's outcome. Throws `close-failed`. */
  end(session: Session, reason: EndReason, text: string, actor = 'system'): Promise<void> {
    const under = this.#endings.get(session)
    if (under) return under
    const ending = this.#takeDown(session, reason, text, actor)
    this.#endings.set(session, ending)
    return ending
  }

  async #takeDown(session: Session, reason: EndReason, text: string, actor: string): Promise<void> {
    const { kept, starter, onEnding, onEnded } = this.#options
    // All of this happens before the first await: no call can find it any more.
    const sleeps = kept.ending(session, reason)
    const { promise: over, resolve: isOver } = Promise.withResolvers<void>()
    onEnding(session, sleeps ? over : null)
    session.endBegun(reason, text, actor)

    let closed = false
    try {
      await this.#openings.get(session)?.catch(() => {})
      const asleep = sleeps && (await this.#fallAsleep(session, reason, text))
      closed = await starter.end(session)
      session.ended({ kept: asleep })
      onEnded(session)
    } finally {
      // Whoever waits for it to be over must not wait for ever.
      isOver()
    }
    if (!closed) throw new BrowserFault('close-failed', 'Failed to close browser session')
  }

  /** A disk that takes no more costs the login that would have been kept, and must not keep the browser from ending. */
  async #fallAsleep(session: Session, reason: EndReason, text: string): Promise<boolean> {
    try {
      return await this.#options.kept.fallAsleep(session, reason, text)
    } catch (error) {
      this.#options.log.warn({ session: session.id, error: String(error) }, 'the login of a session that ends could not be kept')
      return false
    }
  }

  /** Resolves when the session's browser can be driven. Throws a fault, or the reason for which the session ends. */
  async #open(session: Session): Promise<void> {
    try {
      await this.#attach(session)
    } catch (error) {
      const cause = await session.causeOf(error)
      const fault =
        cause instanceof Fault
          ? cause
          : new BrowserFault('start-failed', `The browser could not be started: ${wordsOf(cause)}`, {}, { cause })
      if (session.live) this.endQuietly(session, 'start-failed', fault.message)
      throw fault
    }
  }

  async #attach(session: Session): Promise<void> {
    const { life, profile } = session
    const browser = await this.#options.starter.start(session, this.scope(session))
    session.browser.started(browser)
    proxyOf(browser.puppeteer)?.allow(writtenOrigins(profile), (refusal) => {
      if (session.live) session.record('address-refused', { said: refusal.message })
    })
    browser.gone.then((words) => this.endQuietly(session, 'crashed', `The browser ended: ${words}`)).catch(escape)
    await session.setup.attach(browser)
    session.keeping.started(browser.puppeteer)
    const silent = (): Fault => new BrowserFault('start-failed', 'The browser started, but does not answer')
    await withDeadline(attachWithin, life, (signal) => abortable(session.pages.watch(browser.puppeteer), signal), silent)
    session.browser.attached()
  }
}
