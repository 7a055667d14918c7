/** Two chats that turn out to be one person's become one: its log, its names, what is unread, and what waits to be sent. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { openOrNull } from '../locked/locked.ts'

/** Whoever adds a table with a column for chats joins it here: those that messages fill, what belongs to them first, and others. */
const ofMessages = ['bot_media', 'bot_known', 'bot_polls', 'bot_votes', 'bot_log'] as const
const ofAnyChat = ['bot_outbox', 'bot_chat_flags', 'bot_label_uses', 'bot_stars', 'bot_calls'] as const

/** All that move; `bot_chats` itself is put together. */
export const tablesMerged: readonly string[] = [...ofMessages, ...ofAnyChat, 'bot_chats']

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
  const carryTimer = database.prepare(
    `UPDATE bot_chat_flags
      SET timer = max(timer, coalesce((SELECT timer FROM bot_chat_flags WHERE user_id = @user AND chat = @from), 0))
      WHERE user_id = @user AND chat = @to`,
  )
  const removeChat = database.prepare('DELETE FROM bot_chats WHERE user_id = ? AND chat = ?')
  const firstUnread = database
    .prepare<[string, string, number], number | null>(
      'SELECT min(number) FROM bot_log WHERE user_id = ? AND chat = ? AND from_me = 0 AND number > ?',
    )
    .pluck()
  const movers = (tables: readonly string[]) =>
    tables.map((table) => ({
      move: database.prepare(`UPDATE OR IGNORE ${table} SET chat = ? WHERE user_id = ? AND chat = ?`),
      // The same thing under both ids: that of the chat which stays is kept.
      remove: database.prepare(`DELETE FROM ${table} WHERE user_id = ? AND chat = ?`),
    }))
  const [always, withMessages] = [movers(ofAnyChat), movers(ofMessages)]
  const moveCaller = database.prepare('UPDATE bot_calls SET person = ? WHERE user_id = ? AND person = ?')
  const moveContact = database.prepare(
    'UPDATE OR IGNORE bot_contacts SET person = ?, lid = coalesce(?, lid) WHERE user_id = ? AND person = ?',
  )
  // Of who is known under both ids, what is known of the number is right.
  const removeContact = database.prepare('DELETE FROM bot_contacts WHERE user_id = ? AND person = ?')
  const moveVoter = database.prepare('UPDATE OR REPLACE bot_votes SET voter = ? WHERE user_id = ? AND voter = ?')
  const moveAll = (moving: typeof always, userId: string, from: string, to: string): number =>
    moving.reduce((sum, { move, remove }) => sum + move.run(to, userId, from).changes + remove.run(userId, from).changes, 0)

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
    removeChat.run(userId, from)
    return true
  }

  return (userId, from, to) => {
    carryTimer.run({ user: userId, from, to })
    const moved = moveAll(always, userId, from, to)
    moveCaller.run(to, userId, from)
    moveContact.run(to, from.endsWith('@lid') ? from : null, userId, from)
    removeContact.run(userId, from)
    moveVoter.run(to, userId, from)
    // Most pairs are of people with whom nothing was exchanged; there are tens of thousands of them in a history.
    if (!mergeChats(userId, from, to)) return moved > 0
    moveAll(withMessages, userId, from, to)
    return true
  }
}
