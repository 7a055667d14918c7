/**
 * What each browser of this run has on disk: its profile directory, and its row in the process registry, which outlives a crash of ours.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { processFacts } from './process-facts.ts'
import type { ProcessRegistry } from './process-registry-store.ts'
import { removeProfile } from './profile-directory.ts'

export interface RecordsOptions {
  registry: ProcessRegistry
  profilesDir: string
  clock: Clock
  log: Log
}

export class BrowserRecords {
  readonly #options: RecordsOptions
  /** By row. */
  readonly #profileDirs = new Map<string, string>()

  constructor(options: RecordsOptions) {
    this.#options = options
  }

  /** The directory for a browser that is about to start; the row stands before it is made, so that no directory is ever unaccounted for. */
  open(row: string): string {
    const { registry, profilesDir, clock } = this.#options
    const profileDir = join(profilesDir, randomBytes(8).toString('hex'))
    this.#profileDirs.set(row, profileDir)
    registry.add(row, profileDir, process.pid, clock.now())
    return profileDir
  }

  /** Its process runs. Beside the browser's own start, which takes longer. */
  started(row: string, pid: number): void {
    const { registry, log } = this.#options
    processFacts(pid)
      .then((facts) => registry.started(row, pid, facts?.startedAt ?? null))
      .catch((error: unknown) => log.warn({ error: String(error) }, 'a browser could not be noted in the process registry'))
  }

  /** It has ended: what it had is removed. */
  async close(row: string): Promise<void> {
    const { registry, log } = this.#options
    try {
      const profileDir = this.#profileDirs.get(row)
      if (profileDir !== undefined) await removeProfile(profileDir)
      registry.remove(row)
    } catch (error) {
      log.warn({ row, error: String(error) }, 'a profile could not be removed; the next start tries again')
    }
    this.#profileDirs.delete(row)
  }

  /** It would not end: its row stays, and the next start sees to it. */
  leave(row: string): void {
    this.#profileDirs.delete(row)
  }

  /** True while a browser of this run uses the directory. */
  has(profileDir: string): boolean {
    return [...this.#profileDirs.values()].includes(profileDir)
  }
}
