/** Two chats that turn out to be one person's become one: its log, its names, what is unread, and what waits to be sent. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { openOrNull } from '../locked/locked.ts'

/** Under which the name of a chat is sealed. */
export const namePlace = (userId: string, chat: string): string => `bots:chat:${userId}:${chat}`

/** Puts what is of the chat `from` into the chat `to`; true when there was something. Within a transaction. */
export function createMerger(database: Database, sealer: Sealer): (userId: string, from: string, to: string) => boolean {
  const chat = database.prepare<[string, string], { name: Buffer | null; readNumber: number }>(
    'SELECT name, read_number AS readNumber FROM bot_chats WHERE user_id = ? AND chat = ?',
  )
  const put = database.prepare(
    `INSERT INTO bot_chats (user_id, chat, name, read_number) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET name = excluded.name, read_number = excluded.read_number`,
  )
  const removeChat = database.prepare('DELETE FROM bot_chats WHERE user_id = ? AND chat = ?')
  const firstUnread = database
    .prepare<[string, string, number], number | null>(
      'SELECT min(number) FROM bot_log WHERE user_id = ? AND chat = ? AND from_me = 0 AND number > ?',
    )
    .pluck()
  const moveLog = database.prepare('UPDATE OR IGNORE bot_log SET chat = ? WHERE user_id = ? AND chat = ?')
  const moveKnown = database.prepare('UPDATE OR IGNORE bot_known SET chat = ? WHERE user_id = ? AND chat = ?')
  // The same message under both ids.
  const removeLog = database.prepare('DELETE FROM bot_log WHERE user_id = ? AND chat = ?')
  const moveOutbox = database.prepare('UPDATE bot_outbox SET chat = ? WHERE user_id = ? AND chat = ?')

  // How the chat is sorted, its calls, and the person themselves: what is known of the number already is right.
  const moves = [
    ...['bot_chat_flags', 'bot_label_uses', 'bot_stars', 'bot_calls'].map((table) => ['chat', table] as const),
    ['person', 'bot_calls'] as const,
    ['person', 'bot_contacts'] as const,
  ].map(([column, table]) => ({
    move: database.prepare(`UPDATE OR IGNORE ${table} SET ${column} = ? WHERE user_id = ? AND ${column} = ?`),
    remove: database.prepare(`DELETE FROM ${table} WHERE user_id = ? AND ${column} = ?`),
  }))

  const nameOf = (userId: string, id: string, name: Buffer | null): string | null =>
    name === null ? null : openOrNull(sealer, name, namePlace(userId, id))

  function mergeChats(userId: string, from: string, to: string): boolean {
    const [old, kept] = [chat.get(userId, from), chat.get(userId, to)]
    if (old === undefined) return false
    const name = (kept === undefined ? null : nameOf(userId, to, kept.name)) ?? nameOf(userId, from, old.name)
    const unread = [
      firstUnread.get(userId, from, old.readNumber) ?? Infinity,
      firstUnread.get(userId, to, kept?.readNumber ?? 0) ?? Infinity,
    ]
    // What nobody has seen stays unread, though something of the other chat that came after it was seen.
    const readNumber = Math.min(Math.max(old.readNumber, kept?.readNumber ?? 0), Math.min(...unread) - 1)
    put.run(userId, to, name === null ? null : sealer.seal(name, namePlace(userId, to)), readNumber)
    carryTimer.run({ user: userId, from, to })
    removeChat.run(userId, from)
    return true
  }

  const carryTimer = database.prepare(
    `UPDATE bot_chats SET timer = max(timer, (SELECT timer FROM bot_chats WHERE user_id = @user AND chat = @from))
      WHERE user_id = @user AND chat = @to`,
  )
  const move = [
    'UPDATE OR IGNORE bot_media SET chat = @to WHERE user_id = @user AND chat = @from',
    'UPDATE OR IGNORE bot_polls SET chat = @to WHERE user_id = @user AND chat = @from',
    'UPDATE OR REPLACE bot_votes SET chat = @to WHERE user_id = @user AND chat = @from',
    'UPDATE OR REPLACE bot_votes SET voter = @to WHERE user_id = @user AND voter = @from',
  ].map((sql) => database.prepare<[{ user: string; from: string; to: string }]>(sql))

  return (userId, from, to) => {
    for (const { move, remove } of moves) {
      move.run(to, userId, from)
      remove.run(userId, from)
    }
    const wasChat = mergeChats(userId, from, to)
    moveKnown.run(to, userId, from)
    for (const each of move) each.run({ user: userId, from, to })
    const waiting = moveOutbox.run(to, userId, from).changes
    const logged = moveLog.run(to, userId, from).changes + removeLog.run(userId, from).changes
    return wasChat || waiting > 0 || logged > 0
  }
}
