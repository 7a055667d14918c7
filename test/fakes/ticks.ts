/** Timers that run when the test says so, on the clock it moves. */
import type { TestClock } from './kernel.ts'

type Work = () => void | Promise<void>

export interface Ticks {
  every(ms: number, work: Work): () => void
  after(ms: number, work: Work): () => void
  /** Runs what is due by the clock, each once; resolves when what they began is done, so that the clock does not move on meanwhile. */
  run(): Promise<void>
}

export function testTicks(clock: Pick<TestClock, 'monotonic'>): Ticks {
  const waiting = new Set<{ at: number; again: number | null; work: Work }>()
  const add = (ms: number, again: number | null, work: Work): (() => void) => {
    const timer = { at: clock.monotonic() + ms, again, work }
    waiting.add(timer)
    return () => void waiting.delete(timer)
  }
  return {
    every: (ms, work) => add(ms, ms, work),
    after: (ms, work) => add(ms, null, work),
    async run() {
      const begun: (void | Promise<void>)[] = []
      for (const timer of [...waiting]) {
        if (timer.at > clock.monotonic() || !waiting.has(timer)) continue
        if (timer.again === null) waiting.delete(timer)
        else timer.at = clock.monotonic() + timer.again
        begun.push(timer.work())
      }
      await Promise.all(begun)
    },
  }
}
