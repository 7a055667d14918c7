/** When a session was last used, and whether a call waits for it without a lease. */
import type { Clock } from '../../clock.ts'

export class Usage {
  readonly #clock: Clock
  #last: { wall: number; monotonic: number }
  #holds = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#last = { wall: clock.now(), monotonic: clock.monotonic() }
  }

  /** Somebody works with it: its idle time starts anew. */
  touch(): void {
    this.#last = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() }
  }

  /** Returns what ends the hold; more than once does nothing. `ended` is called when it does. */
  hold(ended: () => void): () => void {
    this.#holds += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds -= 1
      ended()
    }
  }

  get isHeld(): boolean {
    return this.#holds > 0
  }

  /** Ms since the last use. */
  get idleFor(): number {
    return this.#clock.monotonic() - this.#last.monotonic
  }

  /** On the wall clock. */
  get lastAt(): number {
    return this.#last.wall
  }

  /** For ordering by last use; on the monotonic clock. */
  get last(): number {
    return this.#last.monotonic
  }
}
