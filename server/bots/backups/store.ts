/** Rows of backups; what is in them is sealed before it comes here. */
import type { Database } from 'better-sqlite3'

/** What is known of a backup without opening it. */
export interface BackupFacts {
  id: string
  createdAt: number
  /** SHA-256 of the content, hexadecimal. */
  checksum: string
  rows: number
  bytes: number
}

export interface StoredBackup {
  sealed: Buffer
  checksum: string
}

export interface BackupStore {
  /** Adds one and removes all but the newest `keep` of this bot, in one transaction. */
  add(userId: string, backup: Omit<BackupFacts, 'bytes'> & { sealed: Buffer }, keep: number): void
  /** The newest first. */
  list(userId: string): BackupFacts[]
  /** The newest one's id. */
  newest(userId: string): string | undefined
  find(userId: string, id: string): StoredBackup | undefined
}

export function createBackupStore(database: Database): BackupStore {
  const insert = database.prepare('INSERT INTO bot_backups (id, user_id, created_at, checksum, rows, sealed) VALUES (?, ?, ?, ?, ?, ?)')
  const list = database.prepare<[string], BackupFacts>(
    `SELECT id, created_at AS createdAt, checksum, rows, length(sealed) AS bytes
    FROM bot_backups WHERE user_id = ? ORDER BY created_at DESC, rowid DESC`,
  )
  const find = database.prepare<[string, string], StoredBackup>('SELECT sealed, checksum FROM bot_backups WHERE user_id = ? AND id = ?')
  const trim = database.prepare(
    `DELETE FROM bot_backups WHERE user_id = ?
      AND id NOT IN (SELECT id FROM bot_backups WHERE user_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ?)`,
  )
  const add = database.transaction<BackupStore['add']>((userId, { id, createdAt, checksum, rows, sealed }, keep) => {
    insert.run(id, userId, createdAt, checksum, rows, sealed)
    trim.run(userId, userId, keep)
  })

  return { add, list: (userId) => list.all(userId), newest: (userId) => list.get(userId)?.id, find: (userId, id) => find.get(userId, id) }
}
