/** How much memory processes hold, as Linux counts it. */
import { readFileSync } from 'node:fs'

export function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [child, ...descendants(child)])
}

export function residentBytes(pid: number): number {
  return kilobytes(`/proc/${pid}/status`, 'VmRSS')
}

/** Shared pages counted by their share. */
export function proportionalBytes(pid: number): number {
  try {
    return kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')
  } catch {
    return 0
  }
}

function kilobytes(file: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0) * 1_024
}

export function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}
