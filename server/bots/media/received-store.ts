/** The table of files that came with messages: where each is at WhatsApp, sealed, and what has become of it here. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import type { MediaKeys } from '../engine/media-keys.ts'
import { statusChat } from '../engine/status.ts'
import { openOrNull } from '../locked/locked.ts'

/**
 * - `waiting`: not here; it is fetched, by itself or when it is asked for.
 * - `kept`: here. `gone`: neither WhatsApp nor the phone has it any more. `refused`: it is not what was sent, or too large.
 */
export type MediaState = 'waiting' | 'kept' | 'gone' | 'refused'

export interface Received {
  number: number
  chat: string
  messageId: string
  at: number
  state: MediaState
  /** Why it is not here. */
  problem: string | null
  /** Bytes; as the sender says while it is not here, null where nobody says. */
  size: number | null
  file: string | null
  tries: number
  /** Null when it is fetched on demand only. */
  nextAt: number | null
}

/** What a message's file is called, with what it takes to read it. */
export type ReceivedFile = Received & { keys: MediaKeys; fromMe: boolean; author: string }

export type NewReceived = Pick<Received, 'chat' | 'messageId' | 'at' | 'state' | 'problem' | 'nextAt'> & Sealed

interface Sealed {
  keys: MediaKeys
  fromMe: boolean
  author: string
}

type Settled = Pick<Received, 'state' | 'problem' | 'size' | 'file' | 'tries' | 'nextAt'>
type Row = Received & { sealed: Buffer }

export type ReceivedStore = ReturnType<typeof createReceivedStore>

export function createReceivedStore(database: Database, sealer: Sealer) {
  const columns = 'number, chat, message_id AS messageId, at, state, problem, size, file, tries, next_at AS nextAt'
  const insert = database.prepare(
    `INSERT INTO bot_media (user_id, chat, message_id, at, state, problem, size, next_at, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`,
  )
  const one = database.prepare<[string, string, string], Row>(
    `SELECT ${columns}, sealed FROM bot_media WHERE user_id = ? AND chat = ? AND message_id = ?`,
  )
  const next = database.prepare<[string, number], Row>(
    `SELECT ${columns}, sealed FROM bot_media WHERE user_id = ? AND next_at <= ? ORDER BY next_at, number LIMIT 8`,
  )
  const nextAt = database.prepare<[string], number | null>('SELECT min(next_at) FROM bot_media WHERE user_id = ?').pluck()
  const settle = database.prepare(
    'UPDATE bot_media SET state = ?, problem = ?, size = coalesce(?, size), file = ?, tries = ?, next_at = ? WHERE number = ?',
  )
  const reseal = database.prepare('UPDATE bot_media SET sealed = ? WHERE number = ?')
  const forget = "UPDATE bot_media SET state = 'waiting', file = NULL, problem = ?, next_at = NULL WHERE"
  const drop = database.prepare(`${forget} number = ?`)
  const dropOlder = database.prepare(
    `${forget} user_id = ? AND file IN (SELECT id FROM bot_files WHERE user_id = ? AND expires_at IS NULL AND created_at < ?)`,
  )
  const kept = database.prepare<[string], number>('SELECT total(size) FROM bot_media WHERE user_id = ? AND file IS NOT NULL').pluck()
  const oldest = database.prepare<[string, number], { number: number; size: number }>(
    'SELECT number, size FROM bot_media WHERE user_id = ? AND file IS NOT NULL AND number <> ? ORDER BY at, number',
  )
  const removeOld = database.prepare('DELETE FROM bot_media WHERE user_id = ? AND at < ? AND file IS NULL')
  const removeOldStatuses = database.prepare('DELETE FROM bot_media WHERE chat = ? AND at < ?')
  const removeOne = database.prepare('DELETE FROM bot_media WHERE user_id = ? AND chat = ? AND message_id = ?')
  const removeChat = database.prepare('DELETE FROM bot_media WHERE user_id = ? AND chat = ?')
  const removeAll = database.prepare('DELETE FROM bot_media WHERE user_id = ? AND chat <> ?')

  const place = (userId: string): string => `bots:media:${userId}`
  const opened = (userId: string, { sealed, ...row }: Row): ReceivedFile | null => {
    const text = openOrNull(sealer, sealed, place(userId))
    return text === null ? null : { ...row, ...(JSON.parse(text) as Sealed) } // sealed by `add` or `move`
  }

  return {
    add(userId: string, { chat, messageId, at, state, problem, nextAt: first, ...sealed }: NewReceived): void {
      const text = sealer.seal(JSON.stringify(sealed), place(userId))
      quickly(database, () => insert.run(userId, chat, messageId, at, state, problem, sealed.keys.size, first, text))
    },
    facts: (userId: string, chat: string, messageId: string): Received | undefined => one.get(userId, chat, messageId),
    /** Null too when no key that is here opens it. */
    find(userId: string, chat: string, messageId: string): ReceivedFile | null {
      const row = one.get(userId, chat, messageId)
      return row === undefined ? null : opened(userId, row)
    },
    /** Some of those whose time has come, the longest due first. */
    due: (userId: string, now: number): ReceivedFile[] => next.all(userId, now).flatMap((row) => opened(userId, row) ?? []),
    nextAt: (userId: string): number | null => nextAt.get(userId) ?? null,
    /** False when there is no such row any more. */
    settle: (number: number, { state, problem, size, file, tries, nextAt: later }: Settled): boolean =>
      settle.run(state, problem, size, file, tries, later, number).changes > 0,
    /** It lies elsewhere at WhatsApp now. */
    move(userId: string, number: number, sealed: Sealed): void {
      reseal.run(sealer.seal(JSON.stringify(sealed), place(userId)), number)
    },
    keptBytes: (userId: string): number => kept.get(userId) ?? 0,
    /** Forgets the oldest files until at most so many bytes are kept, and not this one; true when it has forgotten some. */
    makeRoom(userId: string, most: number, except: number): boolean {
      const all = kept.get(userId) ?? 0
      let bytes = all
      for (const { number, size } of bytes <= most ? [] : oldest.all(userId, except)) {
        if (bytes <= most) break
        drop.run('It was removed to make room', number)
        bytes -= size
      }
      return bytes < all
    },
    /** Forgets files that were kept before, and what belongs to messages of so long ago. */
    trim(userId: string, { filesBefore, messagesBefore }: { filesBefore: number; messagesBefore: number }): void {
      dropOlder.run('Its time here was over', userId, userId, filesBefore)
      removeOld.run(userId, messagesBefore)
    },
    /** Of all bots, with their files. */
    trimStatuses: (before: number): void => void removeOldStatuses.run(statusChat, before),
    /** Of one message, of a chat, or of all chats of a bot. */
    remove(userId: string, chat: string | null = null, messageId: string | null = null): void {
      if (chat === null) removeAll.run(userId, statusChat)
      else if (messageId === null) removeChat.run(userId, chat)
      else removeOne.run(userId, chat, messageId)
    },
  }
}
