/** One timer for everything that is due some time. */
import type { StartTimer } from '../../../async/deadline.ts'

/** Node's timers count up to 2^31 ms; far shorter is enough, since the alarm is set again each time. */
const longest = 3_600_000

export class Alarm {
  #set: { due: number; cancel: () => void } | null = null
  #stopped = false
  readonly #ring: () => void
  readonly #monotonic: () => number
  readonly #startTimer: StartTimer

  constructor(ring: () => void, monotonic: () => number, startTimer: StartTimer) {
    this.#ring = ring
    this.#monotonic = monotonic
    this.#startTimer = startTimer
  }

  /** Rings at `due` or, if it was to ring sooner, then. */
  setFor(due: number): void {
    if (this.#stopped || due === Infinity || (this.#set !== null && this.#set.due <= due)) return
    this.#set?.cancel()
    const wait = Math.min(longest, Math.max(0, Math.ceil(due - this.#monotonic())))
    const cancel = this.#startTimer(wait, () => {
      this.#set = null
      this.#ring()
    })
    this.#set = { due, cancel }
  }

  stop(): void {
    this.#stopped = true
    this.#set?.cancel()
    this.#set = null
  }
}

/** What is due in the brokers keeps no process alive by itself. */
export const startQuietTimer: StartTimer = (ms, ring) => {
  const timer = setTimeout(ring, ms)
  timer.unref()
  return () => clearTimeout(timer)
}
