/** The table of messages that bots have heard of. It holds for bots that keep no log as well: no words, unless of a change that waits. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import { placeOf } from '../engine/place.ts'
import { openOrNull } from '../locked/locked.ts'
import type { Authorship, ChangeMessage } from './judge.ts'

export interface Known extends Authorship {
  id: string
  chat: string
  stage: 'awaited' | 'unreadable' | 'seen' | 'deleted'
  editedAt: number | null
  /** What is to become of it once it has come, or can be read. */
  change: ChangeMessage | null
}

export type KnownStore = ReturnType<typeof createKnownStore>

/** Of each bot: weeks of a busy one. WhatsApp lets people edit for a quarter of an hour, and delete for two days. */
const mostKnown = 20_000

export function createKnownStore(database: Database, sealer: Sealer) {
  const byId = database.prepare<[string, string], Row>('SELECT chat, stage, sealed FROM bot_known WHERE user_id = ? AND message_id = ?')
  const put = database.prepare(
    `INSERT INTO bot_known (user_id, message_id, chat, stage, sealed) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET stage = excluded.stage, sealed = excluded.sealed`,
  )
  const trim = database.prepare(
    'DELETE FROM bot_known WHERE user_id = ? AND number <= (SELECT number FROM bot_known WHERE user_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)',
  )
  const place = (userId: string): string => `bots:known:${userId}`

  return {
    /** Under whichever id the chat of two people was named then. */
    find(userId: string, chat: string, id: string): Known | null {
      for (const { chat: known, stage, sealed } of byId.all(userId, id)) {
        if (known !== chat && !mayBeOne(known, chat)) continue
        const text = openOrNull(sealer, sealed, place(userId))
        const facts = text === null ? null : (JSON.parse(text) as Facts) // written by `put`, sealed since
        if (facts !== null) return { id, chat: known, stage, ...facts }
      }
      return null
    },
    put(userId: string, { id, chat, stage, ...facts }: Known): void {
      const { author, fromMe, editedAt, change } = facts
      const sealed = sealer.seal(JSON.stringify({ author, fromMe, editedAt, change } satisfies Facts), place(userId))
      quickly(database, () => put.run(userId, id, chat, stage, sealed))
    },
    trim: (userId: string): void => void trim.run(userId, userId, mostKnown),
  }
}

type Facts = Pick<Known, 'author' | 'fromMe' | 'editedAt' | 'change'>

interface Row {
  chat: string
  stage: Known['stage']
  sealed: Buffer
}

/** One person by number and by hidden id: message ids are drawn by lot, the same one in two such chats is the same message. */
function mayBeOne(one: string, other: string): boolean {
  return placeOf(one) === 'people' && placeOf(other) === 'people' && one.endsWith('@lid') !== other.endsWith('@lid')
}
