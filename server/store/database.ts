/** Opens the SQLite file that all rooms share. */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import BetterSqlite3, { type Database } from 'better-sqlite3'
import { KernelFault } from '../fault.ts'

/**
 * Opens `file` (`:memory:` for none), making it and its folder where needed, readable by the owner alone.
 *
 * Throws `database-broken` when the file is no SQLite database; it is left as it is. `alone`: no other process may open it meanwhile, and
 * nothing is kept beside it but the log.
 */
export function openDatabase(file: string, { alone = false }: { alone?: boolean } = {}): Database {
  if (file !== ':memory:') createPrivately(file)
  const database = new BetterSqlite3(file)
  try {
    if (alone) database.pragma('locking_mode = EXCLUSIVE')
    database.pragma('journal_mode = WAL')
    // Acknowledged means durable: FULL syncs the log with each commit, so that a power cut cannot bring back a revoked key
    // or undo a charge. NORMAL would survive only the death of the process. Writers with high rates commit in groups.
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    // Another process (a backup, a person with the sqlite3 shell) may hold the file for a moment.
    database.pragma('busy_timeout = 5000')
    // SQLite's own 2 MB would be read anew with every count of a hundred thousand rows. Taken only as the file needs it.
    database.pragma('cache_size = -65536')
    // Keeps the log from staying at the size of its largest burst.
    database.pragma('journal_size_limit = 16777216')
    // The first read opens the log: what the disk refuses of that would else be found by whoever reads first.
    database.pragma('schema_version')
    return database
  } catch (error) {
    database.close()
    if (!isBroken(error)) throw error
    throw new KernelFault('database-broken', `${file} is not a readable SQLite database; it was left as it is`, { file }, { cause: error })
  }
}

/**
 * Commits what `work` writes without waiting for the disk: the death of the process loses nothing of it, a power cut may lose what came
 * after the last ordinary commit, which takes it along. For what is many times a second and can be had again.
 */
export function quickly<Result>(database: Database, work: () => Result): Result {
  if (database.inTransaction) return work()
  // `exec`, since `pragma` makes a statement and its rows each time, which costs more than some of what is written here.
  database.exec('PRAGMA synchronous=NORMAL')
  try {
    return work()
  } finally {
    database.exec('PRAGMA synchronous=FULL')
  }
}

/** Writes so that nothing of what it replaces stays readable in the file or its log. */
export function erasing(database: Database, work: () => void): void {
  database.pragma('secure_delete = ON')
  try {
    database.transaction(work)()
    database.pragma('wal_checkpoint(TRUNCATE)')
  } finally {
    database.pragma('secure_delete = OFF')
  }
}

/** SQLite itself would create the file with the process's umask; its log files take over the file's mode. */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, 'a', 0o600))
}

function isBroken(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && (error.code === 'SQLITE_NOTADB' || error.code.startsWith('SQLITE_CORRUPT'))
}

export type { Database }
