/** The tables of messages: each bot's queue, whom it knows, and its log where that is wanted. Contents are sealed. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../secrets/sealer.ts'
import type { Message, Progress } from './engine.ts'

export type OutboxStatus = 'queued' | 'sending' | Progress

export interface OutboxRow {
  number: number
  messageId: string
  chat: string
  kind: string
  fingerprint: string
  status: OutboxStatus
  problem: string | null
  createdAt: number
  sentAt: number | null
  updatedAt: number
}

export interface NewOutboxRow {
  messageId: string
  chat: string
  kind: string
  /** JSON of what is to be sent. */
  content: string
  idempotencyKey: string | null
  fingerprint: string
  now: number
}

export interface LoggedMessage extends Message {
  number: number
}

export interface LogQuery {
  chat?: string | undefined
  text?: string | undefined
  /** Only entries with a smaller number. */
  before?: number | undefined
  limit: number
}

/** A search opens the sealed rows one by one; this many take some 50 ms. */
const searchedAtMost = 20_000

export type MessageStore = ReturnType<typeof createMessageStore>

export function createMessageStore(database: Database, sealer: Sealer) {
  const columns = 'number, message_id AS messageId, chat, kind, fingerprint, status, problem, created_at AS createdAt, sent_at AS sentAt, updated_at AS updatedAt'
  const insert = database.prepare(`
    INSERT INTO bot_outbox (user_id, message_id, chat, kind, sealed, idempotency_key, fingerprint, status, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)`)
  const one = database.prepare<[string, string], OutboxRow>(`SELECT ${columns} FROM bot_outbox WHERE user_id = ? AND message_id = ?`)
  const byKey = database.prepare<[string, string], OutboxRow>(`SELECT ${columns} FROM bot_outbox WHERE user_id = ? AND idempotency_key = ?`)
  const next = database.prepare<[string], OutboxRow & { sealed: Buffer }>(`SELECT ${columns}, sealed FROM bot_outbox WHERE user_id = ? AND status IN ('queued', 'sending') ORDER BY number LIMIT 1`)
  const list = database.prepare<[string, number], OutboxRow>(`SELECT ${columns} FROM bot_outbox WHERE user_id = ? ORDER BY number DESC LIMIT ?`)
  const setStatus = database.prepare('UPDATE bot_outbox SET status = ?, problem = ?, updated_at = ? WHERE user_id = ? AND message_id = ?')
  const setSent = database.prepare("UPDATE bot_outbox SET status = CASE WHEN status = 'sending' THEN 'sent' ELSE status END, encoded = ?, sent_at = ?, updated_at = ? WHERE user_id = ? AND message_id = ?")
  const remove = database.prepare("DELETE FROM bot_outbox WHERE user_id = ? AND message_id = ? AND status = 'queued'")
  const encoded = database.prepare<[string, string], Buffer | null>('SELECT encoded FROM bot_outbox WHERE user_id = ? AND message_id = ?').pluck()
  const waiting = database.prepare<[string], number>("SELECT count(*) FROM bot_outbox WHERE user_id = ? AND status IN ('queued', 'sending')").pluck()
  const sentSince = database.prepare<[string, number], { count: number; first: number | null }>('SELECT count(*) AS count, min(sent_at) AS first FROM bot_outbox WHERE user_id = ? AND sent_at > ?')
  const trimOutbox = database.prepare("DELETE FROM bot_outbox WHERE created_at < ? AND status NOT IN ('queued', 'sending')")
  const meet = database.prepare('INSERT INTO bot_chats (user_id, chat) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const knows = database.prepare<[string, string], number>('SELECT count(*) FROM bot_chats WHERE user_id = ? AND chat = ?').pluck()
  const addLog = database.prepare('INSERT INTO bot_log (user_id, message_id, chat, from_me, at, sealed) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
  const readLog = database.prepare<[string, number, string | null, string | null], { number: number; sealed: Buffer }>('SELECT number, sealed FROM bot_log WHERE user_id = ? AND number < ? AND (? IS NULL OR chat = ?) ORDER BY number DESC')
  const trimLog = database.prepare('DELETE FROM bot_log WHERE at < ?')
  const clearLog = database.prepare('DELETE FROM bot_log WHERE user_id = ?')

  const outboxPlace = (userId: string, messageId: string): string => `bots:outbox:${userId}:${messageId}`
  const encodedPlace = (userId: string, messageId: string): string => `bots:sent:${userId}:${messageId}`
  const logPlace = (userId: string): string => `bots:log:${userId}`

  return {
    add(userId: string, { messageId, chat, kind, content, idempotencyKey, fingerprint, now }: NewOutboxRow): void {
      insert.run(userId, messageId, chat, kind, sealer.seal(content, outboxPlace(userId, messageId)), idempotencyKey, fingerprint, now, now)
    },
    find: (userId: string, messageId: string): OutboxRow | undefined => one.get(userId, messageId),
    byKey: (userId: string, key: string): OutboxRow | undefined => byKey.get(userId, key),
    next(userId: string): { row: OutboxRow; content: string } | null {
      const found = next.get(userId)
      if (found === undefined) return null
      const { sealed, ...row } = found
      return { row, content: sealer.open(sealed, outboxPlace(userId, row.messageId)).toString() }
    },
    list: (userId: string, limit: number): OutboxRow[] => list.all(userId, limit),
    setStatus: (userId: string, messageId: string, status: OutboxStatus, problem: string | null, now: number): void => void setStatus.run(status, problem, now, userId, messageId),
    setSent: (userId: string, messageId: string, message: Uint8Array, now: number): void => void setSent.run(sealer.seal(message, encodedPlace(userId, messageId)), now, now, userId, messageId),
    /** False when it is on its way already. */
    cancel: (userId: string, messageId: string): boolean => remove.run(userId, messageId).changes > 0,
    encoded(userId: string, messageId: string): Buffer | null {
      const sealed = encoded.get(userId, messageId)
      return sealed == null ? null : sealer.open(sealed, encodedPlace(userId, messageId))
    },
    waiting: (userId: string): number => waiting.get(userId) ?? 0,
    sentSince: (userId: string, since: number): { count: number; first: number | null } => sentSince.get(userId, since) ?? { count: 0, first: null },
    meet: (userId: string, chat: string): void => void meet.run(userId, chat),
    knows: (userId: string, chat: string): boolean => (knows.get(userId, chat) ?? 0) > 0,

    log: (userId: string, message: Message): void => void addLog.run(userId, message.id, message.chat, message.fromMe ? 1 : 0, message.at, sealer.seal(JSON.stringify(message), logPlace(userId))),
    read(userId: string, { chat, text = '', before = Number.MAX_SAFE_INTEGER, limit }: LogQuery): LoggedMessage[] {
      const wanted = text.toLowerCase()
      const found: LoggedMessage[] = []
      let looked = 0
      for (const { number, sealed } of readLog.iterate(userId, before, chat ?? null, chat ?? null)) {
        looked += 1
        // Written by `log` above and sealed since.
        const message = JSON.parse(sealer.open(sealed, logPlace(userId)).toString()) as Message
        if (wanted === '' || message.text.toLowerCase().includes(wanted) || (message.authorName ?? '').toLowerCase().includes(wanted)) found.push({ ...message, number })
        if (found.length >= limit || looked >= searchedAtMost) break
      }
      return found
    },
    clearLog: (userId: string): void => void clearLog.run(userId),
    trim(before: number): void {
      trimLog.run(before)
      trimOutbox.run(before)
    },
  }
}
