/** What a running server leaves in its data directory: `runtime.json` for scripts, and the lock that keeps a second server out. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { z } from 'zod'
import { diskRefusal } from '../store/disk.ts'
import { replaceFile } from '../store/files.ts'
import { OptionError } from './options.ts'

export const runtimeFileName = 'runtime.json'
export const databaseFileName = 'wheelhouse.db'
const lockFileName = 'server.lock'

const runtime = z.object({
  version: z.string(),
  pid: z.number().int(),
  control: z.object({ url: z.string(), token: z.string() }),
  apis: z.record(z.string(), z.object({ url: z.string(), state: z.string(), error: z.string().optional() })),
})
export type Runtime = z.output<typeof runtime>

/** Temp file and rename, mode 0600: a reader finds the whole file or none. */
export function writeRuntimeFile(dataDir: string, content: Runtime): void {
  replaceFile(join(dataDir, runtimeFileName), `${JSON.stringify(content, null, 2)}\n`)
}

/** What the server of this directory wrote; null when none runs, also when a killed one left its file behind. */
export function readRuntimeFile(dataDir: string): Runtime | null {
  try {
    const content = runtime.parse(JSON.parse(readFileSync(join(dataDir, runtimeFileName), 'utf8')))
    return isAlive(content.pid) ? content : null
  } catch {
    return null
  }
}

/** Removes the file, unless it is another server's. */
export function removeRuntimeFile(dataDir: string, pid: number = process.pid): void {
  const found = readRuntimeFile(dataDir)
  if (found === null || found.pid === pid) removeQuietly(join(dataDir, runtimeFileName))
}

export interface DataDirLock {
  release(): void
}

/** Referred to until they are released: one that is not is closed, and its lock ends, whenever memory is collected. */
const held = new Set<BetterSqlite3.Database>()

/**
 * Takes the data directory for this process; throws `OptionError` naming the server that has it.
 *
 * The lock is one that the system holds (an exclusive SQLite transaction), because it ends with the process however that ends. A file
 * with a pid in it would outlive a kill, and be believed once another process has that pid.
 */
export function lockDataDir(dataDir: string): DataDirLock {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unusable(dataDir, error)
  }
  const pidFile = join(dataDir, 'server.pid')
  const lock = takeLock(dataDir, pidFile)
  try {
    replaceFile(pidFile, `${process.pid}\n`)
  } catch (error) {
    // For the words of a second server alone; the lock itself holds without.
    if (diskRefusal(error, { ofFile: true }) === null) {
      lock?.close()
      throw error
    }
  }
  if (lock !== null) held.add(lock)
  return {
    release() {
      if (!lock?.open) return
      removeQuietly(pidFile)
      lock.close()
      held.delete(lock)
    },
  }
}

/** Whether a server has this directory now, whatever its files say of one that was killed. */
export function isDataDirHeld(dataDir: string): boolean {
  let lock
  try {
    // Reading waits for nobody and holds nothing: a server that starts at this moment is not in its way.
    lock = new BetterSqlite3(join(dataDir, lockFileName), { readonly: true, fileMustExist: true, timeout: 0 })
    lock.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    return isBusy(error)
  } finally {
    lock?.close()
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

/** Null where nothing can be written: there is nothing that two servers could spoil for each other either. */
function takeLock(dataDir: string, pidFile: string) {
  let lock
  try {
    // Longer than anybody takes to look whether it is held.
    lock = new BetterSqlite3(join(dataDir, lockFileName), { timeout: 200 })
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if (isBusy(error)) {
      throw new OptionError(
        `another Wheelhouse${readPid(pidFile)} is already running on ${dataDir}: stop it, or give another folder with ${byFlag}`,
      )
    }
    // A folder that was never used is a mistake of the command line; one with data in it is worth serving from.
    if (existsSync(join(dataDir, databaseFileName)) && !canWrite(dataDir)) return null
    throw unusable(dataDir, error)
  }
}

function canWrite(dataDir: string): boolean {
  try {
    accessSync(dataDir, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function readPid(pidFile: string): string {
  try {
    return ` (pid ${Number.parseInt(readFileSync(pidFile, 'utf8'), 10)})`
  } catch {
    // It has the lock, and has not come to writing its pid.
    return ''
  }
}

/** A file that cannot be removed is believed by nobody once its process is gone, and must not keep the server from stopping. */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch (error) {
    if (diskRefusal(error, { ofFile: true }) === null) throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const byFlag = '--data-dir or WHEELHOUSE_DATA_DIR'

function unusable(dataDir: string, error: unknown): OptionError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return new OptionError(`${dataDir} cannot be used as data directory (${reason}): give a folder that can be written with ${byFlag}`)
}
