/** Counts things per second over the last ten seconds. */
import type { Clock } from '../clock.ts'

const span = 10

export interface RateMeter {
  count(amount?: number): void
  perSecond(): number
}

export function createRateMeter(clock: Pick<Clock, 'monotonic'>): RateMeter {
  const counts = new Array<number>(span).fill(0)
  let second = nowInSeconds()

  function nowInSeconds(): number {
    return Math.floor(clock.monotonic() / 1_000)
  }

  /** Empties the places of the seconds that have passed since the last call. */
  function advance(): void {
    const now = nowInSeconds()
    for (let passed = Math.max(second + 1, now - span + 1); passed <= now; passed += 1) counts[passed % span] = 0
    second = now
  }

  return {
    count(amount = 1) {
      advance()
      counts[second % span] = (counts[second % span] ?? 0) + amount
    },
    perSecond() {
      advance()
      return counts.reduce((sum, count) => sum + count, 0) / span
    },
  }
}
