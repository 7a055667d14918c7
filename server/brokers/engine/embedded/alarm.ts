/** One timer for everything that is due some time. */

export type SetTimer = (callback: () => void, ms: number) => () => void

/** Node's timers count up to 2^31 ms; far shorter is enough, since the alarm is set again each time. */
const longest = 3_600_000

export class Alarm {
  private set: { due: number; cancel: () => void } | null = null
  private stopped = false
  private readonly ring: () => void
  private readonly monotonic: () => number
  private readonly setTimer: SetTimer

  constructor(ring: () => void, monotonic: () => number, setTimer: SetTimer) {
    this.ring = ring
    this.monotonic = monotonic
    this.setTimer = setTimer
  }

  /** Rings at `due` or, if it was to ring sooner, then. */
  setFor(due: number): void {
    if (this.stopped || due === Infinity || (this.set !== null && this.set.due <= due)) return
    this.set?.cancel()
    const wait = Math.min(longest, Math.max(0, Math.ceil(due - this.monotonic())))
    const cancel = this.setTimer(() => {
      this.set = null
      this.ring()
    }, wait)
    this.set = { due, cancel }
  }

  stop(): void {
    this.stopped = true
    this.set?.cancel()
    this.set = null
  }
}

export function realTimer(callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, ms)
  timer.unref()
  return () => clearTimeout(timer)
}
