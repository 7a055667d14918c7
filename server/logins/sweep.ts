/** Removes what was over long ago, and keeps the count the overview shows. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Policy } from './policy.ts'
import type { SessionStore } from './store/session-store.ts'

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

export function startSweep({
  store,
  policy,
  clock,
  log,
  changed,
}: {
  store: SessionStore
  policy(): Policy
  clock: Clock
  log: Pick<Log, 'warn'>
  changed(): void
}): Sweep {
  let live = 0
  let nextAt = clock.now()
  let sweepTimer: NodeJS.Timeout | undefined
  let countTimer: NodeJS.Timeout | undefined
  /** Which run it is; what an earlier one left under way ends with it. */
  let current = 0

  async function sweep(run: number): Promise<void> {
    try {
      await store.removeOver(clock.now() - policy().keepEndedFor)
    } catch (error) {
      log.warn({ error: String(error) }, 'sessions that are over could not be removed')
    }
    scheduleSweep(run)
  }

  function scheduleSweep(run: number): void {
    if (run !== current) return
    // Node's timers take at most 2^31 ms.
    const wait = Math.min(policy().cleanupInterval, 2_147_483_647)
    nextAt = clock.now() + wait
    sweepTimer = setTimeout(() => void sweep(run), wait).unref()
  }

  async function count(run: number): Promise<void> {
    const begun = clock.monotonic()
    try {
      if (!store.state().up) return
      const before = live
      live = await store.live({ now: clock.now(), idleTimeout: policy().idleTimeout })
      if (before !== live) changed()
    } catch {
      // The store's state tells of it; the last count stands until it is back.
    } finally {
      if (run === current)
        countTimer = setTimeout(() => void count(run), Math.max(countEvery, (clock.monotonic() - begun) * countShare)).unref()
    }
  }

  return {
    start() {
      current += 1
      scheduleSweep(current)
      void count(current)
    },
    nextAt: () => nextAt,
    live: () => live,
    stop() {
      current += 1
      clearTimeout(sweepTimer)
      clearTimeout(countTimer)
    },
  }
}
