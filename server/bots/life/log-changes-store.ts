/** What a kept message becomes later, in the log: said otherwise, or without its words, there and wherever an answer quotes it. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import type { Message } from '../engine/message.ts'
import { openOrNull } from '../locked/locked.ts'

export type LogChanges = ReturnType<typeof createLogChanges>

/** Answers are looked for in so many later messages: opening them takes some 50 ms. */
const lookedThrough = 20_000

export function createLogChanges(database: Database, sealer: Sealer) {
  const one = database.prepare<[string, string, string], Row>(
    'SELECT number, sealed FROM bot_log WHERE user_id = ? AND chat = ? AND message_id = ?',
  )
  const later = database.prepare<[string, number, number], Row>(
    'SELECT number, sealed FROM bot_log WHERE user_id = ? AND number > ? ORDER BY number LIMIT ?',
  )
  const rewrite = database.prepare('UPDATE bot_log SET sealed = ? WHERE number = ?')
  const remove = database.prepare('DELETE FROM bot_log WHERE user_id = ? AND chat = ? AND message_id = ?')
  const place = (userId: string): string => `bots:log:${userId}`

  const open = (userId: string, { sealed }: Row): Message | null => {
    const text = openOrNull(sealer, sealed, place(userId))
    // Sealed by the log; earlier versions kept fewer fields.
    return text === null ? null : { quoted: null, reactsTo: null, details: {}, ...(JSON.parse(text) as OlderMessage) }
  }
  const save = (userId: string, number: number, message: Message): void =>
    void rewrite.run(sealer.seal(JSON.stringify(message), place(userId)), number)

  return {
    find(userId: string, chat: string, id: string): Message | null {
      const row = one.get(userId, chat, id)
      return row === undefined ? null : open(userId, row)
    },
    /** Does nothing where the message is not kept. */
    change(userId: string, { chat, id }: Pick<Message, 'chat' | 'id'>, become: (message: Message) => Message): void {
      const row = one.get(userId, chat, id)
      const message = row === undefined ? null : open(userId, row)
      if (row !== undefined && message !== null) save(userId, row.number, become(message))
    },
    remove: (userId: string, { chat, id }: Pick<Message, 'chat' | 'id'>): void => void remove.run(userId, chat, id),
    /** Takes its words out of the answers to it. */
    unquote(userId: string, { chat, id }: Pick<Message, 'chat' | 'id'>): void {
      const { number = 0 } = one.get(userId, chat, id) ?? {}
      for (const row of later.all(userId, number, lookedThrough)) {
        const message = open(userId, row)
        if (message?.quoted?.id !== id || message.quoted.text === '') continue
        save(userId, row.number, { ...message, quoted: { ...message.quoted, kind: 'revoked', text: '' } })
      }
    },
  }
}

type OlderMessage = Omit<Message, 'quoted' | 'reactsTo' | 'details'> & Partial<Message>

interface Row {
  number: number
  sealed: Buffer
}
