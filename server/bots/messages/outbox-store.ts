/** The table of messages that go out: each bot's queue, kept after sending. Contents are sealed. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import { openOrNull } from '../locked/locked.ts'
import { reworded, unquoted } from '../outgoing/packed.ts'
import type { OutboxStatus } from './outgoing-lifecycle.ts'

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
  /** The id of the file that it waits with. */
  file: string | null
  idempotencyKey: string | null
  fingerprint: string
  now: number
}

/** Words of longer messages, which carry a picture or a file, are not read out of the sealed row. */
const shortContent = 8_192

/** Of one chat, for what a deleted message is quoted in: people delete within two days. */
const answersLookedAt = 500

export type OutboxStore = ReturnType<typeof createOutboxStore>

export function createOutboxStore(database: Database, sealer: Sealer) {
  const columns = `number, message_id AS messageId, chat, kind, fingerprint, status, problem,
    created_at AS createdAt, sent_at AS sentAt, updated_at AS updatedAt`
  const insert = database.prepare(`
    INSERT INTO bot_outbox (user_id, message_id, chat, kind, sealed, file, idempotency_key, fingerprint, status, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)`)
  const one = database.prepare<[string, string], OutboxRow>(`SELECT ${columns} FROM bot_outbox WHERE user_id = ? AND message_id = ?`)
  const byKey = database.prepare<[string, string], OutboxRow>(`SELECT ${columns} FROM bot_outbox WHERE user_id = ? AND idempotency_key = ?`)
  const isWaiting = "user_id = ? AND status IN ('queued', 'sending')"
  // Of those that WhatsApp takes for strangers, whatever is known here.
  const isNotIn = 'chat NOT IN (SELECT value FROM json_each(?))'
  // Groups are no strangers, nor is whoever has written, or was written to, before.
  const isAcquainted = `(chat NOT GLOB '*@s.whatsapp.net' AND chat NOT GLOB '*@lid'
    OR EXISTS (SELECT 1 FROM bot_chats k WHERE k.user_id = bot_outbox.user_id AND k.chat = bot_outbox.chat))`
  const [next, nextAcquainted] = [isWaiting, `${isWaiting} AND ${isAcquainted} AND ${isNotIn}`].map((wanted) =>
    database.prepare<string[], OutboxRow & { sealed: Buffer }>(
      `SELECT ${columns}, sealed FROM bot_outbox WHERE ${wanted} ORDER BY number LIMIT 1`,
    ),
  )
  const acquainted = database
    .prepare<[string, string], number>(`SELECT EXISTS (SELECT 1 FROM bot_outbox WHERE ${isWaiting} AND ${isAcquainted} AND ${isNotIn})`)
    .pluck()
  const list = database.prepare<
    [{ user: string; chat: string | null; status: OutboxStatus | null; limit: number }],
    OutboxRow & { short: Buffer | null }
  >(`
    SELECT ${columns}, CASE WHEN length(sealed) <= ${shortContent} THEN sealed END AS short
    FROM bot_outbox WHERE user_id = @user AND (@chat IS NULL OR chat = @chat) AND (@status IS NULL OR status = @status) ORDER BY number DESC LIMIT @limit`)
  const setStatus = database.prepare('UPDATE bot_outbox SET status = ?, problem = ?, updated_at = ? WHERE user_id = ? AND message_id = ?')
  const setSent = database.prepare(
    `UPDATE bot_outbox SET
      status = CASE WHEN status = 'sending' THEN 'sent' ELSE status END, problem = NULL, sent_at = ?, updated_at = ?
    WHERE user_id = ? AND message_id = ?`,
  )
  const keepEncoded = database.prepare('UPDATE bot_outbox SET encoded = ? WHERE user_id = ? AND message_id = ?')
  const sealedOf = database.prepare<[string, string], { sealed: Buffer; kind: string }>(
    "SELECT sealed, kind FROM bot_outbox WHERE user_id = ? AND message_id = ? AND status NOT IN ('queued', 'sending')",
  )
  const reword = database.prepare(
    'UPDATE bot_outbox SET sealed = ?, encoded = CASE WHEN ? THEN NULL ELSE encoded END WHERE user_id = ? AND message_id = ?',
  )
  const newest = database.prepare<[string, string], { messageId: string; sealed: Buffer }>(`
    SELECT message_id AS messageId, sealed FROM bot_outbox
    WHERE user_id = ? AND chat = ? AND length(sealed) <= ${shortContent} ORDER BY number DESC LIMIT ${answersLookedAt}`)
  const remove = database.prepare("DELETE FROM bot_outbox WHERE user_id = ? AND message_id = ? AND status IN ('queued', 'failed')")
  const encoded = database
    .prepare<[string, string], Buffer | null>('SELECT encoded FROM bot_outbox WHERE user_id = ? AND message_id = ?')
    .pluck()
  const waiting = database
    .prepare<[string], number>("SELECT count(*) FROM bot_outbox WHERE user_id = ? AND status IN ('queued', 'sending')")
    .pluck()
  const sentSince = database.prepare<[string, number], { count: number; first: number | null }>(
    'SELECT count(*) AS count, min(sent_at) AS first FROM bot_outbox WHERE user_id = ? AND sent_at > ?',
  )
  const trim = database.prepare("DELETE FROM bot_outbox WHERE user_id = ? AND created_at < ? AND status NOT IN ('queued', 'sending')")

  const outboxPlace = (userId: string, messageId: string): string => `bots:outbox:${userId}:${messageId}`
  const encodedPlace = (userId: string, messageId: string): string => `bots:sent:${userId}:${messageId}`

  return {
    add(userId: string, { messageId, chat, kind, content, file, idempotencyKey, fingerprint, now }: NewOutboxRow): void {
      const sealed = sealer.seal(content, outboxPlace(userId, messageId))
      insert.run(userId, messageId, chat, kind, sealed, file, idempotencyKey, fingerprint, now, now)
    },
    find: (userId: string, messageId: string): OutboxRow | undefined => one.get(userId, messageId),
    byKey: (userId: string, key: string): OutboxRow | undefined => byKey.get(userId, key),
    /** `content` is null when the row cannot be opened. `but`: the first to somebody known here, and to none of these. */
    next(userId: string, but: readonly string[] | null = null): { row: OutboxRow; content: string | null } | null {
      const found = but === null ? next?.get(userId) : nextAcquainted?.get(userId, JSON.stringify(but))
      if (found === undefined) return null
      const { sealed, ...row } = found
      return { row, content: openOrNull(sealer, sealed, outboxPlace(userId, row.messageId)) }
    },
    /** The newest first; `content` is null for what carries a file. */
    list: (
      userId: string,
      chat: string | null,
      limit: number,
      status: OutboxStatus | null = null,
    ): (OutboxRow & { content: string | null })[] =>
      list.all({ user: userId, chat, status, limit }).map(({ short, ...row }) => ({
        ...row,
        content: short === null ? null : openOrNull(sealer, short, outboxPlace(userId, row.messageId)),
      })),
    setStatus: (userId: string, messageId: string, status: OutboxStatus, problem: string | null, now: number): void =>
      void quickly(database, () => setStatus.run(status, problem, now, userId, messageId)),
    setSent: (userId: string, messageId: string, now: number): void => void setSent.run(now, now, userId, messageId),
    /** For a device that cannot read what it got. */
    keepEncoded: (userId: string, messageId: string, message: Uint8Array): void =>
      void quickly(database, () => keepEncoded.run(sealer.seal(message, encodedPlace(userId, messageId)), userId, messageId)),
    /** What it says by now, once it has gone out; null: nothing any more, and no device gets it again. */
    reword(userId: string, messageId: string, text: string | null): void {
      const row = sealedOf.get(userId, messageId)
      const content = row === undefined ? null : openOrNull(sealer, row.sealed, outboxPlace(userId, messageId))
      if (row === undefined || content === null) return
      reword.run(sealer.seal(reworded(content, row.kind, text), outboxPlace(userId, messageId)), text === null ? 1 : 0, userId, messageId)
    },
    /** Takes the words of a message out of the answers to it. */
    unquote(userId: string, chat: string, answered: string): void {
      for (const { messageId, sealed } of newest.all(userId, chat)) {
        const content = openOrNull(sealer, sealed, outboxPlace(userId, messageId))
        const left = content === null ? null : unquoted(content, answered)
        if (left !== null) reword.run(sealer.seal(left, outboxPlace(userId, messageId)), 1, userId, messageId)
      }
    },
    /** False when it is on its way already. */
    cancel: (userId: string, messageId: string): boolean => remove.run(userId, messageId).changes > 0,
    encoded(userId: string, messageId: string): Buffer | null {
      const sealed = encoded.get(userId, messageId)
      try {
        return sealed == null ? null : sealer.open(sealed, encodedPlace(userId, messageId))
      } catch {
        return null
      }
    },
    /** Whether something waits that is to no stranger. */
    hasAcquainted: (userId: string, but: readonly string[]): boolean => acquainted.get(userId, JSON.stringify(but)) === 1,
    waiting: (userId: string): number => waiting.get(userId) ?? 0,
    sentSince: (userId: string, since: number): { count: number; first: number | null } =>
      sentSince.get(userId, since) ?? { count: 0, first: null },
    trim: (userId: string, before: number): void => void trim.run(userId, before),
  }
}
