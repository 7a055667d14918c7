/** Rows of the bots that no key that is here opens: counted, and removed when a person gives them up. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { pollPlace, votePlace } from '../votes/store.ts'
import { openOrNull } from './locked.ts'

/**
 * What a bot keeps beside its link, by table: the column that is sealed, what names a row, where it was sealed, and what becomes of one
 * that cannot be opened.
 */
const kept = [
  ['bot_log', 'sealed', 'number', (bot: string): string => `bots:log:${bot}`, 'DELETE FROM bot_log WHERE number = ?'],
  ['bot_known', 'sealed', 'number', (bot: string): string => `bots:known:${bot}`, 'DELETE FROM bot_known WHERE number = ?'],
  ['bot_statuses', 'sealed', 'number', (bot: string): string => `bots:status:${bot}`, 'DELETE FROM bot_statuses WHERE number = ?'],
  [
    'bot_chats',
    'name',
    'chat',
    (bot: string, chat: string): string => `bots:chat:${bot}:${chat}`,
    'UPDATE bot_chats SET name = NULL WHERE chat = ? AND user_id = ?',
  ],
  ['bot_backups', 'sealed', 'id', (_bot: string, id: string): string => `bots:backup:${id}`, 'DELETE FROM bot_backups WHERE id = ?'],
  [
    'bot_inbox',
    'sealed',
    'digest',
    (bot: string, digest: string): string => `bots:inbox:${bot}:${digest}`,
    'DELETE FROM bot_inbox WHERE digest = ? AND user_id = ?',
  ],
  ['bot_media', 'sealed', 'number', (bot: string): string => `bots:media:${bot}`, 'DELETE FROM bot_media WHERE number = ?'],
  ['bot_files', 'sealed', 'id', (_bot: string, id: string): string => `bots:file-key:${id}`, 'DELETE FROM bot_files WHERE id = ?'],
  [
    'bot_outbox',
    'sealed',
    'message_id',
    (bot: string, id: string): string => `bots:outbox:${bot}:${id}`,
    'DELETE FROM bot_outbox WHERE message_id = ? AND user_id = ?',
  ],
  [
    'bot_contacts',
    'sealed',
    'person',
    (bot: string): string => `bots:contact:${bot}`,
    'DELETE FROM bot_contacts WHERE person = ? AND user_id = ?',
  ],
  [
    'bot_polls',
    'sealed',
    'message_id',
    (bot: string, id: string): string => pollPlace(bot, id),
    'DELETE FROM bot_polls WHERE message_id = ? AND user_id = ?',
  ],
  [
    'bot_votes',
    'sealed',
    'poll_id',
    (bot: string, id: string): string => votePlace(bot, id),
    'DELETE FROM bot_votes WHERE poll_id = ? AND user_id = ?',
  ],
  ['bot_labels', 'sealed', 'label', (bot: string): string => `bots:label:${bot}`, 'DELETE FROM bot_labels WHERE label = ? AND user_id = ?'],
] as const

/** The tables of a bot in which what cannot be opened is given up. */
export const tablesGivenUp: readonly string[] = kept.map(([table]) => table)

/** Removes of a bot's messages, names and backups what no key that is here opens. */
export function removeLocked(database: Database, sealer: Sealer, userId: string): void {
  database.transaction(() => {
    for (const [table, column, name, place, removal] of kept) {
      const rows = database
        .prepare<[string], { name: string; sealed: Buffer }>(
          `SELECT ${name} AS name, ${column} AS sealed FROM ${table} WHERE user_id = ? AND ${column} IS NOT NULL`,
        )
        .all(userId)
      const remove = database.prepare(removal)
      for (const row of rows)
        if (openOrNull(sealer, row.sealed, place(userId, row.name)) === null)
          remove.run(...(removal.includes('user_id') ? [row.name, userId] : [row.name]))
    }
  })()
}

/** Backups that no key that is here opens. */
export function lockedBackups(database: Database, sealer: Sealer): number {
  const rows = database.prepare<[], { id: string; sealed: Buffer }>('SELECT id, sealed FROM bot_backups').all()
  return rows.filter(({ id, sealed }) => openOrNull(sealer, sealed, `bots:backup:${id}`) === null).length
}
