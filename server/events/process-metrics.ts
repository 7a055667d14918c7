/** What this process uses, for the status bar. */
import type { Clock } from '../clock.ts'

/** Each call tells the CPU share since the call before; 100 is one core. */
export function createProcessMetrics(clock: Pick<Clock, 'monotonic'>): () => { cpuPercent: number; memoryBytes: number; uptime: number } {
  const started = clock.monotonic()
  let last = { at: started, usage: process.cpuUsage(), percent: 0 }
  return () => {
    const now = clock.monotonic()
    // Two readers that attach in the same moment must not measure across no time at all.
    if (now - last.at >= 200) {
      const used = process.cpuUsage(last.usage)
      const percent = (used.user + used.system) / 10 / (now - last.at)
      last = { at: now, usage: process.cpuUsage(), percent: Math.round(percent * 10) / 10 }
    }
    return { cpuPercent: last.percent, memoryBytes: process.memoryUsage.rss(), uptime: Math.round((now - started) / 1_000) }
  }
}
