/** What the system says of processes that no test has a handle of. Linux alone. */
import { readdirSync, readFileSync } from 'node:fs'

/** False for a process of which only its exit code is left. */
export function isAlive(pid: number): boolean {
  const state = stat(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** 0 when there is no such process. */
export function parentOf(pid: number): number {
  return Number(stat(pid)?.[1] ?? 0)
}

export function childrenOf(pid: number): number[] {
  return pids().filter((each) => parentOf(each) === pid)
}

/** Processes of this machine that name the text on their command line. */
export function processesNaming(text: string): number[] {
  return pids().filter((pid) => read(`/proc/${pid}/cmdline`).includes(text))
}

function pids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
}

/** Its fields after the name, which may hold blanks and brackets. */
function stat(pid: number): string[] | null {
  const text = read(`/proc/${pid}/stat`)
  return text === '' ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It ended in between.
    return ''
  }
}
