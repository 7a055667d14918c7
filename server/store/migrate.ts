/** Brings a database to the version this program is written for. */
import { chmodSync, renameSync, rmSync } from 'node:fs'
import { join, parse } from 'node:path'
import type { Database } from 'better-sqlite3'
import { type Fault, KernelFault } from '../fault.ts'
import { migrations as all, type Migration } from './migrations/index.ts'

export interface MigrateOptions {
  migrations?: readonly Migration[]
  /** Stops at this version; for making fixtures of old versions. */
  to?: number
}

export interface Migrated {
  from: number
  to: number
  /** The copy of the database as it was before, null when there was nothing to keep. */
  copy: string | null
}

/**
 * Runs the missing migrations, each in a transaction of its own. A database that holds something is first copied beside itself
 * as `NAME.version-N.db`, so that a bad migration costs nobody their data.
 *
 * Throws `database-too-new` when the file was written by a newer program.
 */
export function migrate(database: Database, { migrations = all, to = newest(migrations) }: MigrateOptions = {}): Migrated {
  const from = versionOf(database)
  if (from > newest(migrations)) throw tooNew(database, from, newest(migrations))
  const missing = migrations.filter(({ version }) => version > from && version <= to)
  if (missing.length === 0) return { from, to: from, copy: null }

  const copy = from > 0 && !database.memory ? keepCopy(database, from) : null
  for (const migration of missing) apply(database, migration)
  return { from, to: versionOf(database), copy }
}

/** The version the file says it has; 0 for a new one. */
export function versionOf(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }))
}

function newest(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0
}

function tooNew(database: Database, version: number, known: number): Fault {
  const versions = `database version ${version}, this program knows ${known}`
  const message = `${database.name} was written by a newer Wheelhouse (${versions}); update the program or use another data directory`
  return new KernelFault('database-too-new', message, { file: database.name, version, known })
}

function apply(database: Database, { version, name, sql }: Migration): void {
  // A migration that rebuilds a table drops the old one, which foreign keys would forbid; they are checked before the commit instead.
  database.pragma('foreign_keys = OFF')
  try {
    database
      .transaction(() => {
        database.exec(sql)
        const broken = database.pragma('foreign_key_check')
        if (Array.isArray(broken) && broken.length > 0)
          throw new Error(`migration ${version} (${name}) leaves ${broken.length} broken references`)
        database.pragma(`user_version = ${version}`)
      })
      .immediate()
  } finally {
    database.pragma('foreign_keys = ON')
  }
}

/** VACUUM INTO reads through the log too, which copying the file would miss. */
function keepCopy(database: Database, version: number): string {
  const { dir, name } = parse(database.name)
  const copy = join(dir, `${name}.version-${version}.db`)
  const unfinished = `${copy}.tmp`
  rmSync(unfinished, { force: true })
  database.prepare('VACUUM INTO ?').run(unfinished)
  chmodSync(unfinished, 0o600)
  renameSync(unfinished, copy)
  return copy
}
