/**
 * How far a start has come, as far as it is truly known: what a launcher such as `npx` says of what it fetches, counted, and the last line
 * that was written. Nothing is estimated.
 */
import { iso, type Clock } from '../../clock.ts'
import type { StartPhase, StartProgressView } from '../contract/start-progress.ts'
import { launcherOf, type Said } from './launchers.ts'

const longestLine = 200
/** A process that writes like a launcher for as long as it runs must not fill the memory; no installation has so many. */
const mostCounted = 10_000

export class StartProgress {
  readonly #clock: Clock
  readonly #redacted: (text: string) => string
  readonly #read: ((line: string) => Said | undefined) | undefined
  readonly #unit: 'package' | 'layer' | null
  readonly #since: number
  #phase: StartPhase = 'starting'
  #phaseSince: number
  readonly #steps: { phase: StartPhase; ms: number }[] = []
  #line: string | null = null
  readonly #wanted = new Set<string>()
  readonly #done = new Set<string>()

  constructor(command: string | null, { clock, redacted }: { clock: Clock; redacted: (text: string) => string }) {
    const launcher = launcherOf(command)
    this.#clock = clock
    this.#redacted = redacted
    this.#read = launcher?.read
    this.#unit = launcher?.unit ?? null
    this.#since = clock.now()
    this.#phaseSince = this.#since
  }

  /** Something is being fetched. */
  get isInstalling(): boolean {
    return this.#phase === 'finding' || this.#phase === 'downloading'
  }

  /** A line that its process, or who runs it, has written. False for one that is of no use in a log. */
  hear(line: string): boolean {
    const said = this.#read?.(line)
    if (said === undefined) {
      // Whatever fetched it is done once the server itself speaks.
      if (this.isInstalling) this.#enter('starting')
      this.#line = line
      return true
    }
    if (said.wants !== undefined && this.#wanted.size < mostCounted) this.#wanted.add(said.wants)
    if (said.has !== undefined && this.#done.size < mostCounted) this.#done.add(said.has)
    if (said.phase !== undefined && this.#phase !== 'listing') this.#enter(this.#isFetched ? 'starting' : said.phase)
    if (said.worth) this.#line = line
    return said.worth
  }

  /** It has answered; what it offers is being read. */
  listing(): void {
    this.#enter('listing')
  }

  get view(): StartProgressView {
    const counts = this.#phase === 'downloading' && this.#unit !== null
    return {
      phase: this.#phase,
      since: iso(this.#since),
      line: this.#line === null ? null : this.#redacted(this.#line).slice(0, longestLine),
      unit: counts ? this.#unit : null,
      done: counts ? this.#done.size : null,
      of: counts && this.#wanted.size >= this.#done.size ? this.#wanted.size : null,
      steps: [...this.#steps],
    }
  }

  get #isFetched(): boolean {
    return this.#wanted.size > 0 && this.#done.size === this.#wanted.size
  }

  #enter(phase: StartPhase): void {
    // Some look things up until the last of them is there.
    if (phase === this.#phase || (phase === 'finding' && this.#steps.length > 0)) return
    const now = this.#clock.now()
    const last = this.#steps.at(-1)
    if (last?.phase === phase) {
      // More is needed than it knew.
      this.#steps.pop()
      this.#phaseSince -= last.ms
      this.#phase = phase
      return
    }
    // A process that has just been made is no step that anybody waited for.
    if (this.#phase !== 'starting') this.#steps.push({ phase: this.#phase, ms: now - this.#phaseSince })
    this.#phase = phase
    this.#phaseSince = now
  }
}

export interface StartWatchParts {
  command: string | null
  clock: Clock
  redacted(text: string): string
  /** More is known, lines of a moment told together; at once the first time in a start that something has to be fetched. */
  onProgress(installs: boolean): void
}

/** Ms between two tellings: a launcher writes hundreds of lines in a second. */
const tellEvery = 300

/** Follows one start after the other. */
export class StartWatch {
  readonly #parts: StartWatchParts
  #progress: StartProgress
  #told: NodeJS.Timeout | undefined
  #installs = false

  constructor(parts: StartWatchParts) {
    this.#parts = parts
    this.#progress = new StartProgress(parts.command, parts)
  }

  get view(): StartProgressView {
    return this.#progress.view
  }

  begin(): void {
    this.#progress = new StartProgress(this.#parts.command, this.#parts)
    this.#installs = false
  }

  /** False for a line that is of no use in a log. */
  hear(line: string): boolean {
    const worth = this.#progress.hear(line)
    if (this.#progress.isInstalling && !this.#installs) {
      this.#installs = true
      this.#parts.onProgress(true)
    }
    this.#tell()
    return worth
  }

  listing(): void {
    this.#progress.listing()
    this.#tell()
  }

  #tell(): void {
    this.#told ??= setTimeout(() => {
      this.#told = undefined
      this.#parts.onProgress(false)
    }, tellEvery).unref()
  }
}
