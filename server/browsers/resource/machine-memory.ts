/** How much memory the system would give now, a container's limit counted in. */
import { readFileSync } from 'node:fs'

export interface MachineMemory {
  /** Bytes that programs may have in all. */
  totalBytes: number
  /** Bytes that are free, or would be made free. */
  availableBytes: number
}

export function machineMemory(): MachineMemory {
  const machine = { totalBytes: process.constrainedMemory() || Number.POSITIVE_INFINITY, availableBytes: process.availableMemory() }
  if (process.platform !== 'linux') return machine
  const meminfo = text('/proc/meminfo')
  const whole = { totalBytes: kilobytes(meminfo, 'MemTotal'), availableBytes: kilobytes(meminfo, 'MemAvailable') }
  if (whole.totalBytes === 0) return machine
  const limit = containerLimit()
  if (limit === null || limit.totalBytes >= whole.totalBytes) return whole
  return { totalBytes: limit.totalBytes, availableBytes: Math.min(whole.availableBytes, limit.availableBytes) }
}

/** Files that the kernel would let go are not counted as used; null without a limit. */
function containerLimit(): MachineMemory | null {
  const v2 = '/sys/fs/cgroup'
  const v1 = '/sys/fs/cgroup/memory'
  for (const [limit, used, statistics, cached] of [
    [`${v2}/memory.max`, `${v2}/memory.current`, `${v2}/memory.stat`, 'inactive_file'],
    [`${v1}/memory.limit_in_bytes`, `${v1}/memory.usage_in_bytes`, `${v1}/memory.stat`, 'total_inactive_file'],
  ] as const) {
    const totalBytes = Number.parseInt(text(limit), 10)
    if (!Number.isFinite(totalBytes)) continue
    const released = Number(new RegExp(`^${cached} (\\d+)$`, 'm').exec(text(statistics))?.[1] ?? 0)
    return { totalBytes, availableBytes: Math.max(0, totalBytes - Math.max(0, Number.parseInt(text(used), 10) - released)) }
  }
  return null
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const kilobytes = (meminfo: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0) * 1_024
