/** Opens the house's database whatever its disk says: as it is, else so that what it holds can at least be read, else empty. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { KernelFault } from '../fault.ts'
import { openDatabase, type Database } from './database.ts'
import { diskRefusal, type DiskRefusal } from './disk.ts'
import { migrate } from './migrate.ts'

export interface HouseDatabase {
  database: Database
  /** What the disk said; null when all is well. */
  refusal: DiskRefusal | null
  /** With what words it said so. */
  problem: unknown
  /**
   * `all`: read and written. `readable`: what was there, and every write fails. `nothing`: an empty one in memory; nothing written to it is
   * kept.
   */
  has: 'all' | 'readable' | 'nothing'
  close(): void
}

/** Throws `database-too-new`, and what is no fault of the disk's. */
export function openHouseDatabase(file: string): HouseDatabase {
  try {
    return opened(ready(file), { refusal: null, problem: null }, 'all')
  } catch (error) {
    const refusal = diskRefusal(error, { ofFile: true })
    if (refusal === null) throw error
    return openAllTheSame(file, { refusal, problem: error })
  }
}

/** For a room whose own tables cannot be read. */
export function emptyDatabase(): Database {
  return ready(':memory:')
}

interface Refused {
  refusal: DiskRefusal | null
  problem: unknown
}

function openAllTheSame(file: string, refused: Refused): HouseDatabase {
  if (refused.refusal?.kind !== 'broken' && existsSync(file)) {
    try {
      // Without the file that processes share the log's index in, for which a full disk has no room. It can be written once there is room
      // again.
      return opened(ready(file, { alone: true }), refused, 'all')
    } catch (error) {
      if (KernelFault.is(error, 'database-too-new')) throw error
    }
    try {
      return copyOf(file, refused)
    } catch (error) {
      if (KernelFault.is(error, 'database-too-new')) throw error
    }
  }
  return opened(emptyDatabase(), refused, 'nothing')
}

/** On another disk, and with its log, which may hold what was written last. */
function copyOf(file: string, refused: Refused): HouseDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-readable-'))
  try {
    const copy = join(folder, basename(file))
    for (const part of ['', '-wal']) if (existsSync(`${file}${part}`)) copyFileSync(`${file}${part}`, `${copy}${part}`)
    const database = ready(copy)
    // Said to be stored, and gone with the next start: that is worse than refused.
    database.pragma('query_only = ON')
    return opened(database, refused, 'readable', () => rmSync(folder, { recursive: true, force: true }))
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

function ready(file: string, options?: { alone: boolean }): Database {
  const database = openDatabase(file, options)
  try {
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function opened(
  database: Database,
  { refusal, problem }: Refused,
  has: HouseDatabase['has'],
  afterwards = (): void => undefined,
): HouseDatabase {
  return {
    database,
    refusal,
    problem,
    has,
    close() {
      database.close()
      afterwards()
    },
  }
}
