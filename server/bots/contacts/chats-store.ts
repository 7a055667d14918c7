/** The tables of how chats are sorted: flags, labels and stars, as all devices of the account have them. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import type { ChatFlags } from '../engine/chats.ts'
import { openOrNull } from '../locked/locked.ts'

export type Flags = Required<ChatFlags>

export interface Label {
  label: string
  name: string
  color: number
}

export const unsorted: Flags = { archived: false, pinnedAt: null, mutedUntil: null, markedUnread: false, timer: 0 }

export type ChatStore = ReturnType<typeof createChatStore>

export function createChatStore(database: Database, sealer: Sealer) {
  const flagsOf = database.prepare<[string, string], RawFlags>(
    `SELECT archived, pinned_at AS pinnedAt, muted_until AS mutedUntil, marked_unread AS markedUnread, timer
      FROM bot_chat_flags WHERE user_id = ? AND chat = ?`,
  )
  const setFlags = database.prepare(`
    INSERT INTO bot_chat_flags (user_id, chat, archived, pinned_at, muted_until, marked_unread, timer)
    VALUES (@userId, @chat, @archived, @pinnedAt, @mutedUntil, @markedUnread, @timer)
    ON CONFLICT DO UPDATE SET archived = excluded.archived, pinned_at = excluded.pinned_at, muted_until = excluded.muted_until,
      marked_unread = excluded.marked_unread, timer = excluded.timer`)
  const labels = database.prepare<[string], { label: string; color: number; sealed: Buffer }>(
    'SELECT label, color, sealed FROM bot_labels WHERE user_id = ? ORDER BY label',
  )
  const setLabel = database.prepare(`
    INSERT INTO bot_labels (user_id, label, color, sealed) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET color = excluded.color, sealed = excluded.sealed`)
  const removeLabel = database.prepare('DELETE FROM bot_labels WHERE user_id = ? AND label = ?')
  const removeUses = database.prepare('DELETE FROM bot_label_uses WHERE user_id = ? AND label = ?')
  const uses = database
    .prepare<[string, string, string], string>(
      'SELECT label FROM bot_label_uses WHERE user_id = ? AND chat = ? AND message_id = ? ORDER BY label',
    )
    .pluck()
  const use = database.prepare('INSERT INTO bot_label_uses (user_id, label, chat, message_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
  const unuse = database.prepare('DELETE FROM bot_label_uses WHERE user_id = ? AND label = ? AND chat = ? AND message_id = ?')
  const star = database.prepare('INSERT INTO bot_stars (user_id, chat, message_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
  const unstar = database.prepare('DELETE FROM bot_stars WHERE user_id = ? AND chat = ? AND message_id = ?')
  const stars = database
    .prepare<[string, string], string>('SELECT message_id FROM bot_stars WHERE user_id = ? AND chat = ? ORDER BY message_id')
    .pluck()
  const forgotten = [
    // After how long messages vanish is set for everybody in the chat, and holds when it begins anew.
    'UPDATE bot_chat_flags SET archived = 0, pinned_at = NULL, muted_until = NULL, marked_unread = 0',
    'DELETE FROM bot_label_uses',
    'DELETE FROM bot_stars',
  ].map((change) => database.prepare(`${change} WHERE user_id = ? AND chat = ?`))

  const place = (userId: string): string => `bots:label:${userId}`
  const flags = (userId: string, chat: string): Flags => {
    const row = flagsOf.get(userId, chat)
    if (row === undefined) return unsorted
    const { archived, markedUnread, mutedUntil, ...rest } = row
    return {
      ...rest,
      archived: archived === 1,
      markedUnread: markedUnread === 1,
      mutedUntil: mutedUntil === Number.MAX_SAFE_INTEGER ? Infinity : mutedUntil,
    }
  }

  return {
    flags,
    /** True when something of it was new. */
    setFlags(userId: string, chat: string, change: ChatFlags): boolean {
      const before = flags(userId, chat)
      const { archived, pinnedAt, mutedUntil, markedUnread, timer } = { ...before, ...change }
      const isSame = (Object.keys(change) as (keyof ChatFlags)[]).every((name) => before[name] === change[name]) // its own names
      if (isSame) return false
      const until = mutedUntil === Infinity ? Number.MAX_SAFE_INTEGER : mutedUntil
      const row = { archived: archived ? 1 : 0, pinnedAt, mutedUntil: until, markedUnread: markedUnread ? 1 : 0, timer }
      quickly(database, () => setFlags.run({ userId, chat, ...row }))
      return true
    },
    labels: (userId: string): Label[] =>
      labels.all(userId).map(({ sealed, ...row }) => ({ ...row, name: openOrNull(sealer, sealed, place(userId)) ?? '' })),
    setLabel: (userId: string, { label, name, color }: Label): void =>
      void quickly(database, () => setLabel.run(userId, label, color, sealer.seal(name, place(userId)))),
    removeLabel: database.transaction((userId: string, label: string) => {
      removeUses.run(userId, label)
      removeLabel.run(userId, label)
    }),
    /** Of the chat, or of one of its messages. */
    labelsOn: (userId: string, chat: string, messageId: string | null): string[] => uses.all(userId, chat, messageId ?? ''),
    /** True when that was new. */
    setUse: (userId: string, label: string, chat: string, messageId: string | null, on: boolean): boolean =>
      quickly(database, () => (on ? use : unuse).run(userId, label, chat, messageId ?? '').changes > 0),
    setStar: (userId: string, chat: string, messageId: string, on: boolean): boolean =>
      quickly(database, () => (on ? star : unstar).run(userId, chat, messageId).changes > 0),
    stars: (userId: string, chat: string): string[] => stars.all(userId, chat),
    forgetChat: database.transaction((userId: string, chat: string) => {
      for (const each of forgotten) each.run(userId, chat)
    }),
  }
}

interface RawFlags extends Omit<Flags, 'archived' | 'markedUnread'> {
  archived: number
  markedUnread: number
}

/** After how long what is sent to a chat vanishes: all of this that sending asks for. */
export function createTimers(database: Database) {
  const get = database.prepare<[string, string], number>('SELECT timer FROM bot_chat_flags WHERE user_id = ? AND chat = ?').pluck()
  return {
    /** Seconds; 0 where it stays. */
    of: (userId: string, chat: string): number => get.get(userId, chat) ?? 0,
  }
}

export type Timers = ReturnType<typeof createTimers>
