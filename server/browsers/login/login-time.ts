/** The time that a login may take; it stands still while a person is asked to do something. */
import { startRealTimer, type StartTimer } from '../../async/deadline.ts'

export class LoginTime {
  readonly #over = new AbortController()
  readonly #startTimer: StartTimer
  #left: number
  #since = performance.now()
  #stopTimer: (() => void) | null = null

  constructor(ms: number, startTimer = startRealTimer) {
    this.#left = ms
    this.#startTimer = startTimer
    this.resume()
  }

  /** Aborts when it is over. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  pause(): void {
    if (this.#stopTimer === null) return
    this.#stopTimer()
    this.#stopTimer = null
    this.#left = Math.max(0, this.#left - (performance.now() - this.#since))
  }

  resume(): void {
    if (this.#stopTimer !== null) return
    this.#since = performance.now()
    this.#stopTimer = this.#startTimer(this.#left, () => this.#over.abort())
  }

  stop(): void {
    this.#stopTimer?.()
    this.#stopTimer = null
  }
}
