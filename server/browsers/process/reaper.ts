/**
 * Cleans up after a run that ended without closing its browsers. Kills only what is proven ours (the registry's process id, with the start
 * time it had and our profile directory in its command line, and whose server is gone) and removes only directories below our own.
 */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Log } from '../../log.ts'
import { processFacts } from './process-facts.ts'
import type { ProcessRegistry, RegisteredProcess } from './process-registry-store.ts'
import { removeProfile } from './profile-directory.ts'

export interface ReaperOptions {
  registry: ProcessRegistry
  profilesDir: string
  /** Profiles of this run, which are not leftovers. */
  inUse(profileDir: string): boolean
  log: Log
}

export interface Reaped {
  killed: number
  directories: number
}

export async function reapLeftovers({ registry, profilesDir, inUse, log }: ReaperOptions): Promise<Reaped> {
  const result: Reaped = { killed: 0, directories: 0 }
  const kept = new Set<string>()
  for (const row of registry.all()) {
    if (inUse(row.profileDir)) continue
    const fate = await settle(row)
    if (fate === 'another-server') {
      kept.add(basename(row.profileDir))
      continue
    }
    if (fate === 'killed') result.killed += 1
    // A data directory that was moved leaves rows that point elsewhere; what is there now is not ours.
    const ours = dirname(row.profileDir) === profilesDir
    if (!ours || (await removed(row.profileDir, log))) registry.remove(row.id)
    if (ours) result.directories += 1
  }
  // Directories without a row: of a check that was cut off, or of a registry that was lost with its database.
  for (const name of await readdir(profilesDir).catch(() => [])) {
    const directory = join(profilesDir, name)
    if (!kept.has(name) && !inUse(directory) && (await removed(directory, log))) result.directories += 1
  }
  if (result.killed > 0 || result.directories > 0) log.info(result, 'leftovers of an earlier run were removed')
  return result
}

async function settle(row: RegisteredProcess): Promise<'gone' | 'killed' | 'another-server'> {
  if (row.pid === null || row.processStartedAt === null) return 'gone'
  const facts = await processFacts(row.pid)
  if (!facts || facts.startedAt !== row.processStartedAt || !facts.commandLine.includes(`--user-data-dir=${row.profileDir}`)) return 'gone'
  // An orphan is handed to another parent. One that still has its server is that server's business; Windows never says so, but there the
  // parent's id is worth nothing once that process is gone.
  if (facts.parent === row.ownerPid && row.ownerPid !== process.pid && (await processFacts(row.ownerPid)) !== null) return 'another-server'
  try {
    process.kill(process.platform === 'win32' ? row.pid : -row.pid, 'SIGKILL')
  } catch {
    // It went by itself in this moment.
  }
  await processEnd(row.pid, row.processStartedAt)
  return 'killed'
}

/** Its directory cannot be removed while it still writes there. */
async function processEnd(pid: number, startedAt: string): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    if ((await processFacts(pid))?.startedAt !== startedAt) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function removed(directory: string, log: Log): Promise<boolean> {
  try {
    await removeProfile(directory)
    return true
  } catch (error) {
    log.warn({ directory, error: error instanceof Error ? error.message : String(error) }, 'a leftover directory could not be removed')
    return false
  }
}
