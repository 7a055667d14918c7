import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Fault } from '../../../server/fault.ts'
import { openDatabase, type Database } from '../../../server/store/database.ts'
import { migrate, versionOf } from '../../../server/store/migrate.ts'
import { migrations } from '../../../server/store/migrations/index.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

const fixtures = fileURLToPath(new URL('../../fixtures/databases/', import.meta.url))
const newest = migrations.at(-1)?.version ?? 0

function open(file: string): Database {
  const database = openDatabase(file)
  onTestFinished(() => void database.close())
  return database
}

function contents(database: Database): Record<string, unknown[]> {
  const tables = database
    .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
    .pluck()
    .all()
  return Object.fromEntries(tables.map((table) => [table, database.prepare(`SELECT * FROM "${table}" ORDER BY 1`).all()]))
}

function schema(database: Database): unknown[] {
  return database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
}

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** The row without what a later version keeps in another table, where its fixture has it as well. */
function staying(table: string, row: unknown): unknown {
  if (table !== 'bot_chats') return row
  const { timer: _moved, ...rest } = row as { timer?: number } // a row of this table
  return rest
}

describe('migrations', () => {
  test('are numbered one by one and each has its fixture', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1))
    expect(
      readdirSync(fixtures)
        .filter((name) => name.endsWith('.db'))
        .sort(),
    ).toEqual(migrations.map(({ version }) => `version-${version}.db`).sort())
  })

  test.each(migrations.map(({ version }) => version))('bring a version %i database to the newest with all its rows', (version) => {
    const file = join(temporaryFolder(), 'wheelhouse.db')
    copyFileSync(join(fixtures, `version-${version}.db`), file)
    const database = open(file)
    const before = contents(database)
    for (const rows of Object.values(before)) expect(rows.length).toBeGreaterThan(0)

    expect(migrate(database)).toMatchObject({ from: version, to: newest })

    const after = contents(database)
    for (const [table, rows] of Object.entries(before)) expect(after[table]).toMatchObject(rows.map((row) => staying(table, row)))
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
    const fresh = open(':memory:')
    migrate(fresh)
    expect(schema(database)).toEqual(schema(fresh))
  })

  test('take along after how long the messages of a chat vanish', () => {
    const file = join(temporaryFolder(), 'wheelhouse.db')
    copyFileSync(join(fixtures, 'version-22.db'), file)
    const database = open(file)
    migrate(database)
    expect(contents(database)['bot_chat_flags']).toMatchObject([{ chat: '15550100011@s.whatsapp.net', archived: 0, timer: 86_400 }])
  })

  test('keep a copy of a database that holds something, readable by the owner alone', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'wheelhouse.db')
    copyFileSync(join(fixtures, 'version-1.db'), file)
    const { copy } = migrate(open(file))

    expect(copy).toBe(join(folder, 'wheelhouse.version-1.db'))
    const kept = open(copy ?? '')
    expect(versionOf(kept)).toBe(1)
    expect(contents(kept)['users']).toEqual([
      { id: 'user_1', primary_email: 'person@example.test', credits: 100, created_at: 1767322800000 },
    ])
    expect(statSync(copy ?? '').mode & 0o777).toBe(0o600)
  })

  test('make no copy of a new database and do nothing the second time', () => {
    const folder = temporaryFolder()
    const database = open(join(folder, 'wheelhouse.db'))
    expect(migrate(database)).toEqual({ from: 0, to: newest, copy: null })
    expect(migrate(database)).toEqual({ from: newest, to: newest, copy: null })
    expect(readdirSync(folder).filter((name) => name.includes('version'))).toEqual([])
  })

  test('leave everything as it was when one of them fails', () => {
    const database = open(join(temporaryFolder(), 'wheelhouse.db'))
    migrate(database)
    const before = schema(database)
    const failing = { version: newest + 1, name: 'failing', sql: 'CREATE TABLE half (done INTEGER); INSERT INTO nowhere VALUES (1);' }

    expect(() => migrate(database, { migrations: [...migrations, failing] })).toThrow('no such table: nowhere')
    expect(schema(database)).toEqual(before)
    expect(versionOf(database)).toBe(newest)
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1)
  })

  test('are refused when they leave broken references', () => {
    const database = open(join(temporaryFolder(), 'wheelhouse.db'))
    migrate(database)
    const orphaning = { version: newest + 1, name: 'orphaning', sql: `INSERT INTO sign_ins VALUES (x'00', 'key_gone', 1, 2)` }
    expect(() => migrate(database, { migrations: [...migrations, orphaning] })).toThrow('leaves 1 broken references')
    expect(versionOf(database)).toBe(newest)
  })

  test('refuse a database that is newer than the program, and leave it alone', () => {
    const file = join(temporaryFolder(), 'wheelhouse.db')
    const database = open(file)
    database.pragma('user_version = 99')
    const error = caught(() => migrate(database))
    expect(Fault.is(error, 'database-too-new') && error.message).toMatch(
      /newer Wheelhouse \(database version 99, this program knows \d+\); update the program/,
    )
    expect(versionOf(database)).toBe(99)
  })
})

describe('opening a database', () => {
  test('makes the folder and files readable by the owner alone', () => {
    const folder = join(temporaryFolder(), 'data')
    migrate(open(join(folder, 'wheelhouse.db')))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const name of ['wheelhouse.db', 'wheelhouse.db-wal']) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600)
  })

  test('writes ahead, syncs every commit and checks references', () => {
    const database = open(join(temporaryFolder(), 'wheelhouse.db'))
    expect(['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'].map((name) => database.pragma(name, { simple: true }))).toEqual([
      'wal',
      2,
      1,
      5_000,
    ])
  })

  test('says which file is no database, and leaves it as it is', () => {
    const file = join(temporaryFolder(), 'wheelhouse.db')
    writeFileSync(file, 'this is a shopping list, and long enough to be looked at'.repeat(40))
    const before = readFileSync(file, 'utf8')
    const error = caught(() => openDatabase(file))
    expect(Fault.is(error, 'database-broken') && error.message).toContain(file)
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(existsSync(`${file}-wal`)).toBe(false)
  })
})
