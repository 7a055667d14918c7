/** The trials of site profiles: one at a time in a browser, kept open for a while afterwards so that a person can look, mend and go on. */
import { iso, type Clock } from '../../clock.ts'
import { startRealTimer, type StartTimer } from '../../async/deadline.ts'
import { escape } from '../../isolation.ts'
import type { Trial } from '../contract/trial.ts'
import { BrowserFault } from '../fault.ts'
import { wordsOf } from '../page/driver-words.ts'
import type { Session } from '../session/session.ts'
import { TrialRun, type TrialRunOptions } from './trial-run.ts'

/** Ms for which a page stays open when its trial is over. */
const keptFor = 5 * 60_000
/** Trials whose pictures are kept: of one site, and of all. */
const mostOfSite = 6
const mostOfAll = 20

/** What a trial does in its session; `run` hears of all of it. Throws why it failed, and returns what it came to. */
export type TrialWork = (run: TrialRun, session: Session) => Promise<unknown>

export interface TrialWanted extends Omit<TrialRunOptions, 'before' | 'clock' | 'startTimer' | 'changed'> {
  work: TrialWork
}

interface Bench {
  session: Session
  run: TrialRun
  /** On the wall clock. */
  keptUntil: number | null
  stopTimer(): void
}

export interface TrialParts {
  clock: Clock
  /** Resolves when the browser of the session can be driven. */
  whenOpen(session: Session): Promise<void>
  close(session: Session): void
  changed(): void
  /** Of a trial that is over. */
  ended(trial: Trial, actor: string): void
  startTimer?: StartTimer
}

export class Trials {
  readonly #parts: TrialParts
  /** The latest last. */
  readonly #runs = new Map<string, TrialRun>()
  /** By session. */
  readonly #benches = new Map<Session, Bench>()

  constructor(parts: TrialParts) {
    this.#parts = parts
  }

  /** In a session of its own, in which nothing has been done yet. */
  start(session: Session, wanted: TrialWanted, actor: string): Trial {
    // A person tries one thing at a time; what they tried before makes room.
    for (const bench of this.#benches.values()) if (bench.run.site === wanted.site && bench.run.over) this.#parts.close(bench.session)
    const run = this.#run(session, wanted)
    const bench: Bench = { session, run, keptUntil: null, stopTimer: () => undefined }
    this.#benches.set(session, bench)
    session.onEnd((reason) => this.#gone(bench, reason))
    session.control.onChange(() => this.#keep(bench))
    this.#go(bench, wanted.work, actor)
    return this.#view(run)
  }

  /** In the page that the trial has left. Throws `trial-not-found`, `trial-page-gone` and `trial-runs`. */
  continue(id: string, wanted: TrialWanted, actor: string): Trial {
    const bench = this.#bench(id)
    if (!bench.run.over) throw new BrowserFault('trial-runs', 'The trial still runs')
    const run = this.#run(bench.session, { ...wanted, before: this.get(id) })
    bench.run = run
    this.#go(bench, wanted.work, actor)
    return this.#view(run)
  }

  /** Of a site, the latest first. */
  list(site: string): Trial[] {
    return [...this.#runs.values()]
      .filter((run) => run.site === site)
      .map((run) => this.#view(run))
      .toReversed()
  }

  /** Throws `trial-not-found`. */
  get(id: string): TrialRun {
    const run = this.#runs.get(id)
    if (run === undefined) throw new BrowserFault('trial-not-found', 'There is no such trial; only the last ones are kept')
    return run
  }

  /** Throws `trial-not-found`, and `trial-page-gone` when its page does not stand open any more. */
  session(id: string): Session {
    return this.#bench(id).session
  }

  /** Stops it, and closes its browser. Throws `trial-not-found`. */
  end(id: string): void {
    const run = this.get(id)
    const bench = this.#benchOf(run)
    if (bench === undefined) return
    run.stopped('Stopped by you')
    this.#parts.close(bench.session)
  }

  stop(): void {
    for (const bench of this.#benches.values()) bench.stopTimer()
    this.#benches.clear()
    this.#runs.clear()
  }

  #run({ startTimer }: Session, wanted: Omit<TrialRunOptions, 'clock' | 'startTimer' | 'changed'>): TrialRun {
    const { clock, changed } = this.#parts
    const run = new TrialRun({ ...wanted, clock, startTimer, changed })
    this.#runs.set(run.id, run)
    const ofSite = [...this.#runs.values()].filter(({ site, over }) => site === run.site && over)
    const over = [...this.#runs.values()].filter((one) => one.over)
    for (const old of [...ofSite.slice(0, -mostOfSite), ...over.slice(0, -mostOfAll)]) this.#runs.delete(old.id)
    return run
  }

  #go(bench: Bench, work: TrialWork, actor: string): void {
    const { session, run } = bench
    bench.stopTimer()
    bench.keptUntil = null
    const release = session.hold()
    const carryOut = async (): Promise<void> => {
      try {
        await this.#parts.whenOpen(session)
        const result = await work(run, session)
        await run.passed(session.pages.active()?.page ?? null, result)
      } catch (error) {
        const cause = await session.causeOf(error)
        if (!session.live) return run.stopped(session.reason ?? 'Its browser ended')
        await run.failed(cause instanceof Error ? reasonOf(cause) : String(cause), session.pages.active()?.page ?? null)
      } finally {
        release()
        session.touch()
        this.#keep(bench)
        this.#parts.ended(this.#view(run), actor)
      }
    }
    carryOut().catch(escape)
  }

  /** Counts from when nobody works on the page any more. */
  #keep(bench: Bench): void {
    const { startTimer = startRealTimer, clock, close, changed } = this.#parts
    bench.stopTimer()
    bench.stopTimer = () => undefined
    bench.keptUntil = null
    if (bench.session.live && bench.run.over && bench.session.control.holder === null) {
      bench.keptUntil = clock.now() + keptFor
      bench.stopTimer = startTimer(keptFor, () => close(bench.session))
    }
    changed()
  }

  #gone(bench: Bench, reason: string): void {
    bench.stopTimer()
    this.#benches.delete(bench.session)
    bench.run.stopped(reason)
    this.#parts.changed()
  }

  #bench(id: string): Bench {
    const bench = this.#benchOf(this.get(id))
    if (bench === undefined)
      throw new BrowserFault('trial-page-gone', 'The page of this trial does not stand open any more; try again from the start')
    return bench
  }

  #benchOf(run: TrialRun): Bench | undefined {
    return [...this.#benches.values()].find((bench) => bench.run === run)
  }

  #view(run: TrialRun): Trial {
    const bench = this.#benchOf(run)
    return run.view({ session: bench?.session.id ?? null, keptUntil: bench?.keptUntil == null ? null : iso(bench.keptUntil) })
  }
}

/** What the site said counts more than that it said no. */
function reasonOf(error: Error): string {
  if (BrowserFault.is(error, 'authentication-failed'))
    return `The site refused the login: ${String(error.details['reason'] ?? 'Invalid credentials')}`
  return wordsOf(error)
}
