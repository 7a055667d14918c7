/** What is kept of a bot, and what is only shown of it. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BotRecord } from '../../../../server/bots/bot/record.ts'
import type { BotState } from '../../../../server/bots/contract/index.ts'
import { locked } from '../../../../server/bots/locked/locked.ts'
import { createBotStore, defaultBotSettings, type BotRow, type BotStore } from '../../../../server/bots/store.ts'
import { createSealer } from '../../../../server/secrets/seal.ts'
import { openDatabase, type Database } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'
import { testLog } from '../../../fakes/kernel.ts'

let database: Database
let store: BotStore
let isLocked: boolean
let news: (BotState | null)[]
let now: number

beforeEach(() => {
  database = openDatabase(':memory:')
  migrate(database)
  store = createBotStore(database, createSealer(randomBytes(32)))
  isLocked = false
  news = []
  now = 1_000
})

afterEach(() => database.close())

function record(kept: Partial<BotRow> = {}): BotRecord {
  const row: BotRow = {
    ...{ userId: 'gate', phoneNumber: '15550100142', name: null, label: '', notes: '', proxy: null, madeBy: null },
    ...{ wanted: true, state: 'stopped', reason: null, cause: null, since: 500, createdAt: 0, linkedAt: 1, settings: defaultBotSettings },
    ...kept,
  }
  store.insert(row)
  return new BotRecord(row, {
    store,
    clock: { now: () => now, monotonic: () => now },
    log: testLog(),
    engine: {
      isLinked() {
        if (isLocked) throw locked(new Error('no key'))
        return true
      },
    },
    onChange: (state) => void news.push(state),
  })
}

const kept = () => store.all()[0]

test('a bot that is locked is shown as failed, kept as it was, and is that again with its key', () => {
  isLocked = true
  const bot = record({ state: 'logged_out', reason: 'Unlinked on the phone (401)', wanted: false })
  expect(bot.row).toMatchObject({ state: 'failed', reason: expect.stringContaining('locked'), since: 1_000 })
  now = 2_000
  bot.change({ notes: 'in the gate house' })
  expect(bot.row.since).toBe(1_000)
  expect(kept()).toMatchObject({ state: 'logged_out', reason: 'Unlinked on the phone (401)', since: 500, notes: 'in the gate house' })
  isLocked = false
  bot.reopen()
  expect(bot.row).toMatchObject({ state: 'logged_out', since: 500 })
})

test('what is locked and given up is stopped, and no link is left', () => {
  isLocked = true
  const bot = record({ state: 'failed', wanted: true })
  bot.giveUpLocked()
  expect([bot.isLocked, bot.row.state, bot.row.linkedAt]).toEqual([false, 'stopped', null])
  expect(kept()).toMatchObject({ state: 'stopped', wanted: false, reason: expect.stringContaining('given up') })
})

test('no connection outlives the process, whatever the row says, and what waited for a person still does', () => {
  expect(record({ state: 'online' }).row).toMatchObject({ state: 'stopped', wanted: true })
  database.exec('DELETE FROM bots')
  expect(record({ state: 'blocked' }).row).toMatchObject({ state: 'blocked' })
})

test('a room that stops is written into the history alone: the row goes on to say what is to run', () => {
  const bot = record()
  for (const event of ['started', 'opened', 'suspended'] as const) bot.handle(event)
  expect(bot.row).toMatchObject({ state: 'stopped', wanted: true })
  expect(kept()).toMatchObject({ state: 'online', wanted: true })
  expect(store.history('gate', 1)).toMatchObject([{ state: 'stopped', reason: 'Wheelhouse was closed' }])
  expect(news).toEqual(['starting', 'online', null])
})

test('a loss is news and so is the return; the attempts between them are shown, since the loss', () => {
  const bot = record()
  bot.handle('started')
  bot.handle('opened')
  now = 2_000
  bot.handle('lost', { cause: 'lost', reason: 'cut' })
  now = 3_000
  for (const event of ['turn-came', 'lost', 'turn-came'] as const) bot.handle(event)
  expect(bot.row).toMatchObject({ state: 'starting', since: 2_000 })
  bot.handle('opened')
  expect(bot.row).toMatchObject({ state: 'online', since: 3_000 })
  expect(news).toEqual(['starting', 'online', 'reconnecting', null, null, null, 'online'])
})

test('an event that the life does not know changes nothing', () => {
  const bot = record()
  expect(bot.handle('opened', { cause: 'lost', reason: 'late' })).toBe(false)
  expect(bot.row).toMatchObject({ state: 'stopped', reason: null, since: 500 })
  expect(news).toEqual([])
})
