/** Timers that run when the test says so, on the clock it moves. */
import type { TestClock } from './kernel.ts'

export interface Ticks {
  every(ms: number, work: () => void): () => void
  after(ms: number, work: () => void): () => void
  /** Runs what is due by the clock, each once. */
  run(): void
}

export function testTicks(clock: Pick<TestClock, 'monotonic'>): Ticks {
  const waiting = new Set<{ at: number; again: number | null; work: () => void }>()
  const add = (ms: number, again: number | null, work: () => void): (() => void) => {
    const timer = { at: clock.monotonic() + ms, again, work }
    waiting.add(timer)
    return () => void waiting.delete(timer)
  }
  return {
    every: (ms, work) => add(ms, ms, work),
    after: (ms, work) => add(ms, null, work),
    run() {
      for (const timer of [...waiting]) {
        if (timer.at > clock.monotonic() || !waiting.has(timer)) continue
        if (timer.again === null) waiting.delete(timer)
        else timer.at = clock.monotonic() + timer.again
        timer.work()
      }
    },
  }
}
