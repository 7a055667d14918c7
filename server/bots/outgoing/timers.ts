/** After how long what is sent to a chat vanishes, as it is set there (`contacts/chats.ts`). */
import type { Database } from 'better-sqlite3'

export type Timers = ReturnType<typeof createTimers>

export function createTimers(database: Database) {
  const get = database.prepare<[string, string], number>('SELECT timer FROM bot_chat_flags WHERE user_id = ? AND chat = ?').pluck()
  return {
    /** Seconds; 0 where it stays. */
    of: (userId: string, chat: string): number => get.get(userId, chat) ?? 0,
  }
}
