import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createEventBus, type EventBus } from '../../../server/events/bus.ts'
import type { BusEvent, NewEvent } from '../../../server/events/event.ts'
import { openDatabase, type Database } from '../../../server/store/database.ts'
import { migrate } from '../../../server/store/migrate.ts'
import {
  settingsWith,
  temporaryFolder,
  testClock,
  testDatabase,
  testLog,
  titleOfType,
  until,
  type TestClock,
  type TestLog,
} from '../../fakes/kernel.ts'

interface Setup {
  bus: EventBus
  database: Database
  clock: TestClock
  log: TestLog
}

function setup({
  database = testDatabase(),
  clock = testClock(),
  recent,
  keepAtMost = 1_000_000,
}: { database?: Database; clock?: TestClock; recent?: number; keepAtMost?: number } = {}): Setup {
  const log = testLog()
  const bus = createEventBus({
    database,
    clock,
    log,
    settings: settingsWith({ audit: { keepAtMost, keepFor: 90 } }),
    titleOf: titleOfType,
    ...(recent === undefined ? {} : { recent }),
  })
  onTestFinished(() => bus.stop())
  return { bus, database, clock, log }
}

function emit(bus: EventBus, count: number, event: Partial<NewEvent> = {}): void {
  for (let index = 0; index < count; index += 1) bus.emit({ room: 'browsers', type: 'session-opened', ...event })
}

const ids = (events: readonly BusEvent[]) => events.map(({ id }) => id)
const delivered = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe('emitting', () => {
  test('gives id, time and what was left out, and reaches subscribers and the audit trail alike', async () => {
    const { bus } = setup()
    const seen: BusEvent[] = []
    bus.subscribe((event) => seen.push(event))
    bus.emit({ room: 'browsers', type: 'session-opened', subject: 'user1', data: { pid: 12, warm: true } })
    await delivered()

    const expected = {
      id: 1,
      at: '2026-01-02T03:04:05.678Z',
      room: 'browsers',
      type: 'session-opened',
      title: 'Session opened',
      subject: 'user1',
      actor: 'system',
      tone: 'neutral',
      data: { pid: 12, warm: true },
    }
    expect(seen).toEqual([expected])
    expect(await bus.query({ limit: 10 })).toEqual({ events: [expected], more: false })
  })

  test('an awaited call goes on only when its event is on the disk', async () => {
    const file = join(temporaryFolder(), 'wheelhouse.db')
    const { bus } = setup({ database: testDatabase(file) })
    const reader = openDatabase(file)
    onTestFinished(() => void reader.close())
    const call = async () => bus.emit({ room: 'control', type: 'key-created' })
    await call()
    expect(reader.prepare('SELECT count(*) AS kept FROM events').get()).toEqual({ kept: 1 })
  })

  test('what is not audited is delivered and not kept', async () => {
    const { bus } = setup()
    const seen: number[] = []
    bus.subscribe(({ id }) => seen.push(id))
    emit(bus, 1, { audited: false })
    emit(bus, 1)
    await delivered()
    expect(seen).toEqual([1, 2])
    expect(ids((await bus.query({ limit: 10 })).events)).toEqual([2])
  })

  test('returns at once: subscribers are called later, in order, and a failing one harms nobody', async () => {
    const { bus, log } = setup()
    const seen: number[] = []
    bus.subscribe(() => {
      throw new Error('subscriber')
    })
    bus.subscribe(({ id }) => seen.push(id))
    emit(bus, 3)
    expect(seen).toEqual([])
    await delivered()
    expect(seen).toEqual([1, 2, 3])
    expect(log.lines.map(({ message }) => message)).toEqual(Array(3).fill('an event subscriber failed'))
  })

  test('is not told to a subscriber who came after it', async () => {
    const { bus } = setup()
    emit(bus, 1)
    bus.flush()
    const seen: number[] = []
    bus.subscribe(({ id }) => seen.push(id))
    emit(bus, 1)
    await delivered()
    expect(seen).toEqual([2])
  })

  test('a subscriber may emit, and one that left hears nothing more', async () => {
    const { bus } = setup()
    const seen: string[] = []
    const leave = bus.subscribe(({ type }) => {
      seen.push(type)
      if (type === 'first') emit(bus, 1, { type: 'second' })
    })
    emit(bus, 1, { type: 'first' })
    await until('the answer', () => seen.length === 2)
    leave()
    emit(bus, 1, { type: 'third' })
    await delivered()
    expect(seen).toEqual(['first', 'second'])
  })

  test('inside a transaction that fails later the event still tells that it happened', async () => {
    const { bus, database } = setup()
    expect(() =>
      database.transaction(() => {
        emit(bus, 1)
        throw new Error('rolled back')
      })(),
    ).toThrow('rolled back')
    await delivered()
    expect(ids((await bus.query({ limit: 10 })).events)).toEqual([1])
  })

  test('while the disk refuses, events are delivered, and written once it takes them again', async () => {
    const { bus, database, log } = setup()
    emit(bus, 1)
    bus.flush()
    database.exec(`CREATE TEMP TRIGGER full BEFORE INSERT ON main.events BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
    const seen: number[] = []
    bus.subscribe(({ id }) => seen.push(id))
    emit(bus, 2)
    await until('both are delivered', () => seen.length === 2)
    expect((await bus.query({ limit: 10 })).events).toHaveLength(1)
    expect(log.lines[0]).toMatchObject({ level: 'error', message: 'the audit trail cannot be written' })

    database.exec('DROP TRIGGER full')
    await until('the rows are written by themselves', async () => (await bus.query({ limit: 10 })).events.length === 3)
    expect(seen.length).toBe(2)
  })

  test('counts events per second over the last ten seconds', () => {
    const { bus, clock } = setup()
    emit(bus, 50)
    clock.advance(5_000)
    emit(bus, 50)
    expect(bus.eventsPerSecond()).toBe(10)
    clock.advance(5_000)
    expect(bus.eventsPerSecond()).toBe(5)
    clock.advance(60_000)
    expect(bus.eventsPerSecond()).toBe(0)
  })
})

describe('ids', () => {
  test('go on without a hole after an orderly stop', () => {
    const database = testDatabase()
    const first = setup({ database })
    emit(first.bus, 3)
    emit(first.bus, 2, { audited: false })
    first.bus.stop()

    const second = setup({ database })
    expect(second.bus.lastId()).toBe(5)
    emit(second.bus, 1)
    second.bus.flush()
    expect(second.bus.since(3, 10)).toMatchObject({ gap: true })
    expect(second.bus.since(5, 10)).toMatchObject({ gap: false, events: [{ id: 6 }] })
  })

  test('never come twice after a crash, also not those of events that were not kept', async () => {
    const file = join(temporaryFolder(), 'wheelhouse.db')
    const { seen } = await runAndKill(file)
    const database = testDatabase(file)
    const { bus } = setup({ database })
    const highest = Math.max(...seen)
    expect(bus.lastId()).toBeGreaterThanOrEqual(highest)
    emit(bus, 1)
    bus.flush()
    expect(bus.lastId()).toBeGreaterThan(highest)
  })
})

describe('an audited event', () => {
  test('survives kill -9 from the moment its emitter has been acknowledged', async () => {
    const file = join(temporaryFolder(), 'wheelhouse.db')
    const { acknowledged } = await runAndKill(file)
    expect(acknowledged.length).toBeGreaterThanOrEqual(100)
    const kept = new Set(testDatabase(file).prepare<[], number>('SELECT id FROM events').pluck().all())
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
  })
})

describe('resuming', () => {
  test('gives what came after, from memory or from the audit trail, page by page', () => {
    const { bus } = setup({ recent: 10 })
    emit(bus, 100)
    bus.flush()
    expect(bus.since(0, 30)).toMatchObject({ gap: false })
    expect(readAll(bus, 0, 7)).toEqual({ ids: range(1, 100), gap: false })
    expect(bus.since(100, 10)).toEqual({ events: [], gap: false })
  })

  test('tells of a gap when events were not kept, are gone, or the id is from another life', async () => {
    const { bus, clock } = setup({ recent: 1 })
    emit(bus, 5, { audited: false })
    emit(bus, 5)
    bus.flush()
    clock.advance(100 * 86_400_000)
    emit(bus, 5)
    bus.flush()
    expect(bus.since(1, 100).gap).toBe(true)
    await bus.trim()
    expect(bus.since(7, 100).gap).toBe(true)
    expect(bus.since(1_000, 100)).toEqual({ events: [], gap: true })
  })

  test('never loses or doubles an event without saying so, through restarts and crashes', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('emit' as const), count: fc.integer({ min: 1, max: 30 }), audited: fc.boolean() }),
      fc.record({ do: fc.constant('read' as const), limit: fc.integer({ min: 1, max: 20 }) }),
      fc.constant({ do: 'restart' as const }),
      fc.constant({ do: 'crash' as const }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), (steps, recent) => {
        const database = openDatabase(':memory:')
        migrate(database)
        const options = { database, clock: testClock(), log: testLog(), settings: settingsWith({}), titleOf: titleOfType, recent }
        let bus = createEventBus(options)
        const emitted = new Set<number>()
        const abandoned: EventBus[] = []
        let place = 0
        let last = 0
        /** What the reader has not been sent since it was last told of a gap. */
        let due: number[] = []

        const read = (limit: number) => {
          const { events, gap } = bus.since(place, limit)
          if (gap) {
            place = bus.lastId()
            due = []
            return false
          }
          expect(ids(events)).toEqual(due.slice(0, events.length))
          due = due.slice(events.length)
          place = events.at(-1)?.id ?? place
          return events.length > 0
        }

        for (const each of steps) {
          if (each.do === 'emit') {
            const stop = bus.subscribe(() => undefined)
            const before = bus.lastId()
            emit(bus, each.count, { audited: each.audited })
            bus.flush()
            stop()
            for (const id of range(before + 1, bus.lastId())) {
              expect(id).toBeGreaterThan(last)
              expect(emitted.has(id)).toBe(false)
              emitted.add(id)
              due.push(id)
              last = id
            }
          } else if (each.do === 'read') {
            read(each.limit)
          } else {
            if (each.do === 'restart') bus.stop()
            else abandoned.push(bus)
            bus = createEventBus(options)
          }
        }
        while (read(5));
        expect(due).toEqual([])
        bus.stop()
        database.close()
      }),
      { numRuns: 150 },
    )
  })
})

describe('the audit trail', () => {
  test('is asked newest first, page by page', async () => {
    const { bus } = setup()
    emit(bus, 25)
    bus.flush()
    const first = await bus.query({ limit: 10 })
    expect(first.more).toBe(true)
    expect(ids(first.events)).toEqual(range(16, 25).reverse())
    expect(await bus.query({ limit: 10, before: 16 })).toMatchObject({ more: true })
    expect(ids((await bus.query({ limit: 10, before: 6 })).events)).toEqual([5, 4, 3, 2, 1])
    expect((await bus.query({ limit: 5, before: 6 })).more).toBe(false)
  })

  test('is filtered by room, tone and text, whose signs mean themselves', async () => {
    const { bus } = setup()
    bus.emit({ room: 'browsers', type: 'login-failed', subject: '100%_sure', tone: 'bad' })
    bus.emit({ room: 'control', type: 'key-created', subject: 'ci\\cd', actor: 'key:Robot', tone: 'good' })
    bus.emit({ room: 'browsers', type: 'session-opened', subject: '100 sure', tone: 'good' })
    bus.flush()
    const found = async (query: object) => ids((await bus.query({ limit: 10, ...query })).events)
    expect(await found({ room: 'browsers' })).toEqual([3, 1])
    expect(await found({ tone: 'good' })).toEqual([3, 2])
    expect(await found({ room: 'browsers', tone: 'good' })).toEqual([3])
    expect(await found({ text: '100' })).toEqual([3, 1])
    expect(await found({ text: '%' })).toEqual([1])
    expect(await found({ text: '0%_s' })).toEqual([1])
    expect(await found({ text: '\\' })).toEqual([2])
    expect(await found({ text: 'robot' })).toEqual([2])
    expect(await found({ text: `'; DROP TABLE events; --` })).toEqual([])
    expect(await found({ text: 'login', before: 1 })).toEqual([])
  })

  test('lets others have their turn while a text is searched through a long trail, and finds it whole', async () => {
    const { bus } = setup()
    bus.emit({ room: 'control', type: 'the-needle' })
    emit(bus, 60_000)
    bus.emit({ room: 'control', type: 'another-needle' })
    bus.flush()
    let turns = 0
    const turn = () => {
      turns += 1
      counting = setImmediate(turn)
    }
    let counting = setImmediate(turn)
    expect(ids((await bus.query({ limit: 10, text: 'needle' })).events)).toEqual([60_002, 1])
    clearImmediate(counting)
    expect(turns).toBeGreaterThanOrEqual(2)
    expect(await bus.query({ limit: 1, text: 'needle' })).toMatchObject({ events: [{ id: 60_002 }], more: true })
    expect(ids((await bus.query({ limit: 1, text: 'needle', before: 60_002 })).events)).toEqual([1])
  })

  test.each([{ room: 'browsers' }, { tone: 'bad' }] as const)('uses an index for %j', (query) => {
    const { database } = setup()
    const [column] = Object.keys(query)
    const plan = database
      .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN SELECT * FROM events WHERE ${column} = 'x' AND id < 5 ORDER BY id DESC LIMIT 10`)
      .all()
    expect(plan.map(({ detail }) => detail)).toEqual([`SEARCH events USING INDEX events_by_${column} (${column}=? AND rowid<?)`])
  })

  test('drops what is older than the settings keep', async () => {
    const { bus, clock } = setup()
    emit(bus, 5_000)
    bus.flush()
    clock.advance(89 * 86_400_000)
    emit(bus, 10)
    bus.flush()
    await bus.trim()
    expect((await bus.query({ limit: 5, before: 2 })).events).toHaveLength(1)
    clock.advance(2 * 86_400_000)
    await bus.trim()
    expect(ids((await bus.query({ limit: 100 })).events)).toEqual(range(5_001, 5_010).reverse())
  })

  test('keeps no more rows than the settings allow, without being asked', async () => {
    const { bus, database } = setup({ keepAtMost: 1_000 })
    const count = database.prepare<[], number>('SELECT count(*) FROM events').pluck()
    emit(bus, 5_005)
    bus.flush()
    await until('the oldest are gone', () => (count.get() ?? 0) <= 1_000)
    expect(count.get()).toBe(1_000)
    expect(bus.lastId()).toBe(5_005)
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}

function readAll(bus: EventBus, since: number, limit: number): { ids: number[]; gap: boolean } {
  const all: number[] = []
  for (let place = since; ;) {
    const { events, gap } = bus.since(place, limit)
    if (gap) return { ids: all, gap }
    if (events.length === 0) return { ids: all, gap: false }
    all.push(...ids(events))
    place = all.at(-1) ?? place
  }
}

/** Runs an emitting process and kills it in the midst of its work. */
async function runAndKill(file: string): Promise<{ acknowledged: number[]; seen: number[] }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./emitting-process.ts', import.meta.url)), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const acknowledged: number[] = []
  const seen: number[] = []
  for await (const line of createInterface(child.stdout)) {
    const [kind, id] = line.split(' ')
    ;(kind === 'acknowledged' ? acknowledged : seen).push(Number(id))
    if (acknowledged.length === 100) child.kill('SIGKILL')
  }
  await ended
  return { acknowledged, seen }
}
