/** The tables of chats: whom a bot knows, what they are called, and the log where it is wanted. What people wrote is sealed. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import type { Message, MessageKey } from '../engine/message.ts'
import { openOrNull } from '../locked/locked.ts'
import { namePlace } from '../people/merging-store.ts'
import type { People } from '../people/people.ts'
import type { OutboxStatus } from './outgoing-lifecycle.ts'

export interface LoggedMessage extends Message {
  /** Its place in the log, ever rising. */
  number: number
  /** How far it has come; null for what did not go out through here. */
  status: OutboxStatus | null
}

export interface LogQuery {
  chat?: string | undefined
  text?: string | undefined
  /** Only entries with a smaller number. */
  before?: number | undefined
  limit: number
}

export interface Page<Item> {
  items: Item[]
  /** `before` of the next page, null when there is none. */
  next: number | null
}

export interface Chat {
  chat: string
  name: string | null
  received: number
  sent: number
  unread: number
  last: LoggedMessage
}

/** A search opens the sealed rows one by one; this many take some 50 ms, and the next page goes on where it stopped. */
const searchedAtMost = 20_000

export type LogStore = ReturnType<typeof createLogStore>

export function createLogStore(database: Database, sealer: Sealer, people: Pick<People, 'idOf' | 'named'>) {
  const meet = database.prepare('INSERT INTO bot_chats (user_id, chat) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const met = database
    .prepare<[string], string>("SELECT chat FROM bot_chats WHERE user_id = ? AND (chat LIKE '%@s.whatsapp.net' OR chat LIKE '%@lid')")
    .pluck()
  const knows = database.prepare<[string, string], number>('SELECT count(*) FROM bot_chats WHERE user_id = ? AND chat = ?').pluck()
  const setName = database.prepare(
    'INSERT INTO bot_chats (user_id, chat, name) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name',
  )
  const setRead = database.prepare('UPDATE bot_chats SET read_number = max(read_number, ?) WHERE user_id = ? AND chat = ?')
  const insert = database.prepare(
    // Never a number of those before the log began.
    `INSERT INTO bot_log (number, user_id, message_id, chat, from_me, at, sealed)
      VALUES ((SELECT max(coalesce(max(number), 0), 0) + 1 FROM bot_log), ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
  const insertOlder = database.prepare(
    `INSERT INTO bot_log (number, user_id, message_id, chat, from_me, at, sealed)
      VALUES ((SELECT min(coalesce(min(number), 0), 0) - 1 FROM bot_log), ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
  const oldest = database.prepare<[string, string], SealedMessage>(
    `SELECT l.number, l.message_id AS id, l.chat AS ofChat, l.from_me AS fromMe, l.at, l.sealed, NULL AS status
      FROM bot_log l WHERE l.user_id = ? AND l.chat = ? ORDER BY l.number LIMIT 1`,
  )
  const columns = 'l.number, l.message_id AS id, l.chat AS ofChat, l.from_me AS fromMe, l.at, l.sealed, o.status'
  const joined = 'bot_log l LEFT JOIN bot_outbox o ON o.user_id = l.user_id AND o.message_id = l.message_id AND l.from_me = 1'
  const one = database.prepare<[string, string, string], SealedMessage>(
    `SELECT ${columns} FROM ${joined} WHERE l.user_id = ? AND l.chat = ? AND l.message_id = ?`,
  )
  const byId = database.prepare<[{ user: string; id: string; chat: string | null }], SealedMessage>(
    `SELECT ${columns} FROM ${joined} WHERE l.user_id = @user AND l.message_id = @id AND (@chat IS NULL OR l.chat = @chat)
    ORDER BY l.number DESC LIMIT 1`,
  )
  const rewrite = database.prepare('UPDATE bot_log SET sealed = ? WHERE number = ?')
  const everything = database.prepare<[string, number], SealedMessage>(
    `SELECT ${columns} FROM ${joined} WHERE l.user_id = ? AND l.number < ? ORDER BY l.number DESC`,
  )
  const ofChat = database.prepare<[string, string, number], SealedMessage>(
    `SELECT ${columns} FROM ${joined} WHERE l.user_id = ? AND l.chat = ? AND l.number < ? ORDER BY l.number DESC`,
  )
  const chats = database.prepare<[{ user: string; before: number; limit: number }], SealedChat>(`
    WITH counted AS (
      SELECT chat, max(number) AS newest, count(*) AS messages, sum(from_me) AS sent FROM bot_log WHERE user_id = @user
      GROUP BY chat HAVING newest < @before ORDER BY newest DESC LIMIT @limit
    )
    SELECT k.chat, c.name, k.messages - k.sent AS received, k.sent,
      (SELECT count(*) FROM bot_log u
        WHERE u.user_id = @user AND u.chat = k.chat AND u.number > coalesce(c.read_number, 0) AND u.from_me = 0) AS unread,
      ${columns}
    FROM counted k JOIN ${joined.replace('bot_log l', 'bot_log l ON l.number = k.newest')}
      LEFT JOIN bot_chats c ON c.user_id = @user AND c.chat = k.chat
    ORDER BY k.newest DESC`)
  const newest = database
    .prepare<[string, string], number>('SELECT coalesce(max(number), 0) FROM bot_log WHERE user_id = ? AND chat = ?')
    .pluck()
  const numberOf = database
    .prepare<[string, string, string], number>('SELECT number FROM bot_log WHERE user_id = ? AND chat = ? AND message_id = ?')
    .pluck()
  const unread = database.prepare<[string, string, number], SealedMessage>(`
    SELECT ${columns} FROM ${joined} LEFT JOIN bot_chats c ON c.user_id = l.user_id AND c.chat = l.chat
    WHERE l.user_id = ? AND l.chat = ? AND l.number > coalesce(c.read_number, 0) AND l.from_me = 0 ORDER BY l.number DESC LIMIT ?`)
  const discard = database.prepare('DELETE FROM bot_log WHERE user_id = ? AND chat = ? AND message_id = ? AND from_me = 1')
  const trim = database.prepare('DELETE FROM bot_log WHERE user_id = ? AND at < ?')
  const clear = database.prepare('DELETE FROM bot_log WHERE user_id = ?')
  const clearChat = database.prepare('DELETE FROM bot_log WHERE user_id = ? AND chat = ?')

  const place = (userId: string): string => `bots:log:${userId}`

  function opened(userId: string, { number, sealed, status, ...row }: SealedMessage): LoggedMessage {
    const text = openOrNull(sealer, sealed, place(userId))
    // Without its key there is no more than that there was a message.
    if (text === null)
      return {
        id: row.id,
        chat: row.ofChat,
        author: '',
        authorName: null,
        fromMe: row.fromMe === 1,
        at: row.at,
        kind: 'locked',
        text: '',
        details: {},
        quoted: null,
        reactsTo: null,
        number,
        status,
      }
    // Written by `add` below and sealed since; earlier versions kept fewer fields.
    return { quoted: null, reactsTo: null, details: {}, ...(JSON.parse(text) as OlderMessage), chat: row.ofChat, number, status }
  }

  /** A message that could not be read at first has come again: its words take the place of that. */
  function makeReadable(userId: string, message: Message): void {
    const row = one.get(userId, message.chat, message.id)
    if (row === undefined || message.kind === 'unreadable' || opened(userId, row).kind !== 'unreadable') return
    rewrite.run(sealer.seal(JSON.stringify(message), place(userId)), row.number)
  }

  const addOlder = database.transaction((userId: string, messages: readonly Message[]) => {
    let added = 0
    for (const message of messages) {
      const { id, chat, fromMe, at } = message
      meet.run(userId, chat)
      added += insertOlder.run(userId, id, chat, fromMe ? 1 : 0, at, sealer.seal(JSON.stringify(message), place(userId))).changes
    }
    return added
  })

  return {
    /** People with whom there was ever a message. */
    met: (userId: string): string[] => met.all(userId),
    meet: (userId: string, chat: string): void => void quickly(database, () => meet.run(userId, chat)),
    knows: (userId: string, chat: string): boolean => (knows.get(userId, chat) ?? 0) > 0,
    setName: (userId: string, chat: string, name: string): void =>
      void quickly(database, () => setName.run(userId, chat, sealer.seal(name, namePlace(userId, chat)))),

    add(userId: string, message: Message): void {
      quickly(database, () => {
        const { changes } = insert.run(
          userId,
          message.id,
          message.chat,
          message.fromMe ? 1 : 0,
          message.at,
          sealer.seal(JSON.stringify(message), place(userId)),
        )
        if (changes === 0) return makeReadable(userId, message)
        // Who answers has read what came before.
        if (message.fromMe) setRead.run(newest.get(userId, message.chat) ?? 0, userId, message.chat)
      })
    },
    /** Of several that have this id the newest. */
    find(userId: string, id: string, chat: string | null): LoggedMessage | undefined {
      const row = byId.get({ user: userId, id, chat })
      return row === undefined ? undefined : opened(userId, row)
    },
    /** Before all that is there, the first the newest; how many were new. */
    addOlder: (userId: string, messages: readonly Message[]): number => quickly(database, () => addOlder(userId, messages)),
    oldest(userId: string, chat: string): LoggedMessage | null {
      const row = oldest.get(userId, chat)
      return row === undefined ? null : opened(userId, row)
    },
    read(userId: string, { chat, text = '', before = Number.MAX_SAFE_INTEGER, limit }: LogQuery): Page<LoggedMessage> {
      const wanted = text.toLowerCase()
      const items: LoggedMessage[] = []
      let looked = 0
      for (const row of chat === undefined
        ? everything.iterate(userId, before)
        : ofChat.iterate(userId, people.idOf(userId, chat), before)) {
        looked += 1
        const message = opened(userId, row)
        if (wanted === '' || message.text.toLowerCase().includes(wanted) || (message.authorName ?? '').toLowerCase().includes(wanted))
          items.push(people.named(userId, message))
        if (items.length >= limit || looked >= searchedAtMost) return { items, next: row.number }
      }
      return { items, next: null }
    },
    chats(userId: string, { before = Number.MAX_SAFE_INTEGER, limit }: Pick<LogQuery, 'before' | 'limit'>): Page<Chat> {
      const rows = chats.all({ user: userId, before, limit })
      const items = rows.map(({ chat, name, received, sent, unread: count, ...last }) => ({
        chat,
        name: name === null ? null : openOrNull(sealer, name, namePlace(userId, chat)),
        received,
        sent,
        unread: count,
        last: people.named(userId, opened(userId, last)),
      }))
      return { items, next: rows.length < limit ? null : (rows.at(-1)?.number ?? null) }
    },
    /** What came in and was not read yet, the newest first. */
    unread: (userId: string, chat: string, limit: number): MessageKey[] =>
      unread.all(userId, chat, limit).map((row) => keyOf(opened(userId, row))),
    /** These messages, and what came before them in the chat, are read. */
    markRead(userId: string, chat: string, ids: readonly string[]): void {
      setRead.run(Math.max(0, ...ids.map((id) => numberOf.get(userId, chat, id) ?? 0)), userId, chat)
    },
    /** One of our own that was never sent. */
    discard: (userId: string, chat: string, id: string): void => void discard.run(userId, chat, id),
    clear: (userId: string, chat: string | null): void => void (chat === null ? clear.run(userId) : clearChat.run(userId, chat)),
    trim: (userId: string, before: number): void => void trim.run(userId, before),
  }
}

type OlderMessage = Omit<Message, 'quoted' | 'reactsTo' | 'details'> & Partial<Message>

interface SealedMessage {
  number: number
  id: string
  ofChat: string
  fromMe: number
  at: number
  sealed: Buffer
  status: OutboxStatus | null
}

interface SealedChat extends SealedMessage {
  chat: string
  name: Buffer | null
  received: number
  sent: number
  unread: number
}

function keyOf({ id, fromMe, chat, author }: Message): MessageKey {
  return { id, fromMe, ...(chat.endsWith('@g.us') ? { author } : {}) }
}
