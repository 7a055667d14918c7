/** What tells that a process was ended for want of memory: the system itself says nothing to whoever started it. */
import { readFileSync } from 'node:fs'

/** Processes that Linux has ended so since it started, within a container's limits as well; null where nobody counts. */
export function countOomKills(): number | null {
  try {
    const counted = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1]
    return counted === undefined ? null : Number(counted)
  } catch {
    return null
  }
}
