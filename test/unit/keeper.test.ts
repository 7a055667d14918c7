/** Rooms are kept standing: restarted in place, set aside when that does not help, and never taken down by each other. */
import { AsyncResource } from 'node:async_hooks'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createDiskWatch } from '../../server/disk-watch.ts'
import { escape, type Scope } from '../../server/isolation.ts'
import { Keeper } from '../../server/keeper.ts'
import { liveApi } from '../../server/live.ts'
import type { Api } from '../../server/http/api.ts'
import { LazyApi } from '../../server/http/lazy-api.ts'
import type { Room } from '../../server/room.ts'
import { recordedEvents, testClock, testLog } from '../fakes/kernel.ts'
import { inWords } from '../fakes/words.ts'

interface Played {
  room: Room
  starts: number
  stops: number
  /** Lets an error escape that nothing smaller than the room answers for. */
  fail(): Promise<void>
}

const neverCalled = (): LazyApi => new LazyApi(() => Promise.reject(new Error('nobody calls it')))

function house({ startFails = [] as (Error | null)[], settingsHelp = false } = {}) {
  const clock = testClock()
  const events = recordedEvents()
  const log = testLog()
  const disregarded: string[] = []
  let full = false
  const disk = createDiskWatch({
    dataDir: '/data',
    clock,
    changed: () => undefined,
    write: () => {
      if (full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    },
  })
  onTestFinished(() => disk.stop())
  const keeper = new Keeper({
    clock,
    log,
    disk,
    changed: () => undefined,
    setSettingsAside: (room) => {
      disregarded.push(room)
      return settingsHelp
    },
  })
  keeper.events = events

  async function raise(name: Room['name'], failures: (Error | null)[]): Promise<Played> {
    const left = [...failures]
    let run: (() => void) | undefined
    const played: Played = {
      starts: 0,
      stops: 0,
      fail: async () => {
        run?.()
        await settled()
      },
      // The parts that the keeper does not ask for have no business here.
      room: {
        name,
        api: neverCalled(),
        start: async () => {
          played.starts += 1
          run = inRoom()
          const problem = left.shift()
          if (problem != null) throw problem
        },
        stop: async () => void (played.stops += 1),
      } as Room,
    }
    await keeper.raise(
      name,
      () => played.room,
      () => played.room,
    )
    return played
  }
  return {
    clock,
    events,
    log,
    disk,
    keeper,
    disregarded,
    raise,
    fill: (now: boolean) => void (full = now),
    first: () => raise('bots', startFails),
  }
}

/** What the room started and left running: called later, it fails within the room's scope. */
function inRoom(): () => void {
  return AsyncResource.bind(() => escape(new Error('it broke')))
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

it('restarts a room in place when something of it fails that nothing smaller answers for, and leaves the others alone', async () => {
  const { keeper, raise, events } = house()
  const bots = await raise('bots', [])
  const relay = await raise('relay', [])
  await keeper.start()
  await bots.fail()
  expect([bots.starts, bots.stops, relay.starts, relay.stops]).toEqual([2, 1, 1, 0])
  expect(keeper.standing('bots')).toEqual({ is: 'serving' })
  expect(keeper.shelter.refusal('bots')).toBeNull()
  expect(keeper.view('bots')).toEqual({ standing: 'serving', contained: 1 })
  expect(keeper.view('relay').contained).toBe(0)
  expect(events.emitted.map(({ type }) => type)).toEqual(['error-contained', 'room-restarted'])
})

it.each([
  ['loaded again with it', true],
  ['left as it is while nobody has called', false],
])('the API of a room that is made anew is %s', async (_, called) => {
  const { keeper } = house()
  const made: Room[] = []
  const make = (): Room => {
    const api = new LazyApi(() => Promise.resolve({ handlers: { at: () => made.length } } as unknown as Api))
    // The parts that the keeper does not ask for have no business here.
    const room = { name: 'bots', api, start: () => Promise.resolve(), stop: () => Promise.resolve() } as Room
    made.push(room)
    return room
  }
  const bots = await keeper.raise('bots', make, make)
  await keeper.start()
  const served = liveApi(
    () => bots.api,
    (load) => load(),
  )
  if (called) await served.load()
  await keeper.restart('bots')
  expect(made).toHaveLength(2)
  expect(made[1]?.api.loaded !== undefined).toBe(called)
  const api = await served.load()
  expect(api.handlers).toBe(made[1]?.api.loaded?.handlers)
})

it('sets a room aside that fails again and again, says why, and starts it anew for a person', async () => {
  const { keeper, raise } = house()
  const bots = await raise('bots', [])
  await keeper.start()
  for (let time = 0; time < 4; time += 1) await bots.fail()
  expect(keeper.standing('bots')).toMatchObject({
    is: 'down',
    reason: expect.stringContaining('4 times in ten minutes, last with: it broke'),
  })
  expect(keeper.shelter.refusal('bots')).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('Bots cannot be served: it failed 4 times'),
  })
  expect(inWords(keeper.attention())).toMatchObject([
    { id: 'room:bots', tone: 'bad', title: 'Bots cannot be served', action: 'restart-room' },
  ])
  await keeper.restart('bots')
  expect(keeper.attention()).toEqual([])
  expect(keeper.shelter.refusal('bots')).toBeNull()
})

it('restarts a room as often as it fails now and then', async () => {
  const { keeper, raise, clock } = house()
  const bots = await raise('bots', [])
  await keeper.start()
  for (let time = 0; time < 8; time += 1) {
    await bots.fail()
    clock.advance(300_000)
  }
  expect(keeper.standing('bots')).toEqual({ is: 'serving' })
})

it('tries a start twice, then without what is set for the room, then sets the room aside', async () => {
  const broken = new Error('no such place')
  const helped = house({ startFails: [broken, broken, null], settingsHelp: true })
  const room = await helped.first()
  await helped.keeper.start()
  expect(helped.keeper.standing('bots')).toEqual({ is: 'serving' })
  expect(helped.disregarded).toEqual(['bots'])
  expect([room.starts, room.stops]).toEqual([3, 2])

  const unhelped = house({ startFails: [broken, broken, broken, broken, null] })
  await unhelped.first()
  await unhelped.keeper.start()
  expect(unhelped.keeper.standing('bots')).toMatchObject({ is: 'down', reason: 'no such place', code: 'unavailable' })
  await expect(unhelped.keeper.restart('bots')).rejects.toMatchObject({ code: 'room-down', message: 'no such place' })
  await expect(unhelped.keeper.restart('bots')).rejects.toMatchObject({ code: 'room-down' })
  await unhelped.keeper.restart('bots')
  expect(unhelped.keeper.standing('bots')).toEqual({ is: 'serving' })
})

it('says 507 and names the disk for a room that the disk does not let start, and does not blame its settings', async () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' })
  const { keeper, first, disk, disregarded } = house({ startFails: [full, full], settingsHelp: true })
  await first()
  await keeper.start()
  expect(keeper.shelter.refusal('bots')).toMatchObject({ code: 'storage-refused', message: 'Bots cannot be served: the disk is full' })
  expect(disregarded).toEqual([])
  expect(inWords(disk.attention()).map(({ room, title }) => [room, title])).toEqual([
    ['control', 'Settings, keys and the audit trail cannot be stored'],
    ['bots', 'Bots, their messages and rules cannot be stored'],
  ])
})

it('serves the others where one room cannot even be made, and makes it once that is mended', async () => {
  const { keeper, raise } = house()
  const damaged = Object.assign(new Error('input/output error'), { code: 'EIO' })
  const spare = await raise('relay', [])
  const real = { ...spare.room, name: 'bots' as const }
  let mended = false
  const bots = await keeper.raise(
    'bots',
    () => (mended ? real : Promise.reject(damaged)),
    () => ({ ...spare.room, name: 'bots' as const, summary: () => expect.fail('of the one that stands in') }),
  )
  await keeper.start()
  expect(keeper.shelter.refusal('relay')).toBeNull()
  expect(keeper.shelter.refusal('bots')).toMatchObject({ code: 'storage-refused' })
  expect(keeper.attention()).toMatchObject([{ room: 'bots', action: 'restart-room' }])
  await expect(keeper.restart('bots')).rejects.toMatchObject({ code: 'room-down' })
  mended = true
  await keeper.restart('bots')
  expect(keeper.shelter.refusal('bots')).toBeNull()
  expect(bots.start).not.toBe(spare.room.start)
})

it('makes a restarted room anew, and whoever has it speaks to the new one', async () => {
  const { keeper, events } = house()
  let made = 0
  const bots = await keeper.raise(
    'bots',
    () => {
      made += 1
      const facts = { made: `the one made ${made}` }
      const parts = { api: neverCalled(), start: async () => undefined, stop: async () => undefined, summary: () => ({ facts }) }
      return { name: 'bots', ...parts } as unknown as Room // what the keeper needs, and what is asked for below
    },
    () => expect.fail('nothing stands in'),
  )
  await keeper.start()
  expect(bots.summary().facts['made']).toBe('the one made 1')
  await keeper.restart('bots')
  expect(bots.summary().facts['made']).toBe('the one made 2')
  expect(events.emitted.map(({ type }) => type)).toEqual(['room-restarted'])
})

it('stops every room to its end, though one fails to stop', async () => {
  const { keeper } = house()
  const written: string[] = []
  const room = (name: Room['name'], stop: () => Promise<void>) => () => ({ name, start: async () => undefined, stop }) as unknown as Room // what the keeper needs
  await keeper.raise(
    'bots',
    room('bots', () => Promise.reject(new Error('cannot stop'))),
    () => expect.fail('nothing stands in'),
  )
  await keeper.raise(
    'logins',
    room('logins', async () => {
      await settled()
      written.push('the last of logins')
    }),
    () => expect.fail('nothing stands in'),
  )
  await keeper.start()
  await keeper.stop()
  expect(written).toEqual(['the last of logins'])
})

it('does not start anew what did not stop', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { keeper } = house()
  let made = 0
  await keeper.raise(
    'bots',
    () => {
      made += 1
      return { name: 'bots', start: async () => undefined, stop: () => new Promise(() => undefined) } as unknown as Room // what the keeper needs
    },
    () => expect.fail('nothing stands in'),
  )
  await keeper.start()
  const restarted = expect(keeper.restart('bots')).rejects.toMatchObject({
    code: 'room-down',
    message: expect.stringContaining('could not be stopped'),
  })
  await vi.runAllTimersAsync()
  await restarted
  expect(made).toBe(1)
})

it('sets a room aside that cannot be made for a reason of its own, after a try without what is set for it', async () => {
  const odd = new SyntaxError('a row that is no JSON')
  const { keeper, raise, disregarded } = house({ settingsHelp: true })
  const spare = (await raise('relay', [])).room
  let tries = 0
  await keeper.raise(
    'bots',
    () => {
      tries += 1
      return Promise.reject(odd)
    },
    () => ({ ...spare, name: 'bots' }),
  )
  await keeper.start()
  expect([tries, disregarded]).toEqual([2, ['bots']])
  expect(keeper.shelter.refusal('bots')).toMatchObject({ code: 'unavailable', message: 'Bots cannot be served: a row that is no JSON' })
  expect(keeper.shelter.refusal('relay')).toBeNull()
})

it('does not start at all with a room that cannot be made on an empty database either', async () => {
  const { keeper } = house()
  await expect(
    keeper.raise(
      'bots',
      () => Promise.reject(new TypeError('ours')),
      () => Promise.reject(new TypeError('ours as well')),
    ),
  ).rejects.toThrow('ours as well')
})

it('logs what fails with every frame the first time, the tenth and the hundredth, and counts all', async () => {
  const { keeper, log, first } = house()
  await first()
  const scope: Scope = { room: 'bots', kind: 'bot', id: 'a', escaped: () => undefined }
  for (let time = 0; time < 250; time += 1) keeper.shelter.enter(scope, () => escape(new Error('cannot decrypt')))
  expect(keeper.view('bots').contained).toBe(250)
  expect(log.lines.map(({ facts }) => facts)).toMatchObject([{ count: 1, kind: 'bot', id: 'a' }, { count: 10 }, { count: 100 }])
  expect(log.lines[0]?.facts).toHaveProperty('error.stack')
})

it('names the disk while it refuses, and forgets it once it takes what it is given', async () => {
  const { disk, fill } = house()
  fill(true)
  expect(disk.probe()).toMatchObject({ kind: 'full' })
  disk.refused('logins', { kind: 'full', reason: 'the disk is full' })
  expect(disk.complaints()).toEqual(['Wheelhouse keeps its data in /data, and cannot write there: the disk is full.'])
  expect(disk.attention().map(({ room }) => room)).toEqual(['control', 'logins'])
  fill(false)
  disk.probe()
  expect(disk.attention()).toEqual([])
})

it('does not forget a damaged file because there is room to write', () => {
  const { disk } = house()
  disk.refused('logins', { kind: 'broken', reason: 'the file is damaged' })
  disk.probe()
  expect(inWords(disk.attention()).map(({ room, title }) => [room, title])).toEqual([
    ['control', 'Settings, keys and the audit trail cannot be read'],
    ['logins', 'Logins and their users cannot be read'],
  ])
})
