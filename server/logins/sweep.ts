/** Removes what was over long ago, and keeps the count the overview shows. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Policy } from './policy.ts'
import type { SessionStore } from './session-store.ts'

export interface Sweep {
  start(): void
  /** Wall clock. */
  nextAt(): number
  /** How many sessions are live, as counted a moment ago; an idle limit is not looked at where that would cost much. */
  live(): number
  stop(): void
}

/** Ms between two counts at the least; where counting takes long (many sessions and an idle limit), a hundred times what it took. */
const countEvery = 1_000
const countShare = 100

export function startSweep({ store, policy, clock, log, changed }: { store: SessionStore; policy(): Policy; clock: Clock; log: Pick<Log, 'warn'>; changed(): void }): Sweep {
  let live = 0
  let nextAt = clock.now()
  let sweepTimer: NodeJS.Timeout | undefined
  let countTimer: NodeJS.Timeout | undefined
  let stopped = false

  async function sweep(): Promise<void> {
    try {
      await store.removeOver(clock.now() - policy().keepEndedFor)
    } catch (error) {
      log.warn({ error: String(error) }, 'sessions that are over could not be removed')
    }
    scheduleSweep()
  }

  function scheduleSweep(): void {
    if (stopped) return
    // Node's timers take at most 2^31 ms.
    const wait = Math.min(policy().cleanupInterval, 2_147_483_647)
    nextAt = clock.now() + wait
    sweepTimer = setTimeout(() => void sweep(), wait).unref()
  }

  async function count(): Promise<void> {
    const begun = clock.monotonic()
    try {
      if (!store.state().up) return
      const before = live
      live = await store.live({ now: clock.now(), idleTimeout: policy().idleTimeout })
      if (before !== live) changed()
    } catch {
      // The store's state tells of it; the last count stands until it is back.
    } finally {
      if (!stopped) countTimer = setTimeout(() => void count(), Math.max(countEvery, (clock.monotonic() - begun) * countShare)).unref()
    }
  }

  return {
    start() {
      stopped = false
      scheduleSweep()
      void count()
    },
    nextAt: () => nextAt,
    live: () => live,
    stop() {
      stopped = true
      clearTimeout(sweepTimer)
      clearTimeout(countTimer)
    },
  }
}
