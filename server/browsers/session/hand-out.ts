/** Hands sessions out that can be used at once: logged in, with a browser that answers and a page that does. */
import { abortable } from '../../async/abortable.ts'
import { withDeadline, type StartTimer } from '../../async/deadline.ts'
import type { Fault } from '../../fault.ts'
import { BrowserFault } from '../fault.ts'
import { standingOf } from '../login/standing.ts'
import { readPageState } from '../page/page-state.ts'
import { askSession, usualPatience, type Patience } from './answering.ts'
import type { Session } from './session.ts'
import { giveUp, type Obtained, type Wanted } from './wanted.ts'

export interface HandOutParts {
  obtain(wanted: Wanted): Promise<Obtained>
  whenSignedIn(session: Session): Promise<void>
  /** In the tab, which shows the logged-in site then. */
  logInOrEnd(session: Session): Promise<void>
  /** The same, for a session whose site asks for a login for the reason `why`. */
  signInAgain(session: Session, why: string): Promise<unknown>
  endSilent(session: Session, words: string): void
  /** Resolves when something has changed about any session. */
  nextChange(): Promise<void>
}

export interface HandOutLimits {
  patience?: Patience
  /** Measures them; a real timer when left out. */
  startTimer?: StartTimer
}

/** Ms for a new page in the place of one that hangs. */
const replaceWithin = 10_000

export class HandOut {
  readonly #parts: HandOutParts
  readonly #limits: HandOutLimits

  constructor(parts: HandOutParts, limits: HandOutLimits = {}) {
    this.#parts = parts
    this.#limits = limits
  }

  /**
   * The session of these credentials, logged in and seen to answer; one that does not is ended and replaced by a fresh one, once. Throws
   * what `obtain` and `whenSignedIn` throw, and `browser-silent`. Nothing is held or leased then.
   */
  async ready(wanted: Wanted): Promise<Obtained> {
    for (let again = false; ; again = true) {
      const obtained = await this.#parts.obtain(wanted)
      try {
        await this.unlessSilent(obtained.session, this.#parts.whenSignedIn(obtained.session))
        if (!obtained.isNew) {
          await this.makeAnswer(obtained.session, { page: true })
          await this.unlessSilent(obtained.session, this.#makeLoggedIn(obtained))
        }
        return obtained
      } catch (error) {
        giveUp(obtained)
        if (BrowserFault.is(error, 'browser-silent')) this.#endSilent(obtained.session, error)
        // It was woken by its id alone, and these credentials came too late for that.
        if (!again && !obtained.isNew && BrowserFault.is(error, 'login-expired')) continue
        // Also one that another caller has given up, or that died while this one asked.
        if (again || obtained.session.endReason !== 'crashed' || (obtained.isNew && !BrowserFault.is(error, 'browser-silent'))) throw error
      }
    }
  }

  /**
   * Resolves when the browser has answered, and the page in front, where that is needed; a page that does not is replaced. Throws
   * `browser-silent`.
   */
  async makeAnswer(session: Session, { page }: { page: boolean }): Promise<void> {
    const answer = await askSession(session, this.#limits.patience ?? usualPatience, { page, startTimer: this.#limits.startTimer })
    if (answer === 'answers') return
    if (answer === 'browser-silent') throw new BrowserFault('browser-silent', 'The browser does not answer')
    if (session.control.holder !== null) throw new BrowserFault('browser-silent', 'The page in front does not answer')
    await this.unlessSilent(session, this.#replacePage(session))
  }

  /** What `work` comes to, or `browser-silent` when the browser stops answering meanwhile. */
  async unlessSilent<Result>(session: Session, work: Promise<Result>): Promise<Result> {
    const done = work.then((result) => ({ result }))
    for (;;) {
      if (session.live && session.browser.silent) {
        done.catch(() => {})
        throw new BrowserFault('browser-silent', 'The browser does not answer')
      }
      const outcome = await Promise.race([done, this.#parts.nextChange()])
      if (outcome !== undefined) return outcome.result
    }
  }

  /**
   * A tab that shows the login form is no logged-in session, whatever was true at the last refresh. One in which somebody works is left to
   * them.
   */
  async #makeLoggedIn({ session, lease }: Obtained): Promise<void> {
    const page = session.pages.active()?.page
    const isDriven = session.control.holder !== null || session.clients.count > 0
    const othersUse = isDriven || session.leases.list().some(({ id }) => id !== lease?.id)
    if (page === undefined || othersUse) return
    const shown = await abortable(readPageState(page, session.profile), session.life)
    if (shown === null) return
    const { login, certain, why } = standingOf(session.profile, shown, { status: () => null, refused: () => null })
    if (login === 'gone' && certain) await this.#parts.signInAgain(session, why)
  }

  /** A login lives in the browser, not in the page: the fresh page finds it there. */
  async #replacePage(session: Session): Promise<void> {
    const hung = session.pages.active()
    if (hung === null) throw new BrowserFault('browser-silent', 'The session has no page')
    session.record('page-replaced', {})
    await withDeadline(
      replaceWithin,
      session.life,
      (signal) => abortable(session.pages.replace(hung.id), signal),
      () => new BrowserFault('browser-silent', 'The browser does not open a page'),
      this.#limits.startTimer,
    )
    await this.#parts.logInOrEnd(session)
  }

  /** Ends a session whose browser does not answer, unless somebody else has work in it. Throws, in words that say so, when somebody has. */
  #endSilent(session: Session, silence: Fault): void {
    if (!session.live) return
    const [lease] = session.leases.list()
    const user = session.control.holder === null ? (lease?.holder ?? session.clients.first ?? undefined) : 'a person'
    if (user !== undefined) throw new BrowserFault('browser-silent', `${silence.message}, and ${user} is using this session`)
    // What does not answer is not asked to close either.
    session.browser.fellSilent(null)
    this.#parts.endSilent(session, silence.message)
  }
}
