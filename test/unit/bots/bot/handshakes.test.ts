/** Many bots that lose their connections at once: what is told of it, and how they come back. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createBackups } from '../../../../server/bots/backups/backups.ts'
import { createBackupStore } from '../../../../server/bots/backups/store.ts'
import type { Connection, Engine, EngineEvents } from '../../../../server/bots/engine/engine.ts'
import { createHandshakes, type End } from '../../../../server/bots/bot/handshakes.ts'
import { closeOf } from '../../../../server/bots/engine/whatsapp-codes.ts'
import { People } from '../../../../server/bots/people/people.ts'
import { BotService } from '../../../../server/bots/service.ts'
import { createBotStore, defaultBotSettings, type BotRow, type BotStore } from '../../../../server/bots/store.ts'
import { createSealer } from '../../../../server/secrets/seal.ts'
import { openDatabase, type Database } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'
import { testLog } from '../../../fakes/kernel.ts'

const clock = { now: () => Date.now(), monotonic: () => Date.now() }
let database: Database
let store: BotStore
let service: BotService
/** States that were told, in their order. */
let told: string[]
let network: { isUp: boolean; code: number; underWay: number; most: number; opened: number[]; online: Set<EngineEvents> }

/** Half a second for a handshake; while the network is down none succeeds. */
const engine: Engine = {
  qrLife: [60_000, 20_000],
  pairingLife: 160_000,
  isLinked: () => true,
  readForeign: () => Promise.reject(new Error('nothing is taken over here')),
  newMessageId: () => 'ID',
  ownVersion: async () => '2.3000.1',
  async connect(_auth, events) {
    network.underWay += 1
    network.most = Math.max(network.most, network.underWay)
    network.opened.push(clock.now())
    const timer = setTimeout(() => {
      network.underWay -= 1
      if (!network.isUp) return events.closed(closeOf(network.code, { words: 'timed out' }))
      network.online.add(events)
      events.open({ number: '', name: null })
    }, 500)
    const end = (): Promise<void> => {
      clearTimeout(timer)
      network.online.delete(events)
      return Promise.resolve()
    }
    return { end } as Connection // nothing is sent here
  },
}

const cut = (): void => {
  for (const events of network.online) events.closed(closeOf(428, { words: 'cut' }))
  network.online.clear()
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-25T09:00:00Z') })
  told = []
  network = { isUp: true, code: 408, underWay: 0, most: 0, opened: [], online: new Set() }
  database = openDatabase(':memory:')
  migrate(database)
  const sealer = createSealer(randomBytes(32))
  store = createBotStore(database, sealer)
  for (let index = 0; index < 50; index += 1) {
    const row: BotRow = {
      userId: `bot${index}`,
      phoneNumber: `155501${String(index).padStart(5, '0')}`,
      name: null,
      label: '',
      notes: '',
      proxy: null,
      wanted: true,
      state: 'stopped',
      reason: null,
      cause: null,
      since: 0,
      createdAt: index,
      linkedAt: 1,
      settings: { ...defaultBotSettings },
      madeBy: null,
    }
    store.insert(row)
  }
  let seed = 7
  service = new BotService({
    ...{ engine, store, clock, log: testLog(), backups: createBackups(createBackupStore(database), sealer, clock), stagger: 0 },
    random() {
      seed = (seed * 16_807) % 2_147_483_647
      return seed / 2_147_483_647
    },
    onChange({ row }, state) {
      if (state !== null) told.push(`${row.userId} ${state}`)
    },
    onArrival() {},
    onMessage() {},
    onRefusal() {},
    onProgress() {},
    onHappening() {},
    sent: () => null,
    people: (userId) => new People({ database, merge: () => false, onMerged() {} }).of(userId),
    authenticator: () => null,
    onAction() {},
  })
})

afterEach(async () => {
  await service.suspend()
  vi.useRealTimers()
  database.close()
})

const online = (): number => service.list().filter(({ state }) => state === 'online').length

test('fifty bots come back from a start and from a cut ten at a time, each after a wait of its own', async () => {
  service.resume()
  await vi.advanceTimersByTimeAsync(5_000)
  expect([online(), network.most]).toEqual([50, 10])

  Object.assign(network, { most: 0, opened: [] })
  cut()
  await vi.advanceTimersByTimeAsync(10_000)
  expect([online(), network.most]).toEqual([50, 10])
  expect(network.opened).toHaveLength(50)
  // The first wait is half a second to one.
  expect(Math.max(...network.opened) - Math.min(...network.opened)).toBeGreaterThan(1_500)
  expect(new Set(network.opened.slice(0, 10)).size).toBeGreaterThan(5)
})

test('what a person starts does not stand in line, and who is stopped leaves it', async () => {
  network.isUp = false
  service.resume()
  await vi.advanceTimersByTimeAsync(1)
  expect(network.underWay).toBe(10)
  await service.get('bot40').start()
  expect(network.underWay).toBe(11)
  const others = service.list().filter(({ row }) => row.userId !== 'bot40')
  await Promise.all(others.map((bot) => bot.stop()))
  network.isUp = true
  await vi.advanceTimersByTimeAsync(60_000)
  expect([online(), service.get('bot40').state, service.get('bot41').state]).toEqual([1, 'online', 'stopped'])
})

test('a bot that a person starts or stops while the others come back is left as it is', async () => {
  service.resume()
  await service.get('bot0').start()
  await service.get('bot1').stop()
  await vi.advanceTimersByTimeAsync(5_000)
  expect([online(), service.get('bot1').state]).toEqual([49, 'stopped'])
  expect(told.filter((line) => line.startsWith('bot0 '))).toEqual(['bot0 starting', 'bot0 online'])
})

test('a loss is told once with its reason, the attempts after it are only shown, and then the return', async () => {
  service.resume()
  await vi.advanceTimersByTimeAsync(5_000)
  const before = store.history('bot0', 100).length
  told = []
  network.isUp = false
  const lostAt = clock.now()
  cut()
  const bot = service.get('bot0')
  await vi.advanceTimersByTimeAsync(30 * 60_000)
  expect(bot.attempt).toBeGreaterThan(20)
  expect(told.filter((line) => line.startsWith('bot0 '))).toEqual(['bot0 reconnecting'])
  // What is shown is the newest: since when it is away, why the last attempt failed, and when the next one comes.
  expect(bot.row).toMatchObject({ since: lostAt, reason: expect.stringContaining('408') })
  expect(store.all()[0]).toMatchObject({ userId: 'bot0', since: lostAt })

  network.isUp = true
  await vi.advanceTimersByTimeAsync(2 * 60_000)
  expect(told.filter((line) => line.startsWith('bot0 '))).toEqual(['bot0 reconnecting', 'bot0 online'])
  const history = store.history('bot0', 100)
  expect(history.slice(0, history.length - before)).toMatchObject([
    { state: 'online' },
    { state: 'reconnecting', at: lostAt, reason: 'Connection lost (428): cut' },
  ])

  told = []
  cut()
  await vi.advanceTimersByTimeAsync(2 * 60_000)
  expect(told.filter((line) => line.startsWith('bot0 '))).toEqual(['bot0 reconnecting', 'bot0 online'])
})

test('a second link to a number whose connection is lost before it is taken back is set aside, and does not wait for ever', async () => {
  service.resume()
  await vi.advanceTimersByTimeAsync(5_000)
  const [events] = network.online
  events?.open({ number: '15550100001', name: null })
  cut()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(service.get('bot0').row).toMatchObject({
    state: 'failed',
    wanted: false,
    reason: expect.stringContaining('linked here already, as bot1'),
  })
})

test('a bot that WhatsApp asks to connect again while its room is about to stop does not do so afterwards', async () => {
  Object.assign(network, { isUp: false, code: 515 })
  const unlinked = service.logOut('bot0', 'owner').catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(100)
  const suspended = service.suspend()
  await vi.advanceTimersByTimeAsync(60_000)
  await Promise.all([unlinked, suspended])
  expect([network.opened.length, service.get('bot0').state]).toEqual([1, 'stopped'])
})

test('a handshake that hears nothing gives its place to the next after a while', () => {
  const handshakes = createHandshakes({ atOnce: 1, longest: 30_000 })
  const begun: string[] = []
  const ends: End[] = []
  for (const name of ['first', 'second', 'third']) ends.push(handshakes.wait(() => begun.push(name)))
  expect(begun).toEqual(['first'])
  vi.advanceTimersByTime(30_000)
  expect(begun).toEqual(['first', 'second'])
  // Late, and twice: a place is given back once.
  ends[0]?.()
  ends[0]?.()
  expect(begun).toEqual(['first', 'second'])
  ends[1]?.()
  expect(begun).toEqual(['first', 'second', 'third'])
})
