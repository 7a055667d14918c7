/** The room's tables: bots and their history. */
import type { Database } from 'better-sqlite3'
import type { HistoryBounds } from './engine/history.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { createLinkStore } from './bot/link-store.ts'
import type { BotCause } from './contract/native/causes.ts'
import type { BotState } from './contract/native/views.ts'
import type { Ignorable } from './engine/place.ts'
import type { MediaKeys } from './engine/media-keys.ts'
import { createInboxStore } from './messages/inbox-store.ts'
import { openOrNull } from './locked/locked.ts'

export interface BotRow {
  userId: string
  phoneNumber: string
  /** As WhatsApp knows the account; null while unknown. */
  name: string | null
  label: string
  notes: string
  proxy: string | null
  /** The proxy as it was sealed, where no key that is here opens it: the bot must not go on without it. */
  lockedProxy?: Buffer
  wanted: boolean
  state: BotState
  reason: string | null
  /** Null where nobody noted it. */
  cause: BotCause | null
  since: number
  createdAt: number
  linkedAt: number | null
  settings: BotSettings
  /** Null where nobody noted it. */
  madeBy: string | null
}

/** What a person sets for one bot. */
export interface BotSettings {
  /** Keeps what it receives and sends, for as long as the room's settings say. Off unless wanted. */
  keepsLog: boolean
  /** Seconds between two messages; null takes the room's, as in what follows. */
  pause: number | null
  /** Messages in any 24 hours. */
  dailyCap: number | null
  /** Days. */
  keepMessagesFor: number | null
  /** Keeps what people delete for all or send to vanish, and what they said before an edit. */
  keepsDeleted: boolean
  /** Places whose messages are acknowledged, and no more: no log, no webhook, no rule hears of them. */
  ignores: Readonly<Record<Ignorable, boolean>>
  /** Files of messages are fetched and kept: of these kinds, at most so many megabytes, for so many days. */
  keepsMedia: boolean | null
  mediaKinds: MediaKeys['kind'][] | null
  mediaBudget: number | null
  keepMediaFor: number | null
  /** Has WhatsApp tell of each person who writes whether they are there and type. */
  followsPresence: boolean
  /** Refuses calls as they come in, and answers with a text where there is one. */
  rejectCalls: boolean
  rejectCallsText: string | null
  /** Older messages that the phone sends when it links are kept, so many days back and at most so many; null keeps none. */
  history: HistoryBounds | null
  /** Groups made and joined, and people added to groups, in any 24 hours. */
  groupJoinsPerDay: number | null
  groupAddsPerDay: number | null
}

export const defaultBotSettings: BotSettings = {
  keepsLog: false,
  pause: null,
  dailyCap: null,
  keepMessagesFor: null,
  keepsDeleted: false,
  ignores: { groups: false, broadcasts: false, channels: true, status: true },
  keepsMedia: null,
  mediaKinds: null,
  mediaBudget: null,
  keepMediaFor: null,
  followsPresence: false,
  rejectCalls: false,
  rejectCallsText: null,
  history: null,
  groupJoinsPerDay: null,
  groupAddsPerDay: null,
}

export interface HistoryRow {
  id: number
  at: number
  state: BotState
  reason: string | null
}

/** Entries of its history kept for each bot. */
const historyKept = 500

export type BotStore = ReturnType<typeof createBotStore>

export function createBotStore(database: Database, sealer: Sealer) {
  const columns = `
    user_id AS userId, phone_number AS phoneNumber, name, label, notes, proxy, wanted, state, reason, cause, since,
    created_at AS createdAt, linked_at AS linkedAt, settings, made_by AS madeBy`
  const all = database.prepare<[], RawBot>(`SELECT ${columns} FROM bots ORDER BY created_at, user_id`)
  const insert = database.prepare(`
    INSERT INTO bots
      (user_id, phone_number, name, label, notes, proxy, settings, wanted, state, reason, cause, since, created_at, linked_at, made_by)
    VALUES
      (@userId, @phoneNumber, @name, @label, @notes, @proxy, @settings, @wanted, @state, @reason, @cause, @since, @createdAt, @linkedAt, @madeBy)`)
  const update = database.prepare(`
    UPDATE bots SET
      phone_number = @phoneNumber, name = @name, label = @label, notes = @notes, proxy = @proxy, wanted = @wanted,
      state = @state, reason = @reason, cause = @cause, since = @since, linked_at = @linkedAt, settings = @settings
    WHERE user_id = @userId`)
  const remove = database.prepare('DELETE FROM bots WHERE user_id = ?')
  const addHistory = database.prepare('INSERT INTO bot_history (user_id, at, state, reason) VALUES (?, ?, ?, ?)')
  const trimHistory = database.prepare(
    'DELETE FROM bot_history WHERE user_id = ? AND id <= (SELECT id FROM bot_history WHERE user_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)',
  )
  const history = database.prepare<[string, number], HistoryRow>(
    'SELECT id, at, state, reason FROM bot_history WHERE user_id = ? ORDER BY id DESC LIMIT ?',
  )
  const historySince = database.prepare<[{ user: string; since: number }], HistoryRow>(`
    SELECT id, at, state, reason FROM bot_history
    WHERE user_id = @user AND id >= coalesce((SELECT max(id) FROM bot_history WHERE user_id = @user AND at <= @since), 0) ORDER BY id`)

  const inbox = createInboxStore(database, sealer)
  const proxyPlace = (userId: string): string => `bots:proxy:${userId}`
  const raw = (row: BotRow): Record<string, unknown> => ({
    ...row,
    wanted: row.wanted ? 1 : 0,
    settings: JSON.stringify(row.settings),
    proxy: row.proxy === null ? (row.lockedProxy ?? null) : sealer.seal(row.proxy, proxyPlace(row.userId)),
  })
  const proxyOf = (userId: string, sealed: Buffer | null): Pick<BotRow, 'proxy' | 'lockedProxy'> => {
    const proxy = sealed === null ? null : openOrNull(sealer, sealed, proxyPlace(userId))
    return proxy === null && sealed !== null ? { proxy, lockedProxy: sealed } : { proxy }
  }

  return {
    all: (): BotRow[] =>
      all.all().map((row) => ({
        ...row,
        wanted: row.wanted === 1,
        settings: { ...defaultBotSettings, ...(JSON.parse(row.settings) as Partial<BotSettings>) },
        ...proxyOf(row.userId, row.proxy),
      })),
    /** Tries the proxy again, with the keys that are here now. */
    reopen({ lockedProxy, ...row }: BotRow): Pick<BotRow, 'proxy' | 'lockedProxy'> {
      return lockedProxy === undefined ? { proxy: row.proxy } : proxyOf(row.userId, lockedProxy)
    },
    insert: (row: BotRow): void => void insert.run(raw(row)),
    update: (row: BotRow): void => void update.run(raw(row)),
    /** The bot with everything that is its own. */
    remove: (userId: string): void => void remove.run(userId),
    /** The state in force and its line of history, together. */
    saveState: database.transaction((row: BotRow) => {
      update.run(raw(row))
      addHistory.run(row.userId, row.since, row.state, row.reason)
      trimHistory.run(row.userId, row.userId, historyKept)
    }),
    history: (userId: string, limit: number): HistoryRow[] => history.all(userId, limit),
    /** The oldest first, led by the state that held at that time. */
    historySince: (userId: string, since: number): HistoryRow[] => historySince.all({ user: userId, since }),
    /** A line of history alone: the state in force stays what it is. */
    note: (userId: string, at: number, state: BotState, reason: string): void => void addHistory.run(userId, at, state, reason),
    link: (userId: string) => createLinkStore(database, sealer, userId, inbox),
    inbox,
  }
}

interface RawBot extends Omit<BotRow, 'wanted' | 'proxy' | 'lockedProxy' | 'settings'> {
  settings: string
  wanted: number
  proxy: Buffer | null
}
