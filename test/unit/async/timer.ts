import type { StartTimer } from '../../../server/async/deadline.ts'

/** A timer that rings when the test says so. */
export function handTimer(): { start: StartTimer; ring(): void; readonly running: number } {
  const running = new Set<() => void>()
  return {
    start(_ms, ring) {
      running.add(ring)
      return () => void running.delete(ring)
    },
    ring() {
      for (const ring of running) ring()
    },
    get running() {
      return running.size
    },
  }
}
