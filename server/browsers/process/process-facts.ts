/** What the operating system says about processes: who they are, whose children, how much memory. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface ProcessFacts {
  /** An opaque text that differs between two processes that had the same id; compared, never computed with. */
  startedAt: string
  parent: number
  commandLine: string
}

/** Facts about one process, or `null` when there is none of this id. */
export async function processFacts(pid: number): Promise<ProcessFacts | null> {
  try {
    if (process.platform === 'linux') return await linuxFacts(pid)
    return process.platform === 'win32' ? await windowsFacts(pid) : await psFacts(pid)
  } catch {
    return null
  }
}

export interface ProcessMetrics {
  processCount: number
  memoryBytes: number
}

/**
 * Processes and memory of each root with all its descendants, in one pass over the process table. Memory on Linux is the proportional share
 * (PSS), so that pages shared by ten browsers are not counted ten times; elsewhere the resident size. A root that is gone is left out.
 */
export async function measureTrees(roots: readonly number[]): Promise<Map<number, ProcessMetrics>> {
  const rows = await processRows()
  const children = new Map<number, number[]>()
  for (const { pid, parent } of rows.values()) children.set(parent, [...(children.get(parent) ?? []), pid])
  const result = new Map<number, ProcessMetrics>()
  for (const root of roots) {
    if (!rows.has(root)) continue
    const tree = [root]
    for (let index = 0; index < tree.length; index += 1) tree.push(...(children.get(tree[index] ?? -1) ?? []))
    let memoryBytes = 0
    for (const pid of tree) memoryBytes += rows.get(pid)?.memoryBytes ?? (await proportionalMemory(pid))
    result.set(root, { processCount: tree.length, memoryBytes })
  }
  return result
}

interface ProcessRow {
  pid: number
  parent: number
  /** Null where it is read per process, because reading it for all would be dear. */
  memoryBytes: number | null
}

async function processRows(): Promise<Map<number, ProcessRow>> {
  if (process.platform === 'linux') {
    const rows = new Map<number, ProcessRow>()
    for (const name of await readdir('/proc')) {
      const pid = Number(name)
      if (!Number.isInteger(pid)) continue
      const fields = await statFields(pid).catch(() => null)
      if (fields) rows.set(pid, { pid, parent: Number(fields[1]), memoryBytes: null })
    }
    return rows
  }
  // Windows has no cheap process table; the window then shows no figure.
  if (process.platform === 'win32') return new Map()
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=,rss='])
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .map(([pid = -1, parent = -1, kilobytes = 0]) => [pid, { pid, parent, memoryBytes: kilobytes * 1_024 }]),
  )
}

async function proportionalMemory(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1_024
}

/** `/proc/<pid>/stat` after the name, which may itself hold spaces and brackets: state, parent, group, … */
async function statFields(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

async function linuxFacts(pid: number): Promise<ProcessFacts | null> {
  const [fields, commandLine, boot] = await Promise.all([
    statFields(pid),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    // Ticks since the boot repeat after the next boot.
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ])
  // A zombie has no command line any more and cannot be killed.
  if (fields[0] === 'Z') return null
  return { startedAt: `${boot.trim()}/${fields[19] ?? ''}`, parent: Number(fields[1]), commandLine: commandLine.replaceAll('\0', ' ') }
}

async function psFacts(pid: number): Promise<ProcessFacts | null> {
  const { stdout } = await run('ps', ['-ww', '-o', 'ppid=,lstart=,command=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } })
  const found = /^\s*(\d+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(stdout.trimEnd())
  return found ? { parent: Number(found[1]), startedAt: found[2] ?? '', commandLine: found[3] ?? '' } : null
}

async function windowsFacts(pid: number): Promise<ProcessFacts | null> {
  const script = `Get-CimInstance Win32_Process -Filter "ProcessId=${pid}" | Select-Object ParentProcessId,@{n='Started';e={$_.CreationDate.ToFileTimeUtc()}},CommandLine | ConvertTo-Json`
  const { stdout } = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script], { windowsHide: true })
  if (stdout.trim() === '') return null
  // The shape is that of the script above.
  const facts = JSON.parse(stdout) as { ParentProcessId: number; Started: number; CommandLine: string | null }
  return { parent: facts.ParentProcessId, startedAt: String(facts.Started), commandLine: facts.CommandLine ?? '' }
}
