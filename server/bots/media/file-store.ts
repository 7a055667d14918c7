/** The table of files: whose each is, how large, how long it stays. Their keys and names are sealed. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import type { Sealer } from '../../secrets/sealer.ts'
import { openOrNull } from '../locked/locked.ts'
import type { SealedFile } from './sealed-files.ts'

export interface FileFacts {
  /** As it was named by who gave it, made plain; null where nobody named it. */
  name: string | null
  /** Null where it does not say what it is. */
  mimetype: string | null
}

export interface KeptFile extends SealedFile, FileFacts {
  createdAt: number
  expiresAt: number | null
}

const sealedPart = z.object({ key: z.string(), name: z.string().nullable(), mimetype: z.string().nullable() })

export type FileStore = ReturnType<typeof createFileStore>

export function createFileStore(database: Database, sealer: Sealer) {
  const insert = database.prepare('INSERT INTO bot_files (id, user_id, size, sealed, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)')
  const one = database.prepare<[string, string], RawFile>(
    'SELECT id, size, sealed, created_at AS createdAt, expires_at AS expiresAt FROM bot_files WHERE user_id = ? AND id = ?',
  )
  const held = database.prepare<[{ user: string }], { own: number; all: number; files: number }>(
    `SELECT total(size) AS "all", total(CASE WHEN user_id = @user THEN size END) AS own,
      total(CASE WHEN user_id = @user THEN 1 END) AS files FROM bot_files WHERE expires_at IS NOT NULL`,
  )
  /** What no message waits with, and nothing received is. */
  const unneeded = database
    .prepare<[number], string>(
      `DELETE FROM bot_files WHERE
        (expires_at < ? AND id NOT IN (SELECT file FROM bot_outbox WHERE file IS NOT NULL AND status IN ('queued', 'sending')))
        OR (expires_at IS NULL AND id NOT IN (SELECT file FROM bot_media WHERE file IS NOT NULL))
      RETURNING id`,
    )
    .pluck()
  const ids = database.prepare<[], string>('SELECT id FROM bot_files').pluck()
  const place = (id: string): string => `bots:file-key:${id}`

  return {
    add(userId: string, { id, key, size, name, mimetype, createdAt, expiresAt }: KeptFile): void {
      const facts: z.output<typeof sealedPart> = { key, name, mimetype }
      insert.run(id, userId, size, sealer.seal(JSON.stringify(facts), place(id)), createdAt, expiresAt)
    },
    /** Undefined too when no key that is here opens it. */
    find(userId: string, id: string): KeptFile | undefined {
      const row = one.get(userId, id)
      const text = row === undefined ? null : openOrNull(sealer, row.sealed, place(id))
      if (row === undefined || text === null) return undefined
      const { sealed: _, ...facts } = row
      return { ...facts, ...sealedPart.parse(JSON.parse(text)) }
    },
    /** Bytes of what was handed over to be sent: of this bot, and of all; and the number of its files. */
    held: (userId: string): { own: number; all: number; files: number } => held.get({ user: userId }) ?? { own: 0, all: 0, files: 0 },
    /** Takes out what has had its time and is needed by nothing; the ids. */
    takeUnneeded: (now: number): string[] => unneeded.all(now),
    ids: (): Set<string> => new Set(ids.all()),
  }
}

interface RawFile {
  id: string
  size: number
  sealed: Buffer
  createdAt: number
  expiresAt: number | null
}
