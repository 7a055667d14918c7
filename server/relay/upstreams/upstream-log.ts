/** What an upstream wrote lately and what was noted of it, without what it was given. */
import type { Clock } from '../../clock.ts'

export interface LogLine {
  at: number
  text: string
}

const keepAtMost = 500

export class UpstreamLog {
  readonly #clock: Clock
  /** What it and the libraries say may name what it was given. */
  readonly #redacted: (text: string) => string
  readonly #lines: LogLine[] = []

  constructor(clock: Clock, redacted: (text: string) => string) {
    this.#clock = clock
    this.#redacted = redacted
  }

  /** Oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines
  }

  note(text: string): void {
    this.#lines.push({ at: this.#clock.now(), text: this.#redacted(text) })
    if (this.#lines.length > keepAtMost) this.#lines.splice(0, this.#lines.length - keepAtMost)
  }
}
