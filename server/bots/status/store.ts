/** The table of statuses. What they say is sealed. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import type { Details } from '../engine/details.ts'
import { openOrNull } from '../locked/locked.ts'

export interface Status {
  id: string
  author: string
  authorName: string | null
  fromMe: boolean
  at: number
  kind: string
  text: string
  details: Details
  /** Of one that was put up through here: who was to see it. */
  audience: string[]
}

interface Row {
  id: string
  author: string
  at: number
  sealed: Buffer
}

/** Of one bot; who follows thousands of people loses the oldest first. */
const mostKept = 2_000

export type StatusStore = ReturnType<typeof createStatusStore>

export function createStatusStore(database: Database, sealer: Sealer) {
  const insert = database.prepare(
    'INSERT INTO bot_statuses (user_id, message_id, author, at, sealed) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const columns = 'message_id AS id, author, at, sealed'
  const list = database.prepare<[{ user: string; since: number; author: string | null; limit: number }], Row>(`
    SELECT ${columns} FROM bot_statuses
    WHERE user_id = @user AND at >= @since AND (@author IS NULL OR author = @author) ORDER BY at DESC, number DESC LIMIT @limit`)
  const one = database.prepare<[string, string], Row>(`SELECT ${columns} FROM bot_statuses WHERE user_id = ? AND message_id = ?`)
  const remove = database.prepare('DELETE FROM bot_statuses WHERE user_id = ? AND message_id = ?')
  const trim = database.prepare('DELETE FROM bot_statuses WHERE at < ?')
  const crop = database.prepare(
    'DELETE FROM bot_statuses WHERE user_id = @user AND number <= (SELECT number FROM bot_statuses WHERE user_id = @user ORDER BY number DESC LIMIT 1 OFFSET @most)',
  )
  const place = (userId: string): string => `bots:status:${userId}`
  const opened = (userId: string, { sealed, ...row }: Row): Status[] => {
    const text = openOrNull(sealer, sealed, place(userId))
    // Written by `add` and sealed since; without its key it is gone within a day.
    return text === null ? [] : [{ ...row, ...(JSON.parse(text) as Omit<Status, keyof Row>) }]
  }

  return {
    /** False when it is there already. */
    add(userId: string, { id, author, at, ...said }: Status): boolean {
      const { changes } = insert.run(userId, id, author, at, sealer.seal(JSON.stringify(said), place(userId)))
      crop.run({ user: userId, most: mostKept })
      return changes > 0
    },
    find: (userId: string, id: string): Status | null => {
      const row = one.get(userId, id)
      return (row === undefined ? undefined : opened(userId, row)[0]) ?? null
    },
    list: (userId: string, { since, author, limit }: { since: number; author: string | null; limit: number }): Status[] =>
      list.all({ user: userId, since, author, limit }).flatMap((row) => opened(userId, row)),
    remove: (userId: string, id: string): void => void remove.run(userId, id),
    trim: (before: number): void => void trim.run(before),
  }
}
