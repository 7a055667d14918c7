/** Kept messages that were sent to vanish: when each of them goes. */
import type { Database } from 'better-sqlite3'

export type Vanishing = ReturnType<typeof createVanishing>

export function createVanishing(database: Database) {
  const note = database.prepare(
    `INSERT INTO bot_vanishing (number, expires_at) SELECT number, ? FROM bot_log WHERE user_id = ? AND chat = ? AND message_id = ?
      ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at`,
  )
  const forget = database.prepare(
    'DELETE FROM bot_vanishing WHERE number IN (SELECT number FROM bot_log WHERE user_id = ? AND chat = ? AND message_id = ?)',
  )
  const due = database.prepare<[number, string], { chat: string; id: string }>(
    `SELECT l.chat, l.message_id AS id FROM bot_vanishing v JOIN bot_log l ON l.number = v.number
      WHERE v.expires_at <= ? AND l.user_id = ? ORDER BY v.expires_at`,
  )
  return {
    /** Does nothing where the message is not kept. */
    note: (userId: string, chat: string, id: string, expiresAt: number): void => void note.run(expiresAt, userId, chat, id),
    /** It stays. */
    forget: (userId: string, chat: string, id: string): void => void forget.run(userId, chat, id),
    due: (userId: string, now: number): { chat: string; id: string }[] => due.all(now, userId),
  }
}
