/** After how long what is said in a chat vanishes, as it was set on a phone: each message says so, and so does each change of it. */
import type { Database } from 'better-sqlite3'
import { quickly } from '../../store/database.ts'
import type { Message } from '../engine/message.ts'
import type { Bot } from '../bot/bot.ts'
import type { Happening } from '../engine/happenings.ts'

export type Timers = ReturnType<typeof createTimers>

/** Kinds that say nothing of it. */
const mute: ReadonlySet<string> = new Set(['reaction', 'unreadable', 'other', 'album'])

export function createTimers(database: Database) {
  const get = database.prepare<[string, string], number>('SELECT timer FROM bot_chats WHERE user_id = ? AND chat = ?').pluck()
  const put = database.prepare(
    'INSERT INTO bot_chats (user_id, chat, timer) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET timer = excluded.timer',
  )

  /** Seconds; 0 where it stays. */
  const of = (userId: string, chat: string): number => get.get(userId, chat) ?? 0
  function set(userId: string, chat: string, seconds: number): void {
    if (of(userId, chat) !== seconds) quickly(database, () => put.run(userId, chat, seconds))
  }

  return {
    of,
    onMessage(userId: string, { chat, fromMe, kind, timer = 0, changes, vote }: Message): void {
      if (!fromMe && changes === undefined && vote === undefined && !mute.has(kind)) set(userId, chat, timer)
    },
    onHappening({ row }: Bot, happening: Happening): void {
      if (happening.type === 'timer') set(row.userId, happening.chat, happening.seconds)
    },
  }
}
