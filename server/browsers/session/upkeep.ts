/** What happens to sessions by the passing of time: one timer for all of them, running only while there are any. */
import type { StartTimer } from '../../async/deadline.ts'
import type { Clock } from '../../clock.ts'
import { contained, escape, type Scope } from '../../isolation.ts'
import { measureTrees } from '../process/process-facts.ts'
import type { Session } from './session.ts'

/** Ms; tests hurry. */
export interface UpkeepPace {
  /** Between two checks. */
  tick?: number
  /** Between two questions whether a browser still answers. */
  pingEvery?: number
  /** For its answer. */
  pingTimeout?: number
}

export interface UpkeepOptions extends UpkeepPace {
  clock: Clock
  sessions(): Session[]
  /** In ms. */
  idleTimeout(): number
  endIdle(session: Session): void
  refresh(session: Session): void
  /** Looks whether there is something new to keep of it. */
  keep(session: Session): void
  /** To which what happens on behalf of a session belongs. */
  scope(session: Session): Scope
  /** For the answers. */
  startTimer: StartTimer
}

/** Ms between two measurements of one session's memory. */
const measureEvery = 30_000

export class Upkeep {
  readonly #options: Required<UpkeepOptions>
  readonly #asked = new WeakMap<Session, number>()
  readonly #asking = new WeakSet<Session>()
  readonly #measured = new WeakMap<Session, number>()
  #timer: NodeJS.Timeout | null = null
  #measuring = false

  constructor(options: UpkeepOptions) {
    this.#options = { tick: 1_000, pingEvery: 5_000, pingTimeout: 3_000, ...options }
  }

  /** To be called when a session is made; it stops by itself with the last one. */
  wake(): void {
    this.#timer ??= setInterval(() => this.check(), this.#options.tick).unref()
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  /** Sees to every session once. */
  check(): void {
    const sessions = this.#options.sessions()
    if (sessions.length === 0) return this.stop()
    for (const session of sessions) contained(this.#options.scope(session), () => this.#checkOne(session))()
    this.#measure(sessions).catch(escape)
  }

  #checkOne(session: Session): void {
    const { idleTimeout, endIdle, refresh, keep } = this.#options
    session.leases.expire()
    if (session.atRest && session.usage.idleFor >= session.idleTimeout(idleTimeout())) return endIdle(session)
    if (session.mayRefresh && session.login.holds && !session.browser.silent && session.login.refreshIsDue) refresh(session)
    this.#ask(session)
    keep(session)
  }

  #ask(session: Session): void {
    const { clock, pingEvery, pingTimeout, startTimer } = this.#options
    if (
      session.state === 'starting' ||
      this.#asking.has(session) ||
      clock.monotonic() - (this.#asked.get(session) ?? session.usage.last) < pingEvery
    )
      return
    this.#asked.set(session, clock.monotonic())
    this.#asking.add(session)
    const stopTimer = startTimer(pingTimeout, () => session.browser.fellSilent('The browser does not answer'))
    // The answer may come long after the deadline, from a browser that was only stopped for a while.
    session.pages
      .ask()
      .then(() => session.browser.answered())
      .catch(() => {})
      .finally(() => {
        stopTimer()
        this.#asking.delete(session)
      })
  }

  /**
   * Reading the memory of a browser's nine processes costs tens of milliseconds of CPU, so it happens here and never in a request, one
   * session at a time: soon after its start and then twice a minute.
   */
  async #measure(sessions: Session[]): Promise<void> {
    const now = this.#options.clock.monotonic()
    const due = sessions
      .filter(({ browser, state }) => browser.running && state !== 'starting')
      .sort((a, b) => this.#measuredAt(a) - this.#measuredAt(b))[0]
    const pid = due?.browser.running?.pid
    if (this.#measuring || !due || pid === undefined || now - this.#measuredAt(due) < measureEvery) return
    this.#measuring = true
    this.#measured.set(due, now)
    try {
      due.browser.measured((await measureTrees([pid])).get(pid) ?? null)
    } catch {
      // No figure for now; the next check tries again.
    } finally {
      this.#measuring = false
    }
  }

  #measuredAt(session: Session): number {
    return this.#measured.get(session) ?? Number.NEGATIVE_INFINITY
  }
}
