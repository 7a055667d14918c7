/**
 * The table of what came in and is not through yet. A message is written here together with the keys that its decryption moved on, so
 * before WhatsApp is told that we have it. What is through stays as a digest: WhatsApp delivers a message again whose receipt was lost.
 */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import type { Arrival } from '../engine/link.ts'
import type { Message } from '../engine/message.ts'
import { openOrNull } from '../locked/locked.ts'

/** What waits to be told, or was told and waits for the rules. */
export interface Waiting {
  digest: string
  message: Message
  isTold: boolean
}

export type InboxStore = ReturnType<typeof createInboxStore>

/** Of each bot; more than WhatsApp holds back for a device whose receipts are lost. */
const keptDigests = 2_000
/** What is no message to anybody, like a key of a group, is wanted again when it comes again; longer ones are the history, which is not. */
const longestPlain = 16_384

export function createInboxStore(database: Database, sealer: Sealer) {
  const insert = database.prepare('INSERT INTO bot_inbox (user_id, digest, stage, sealed) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
  const one = database.prepare<[string, string], { sealed: Buffer | null }>('SELECT sealed FROM bot_inbox WHERE user_id = ? AND digest = ?')
  const waiting = database.prepare<[string], { digest: string; stage: string; sealed: Buffer }>(
    "SELECT digest, stage, sealed FROM bot_inbox WHERE user_id = ? AND stage <> 'done' ORDER BY number",
  )
  const setTold = database.prepare("UPDATE bot_inbox SET stage = 'told' WHERE user_id = ? AND digest = ? AND stage = 'came'")
  const setDone = database.prepare("UPDATE bot_inbox SET stage = 'done', sealed = NULL WHERE user_id = ? AND digest = ?")
  const trim = database.prepare(
    `DELETE FROM bot_inbox WHERE user_id = ? AND stage = 'done'
      AND number <= (SELECT number FROM bot_inbox WHERE user_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
  )

  const place = (userId: string, digest: string): string => `bots:inbox:${userId}:${digest}`
  const open = (userId: string, digest: string, sealed: Buffer): Kept | null => {
    const text = openOrNull(sealer, sealed, place(userId, digest))
    return text === null ? null : (JSON.parse(text) as Kept) // written by `add` and sealed since
  }
  const tell = database.transaction((userId: string, digest: string, message: Message, work: () => Message | null): Message | null => {
    if (setTold.run(userId, digest).changes === 0) return message
    const left = work()
    if (left === null) setDone.run(userId, digest)
    return left
  })

  return {
    add(userId: string, { digest, message, plain }: Arrival): void {
      const kept: Kept = { message, plain: Buffer.from(plain).toString('base64') }
      const sealed = message !== null || plain.length <= longestPlain ? sealer.seal(JSON.stringify(kept), place(userId, digest)) : null
      insert.run(userId, digest, message === null ? 'done' : 'came', sealed)
    },
    /** Null when it has never come; empty when it is through and was a message, whose words are not kept here. */
    recall(userId: string, digest: string): Buffer | null {
      const row = one.get(userId, digest)
      if (row === undefined) return null
      return Buffer.from((row.sealed === null ? null : open(userId, digest, row.sealed))?.plain ?? '', 'base64')
    },
    /** The first that came first. */
    waiting: (userId: string): Waiting[] =>
      waiting.all(userId).flatMap(({ digest, stage, sealed }) => {
        const message = open(userId, digest, sealed)?.message ?? null
        return message === null ? [] : [{ digest, message: { details: {}, ...message }, isTold: stage === 'told' }]
      }),
    /** `work` and that it was done, in one; not a second time. Returns what is left for the rules, null when they have nothing to do. */
    tell: (userId: string, digest: string, message: Message, work: () => Message | null): Message | null =>
      quickly(database, () => tell(userId, digest, message, work)),
    /** All that `work` writes, or nothing of it. */
    atOnce: <Result>(work: () => Result): Result => quickly(database, () => database.transaction(work)()),
    done: (userId: string, digest: string): void => void quickly(database, () => setDone.run(userId, digest)),
    trim: (userId: string): void => void trim.run(userId, userId, keptDigests),
  }
}

interface Kept {
  /** An earlier version kept no details. */
  message: (Omit<Message, 'details'> & Partial<Message>) | null
  plain: string
}
