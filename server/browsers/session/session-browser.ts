/** The browser of a session: the process behind it, whether it can be driven, whether it answers, and what it takes of the machine. */
import type { RunningBrowser } from '../process/launch.ts'
import { countOomKills } from '../process/oom-kills.ts'
import type { ProcessMetrics } from '../process/process-facts.ts'
import type { SessionCore } from './session-core.ts'

export class SessionBrowser {
  readonly #core: SessionCore
  #running: RunningBrowser | null = null
  #up = false
  #metrics: ProcessMetrics | null = null
  #oomKillsBefore: number | null = null

  constructor(core: SessionCore) {
    this.#core = core
  }

  get running(): RunningBrowser | null {
    return this.#running
  }

  /** It has been started and has answered once. */
  get up(): boolean {
    return this.#up
  }

  /** It has not answered when it was last asked. */
  get silent(): boolean {
    return this.#running?.silent ?? false
  }

  /** Null until it has been measured. */
  get metrics(): ProcessMetrics | null {
    return this.#metrics
  }

  /** What `countOomKills` said when it was last measured. */
  get oomKillsBefore(): number | null {
    return this.#oomKillsBefore
  }

  started(running: RunningBrowser): void {
    this.#running = running
    this.#oomKillsBefore = countOomKills()
  }

  /** Its pages are watched: it can be driven. */
  attached(): void {
    this.#up = true
    this.#core.handle('browser-up')
  }

  measured(metrics: ProcessMetrics | null): void {
    this.#metrics = metrics
    this.#oomKillsBefore = countOomKills()
    this.#core.changed()
  }

  /** `words` say why it is in that state; null when what follows says it. */
  fellSilent(words: string | null): void {
    if (!this.#core.live || this.silent) return
    if (words !== null) this.#core.explain(words)
    this.#running?.fellSilent()
    this.#core.handle('fell-silent')
    if (words !== null) this.#core.record('not-responding', {})
  }

  /** Does nothing when it was not silent. */
  answered(): void {
    if (!this.#core.live || !this.silent) return
    this.#core.explain(null)
    this.#running?.answered()
    this.#core.handle('answered')
    this.#core.record('answered', {})
  }

  gone(): void {
    this.#running = null
    this.#core.handle('ended')
  }
}
