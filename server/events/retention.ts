/** Keeps the audit trail within the age and size the settings allow. */
import type { Clock } from '../clock.ts'
import type { SettingsSource } from '../config/source.ts'
import type { Log } from '../log.ts'
import type { EventStore } from './store.ts'

const hour = 3_600_000
const day = 24 * hour
/** Deleted per turn, so that a large clean-up holds nobody up for more than a few ms. */
const chunk = 2_000

export interface Retention {
  /** Tells that events were added; every so many start a trim. */
  added(count: number): void
  trim(): Promise<void>
  stop(): void
}

export interface RetentionOptions {
  store: EventStore
  clock: Clock
  log: Log
  settings: Pick<SettingsSource, 'current'>
}

export function startRetention({ store, clock, log, settings }: RetentionOptions): Retention {
  let sinceTrim = 0
  let running: Promise<void> | undefined
  let stopped = false
  const timer = setInterval(() => void trim(), hour)
  timer.unref()
  // A desktop app may never run for a whole hour; but the start itself has better things to do.
  const first = setTimeout(() => void trim(), 60_000)
  first.unref()

  function trim(): Promise<void> {
    sinceTrim = 0
    running ??= run()
      .catch((error: unknown) => log.error({ error: String(error) }, 'the audit trail cannot be trimmed'))
      .finally(() => (running = undefined))
    return running
  }

  async function run(): Promise<void> {
    const { keepFor, keepAtMost } = settings.current().audit
    const oldest = clock.now() - keepFor * day
    await repeat((limit) => store.deleteOlder(oldest, limit), Infinity)
    if (!stopped) await repeat((limit) => store.deleteOldest(limit), store.count() - keepAtMost)
  }

  async function repeat(remove: (limit: number) => number, total: number): Promise<void> {
    for (let left = total; left > 0 && !stopped;) {
      const limit = Math.min(chunk, left)
      if (remove(limit) < limit) return
      left -= limit
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  return {
    added(count) {
      sinceTrim += count
      if (sinceTrim >= settings.current().audit.keepAtMost / 100) setImmediate(() => stopped || void trim())
    },
    trim,
    stop() {
      stopped = true
      clearInterval(timer)
      clearTimeout(first)
    },
  }
}
