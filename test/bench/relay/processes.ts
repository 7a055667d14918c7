/** What the processes of a server cost, from `/proc`: unlike calls a second it hardly depends on who else uses the machine. */
import { readdirSync, readFileSync } from 'node:fs'

/** A tick of the kernel's process times, ms; the same on every Linux that Node runs on. */
const tick = 10

interface Entry {
  pid: number
  parent: number
  /** User and system, ms. */
  cpu: number
}

/** The process and all below it. */
export function treeOf(root: number): Entry[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): Entry[] => {
      try {
        const [, fields = ''] = /\) (.*)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
        const values = fields.split(' ')
        return [{ pid: Number(name), parent: Number(values[1]), cpu: (Number(values[11]) + Number(values[12])) * tick }]
      } catch {
        // It ended while the list was read.
        return []
      }
    })
  const below = (pid: number): Entry[] => all.filter(({ parent }) => parent === pid).flatMap((entry) => [entry, ...below(entry.pid)])
  return [...all.filter(({ pid }) => pid === root), ...below(root)]
}

/** Ms of CPU that the process and all below it have used. */
export function cpuOf(root: number): number {
  return treeOf(root).reduce((sum, { cpu }) => sum + cpu, 0)
}

/** MB. */
export function residentOf(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024)
}
