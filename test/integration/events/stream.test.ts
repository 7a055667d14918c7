import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '../../../server/clock.ts'
import { createEventBus, type EventBus } from '../../../server/events/bus.ts'
import { eventMessage, type EventMessage, type NewEvent } from '../../../server/events/event.ts'
import { createEventStream, type EventStream, type StreamLimits } from '../../../server/events/stream.ts'
import { createProcessMetrics } from '../../../server/events/process-metrics.ts'
import { settingsWith, testClock, testDatabase, testLog, titleOfType, until, type TestClock } from '../../fakes/kernel.ts'

interface Setup {
  bus: EventBus
  stream: EventStream
  sockets: WebSocketServer
  /** What a full socket's time is told by. */
  clock: TestClock
  /** `since` as the query of the real route. */
  url: string
}

async function setup(limits: Partial<StreamLimits> = {}): Promise<Setup> {
  const bus = createEventBus({
    database: testDatabase(),
    clock: systemClock,
    log: testLog(),
    settings: settingsWith({}),
    titleOf: titleOfType,
  })
  const processMetrics = createProcessMetrics(systemClock)
  const clock = testClock()
  const stream = createEventStream({ bus, clock, processMetrics: () => ({ ...processMetrics(), lanClients: 3 }), limits })
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    const since = new URL(request.url ?? '/', 'ws://x').searchParams.get('since')
    stream.attach(socket, since === null ? {} : { since: Number(since) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // An address of a listening TCP server is never a string.
  const { port } = server.address() as AddressInfo
  onTestFinished(async () => {
    stream.stop()
    bus.stop()
    for (const client of sockets.clients) client.terminate()
    sockets.close()
    server.close()
    await once(server, 'close')
  })
  return { bus, stream, sockets, clock, url: `ws://127.0.0.1:${port}/` }
}

interface Reading {
  socket: WebSocket
  messages: EventMessage[]
  ids(): number[]
  of<Type extends EventMessage['type']>(type: Type): Extract<EventMessage, { type: Type }>[]
}

async function read(url: string): Promise<Reading> {
  const socket = new WebSocket(url)
  onTestFinished(() => socket.terminate())
  const messages: EventMessage[] = []
  socket.on('message', (data) => messages.push(eventMessage.parse(JSON.parse(String(data)))))
  await once(socket, 'open')
  return {
    socket,
    messages,
    of: <Type extends EventMessage['type']>(type: Type) =>
      messages.filter((message): message is Extract<EventMessage, { type: Type }> => message.type === type),
    ids: () => messages.flatMap((message) => (message.type === 'event' ? [message.event.id] : [])),
  }
}

function emit(bus: EventBus, count: number, event: Partial<NewEvent> = {}): void {
  for (let index = 0; index < count; index += 1) bus.emit({ room: 'browsers', type: 'session-opened', ...event })
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** A client that shakes hands and then never reads, like a laptop whose lid was closed. */
async function deafClient(url: string): Promise<Socket> {
  const { port, pathname, search } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16, 1).toString('base64')}\r\n\r\n`,
  )
  await once(socket, 'readable')
  return socket
}

describe('a reader', () => {
  test('is sent a pulse first, and then every event as it happens', async () => {
    const { bus, url } = await setup()
    emit(bus, 2)
    bus.flush()
    const reader = await read(url)
    // The next one comes two seconds later, which a busy machine may be away for.
    await until('the pulse', () => reader.messages.length > 0)
    expect(reader.messages[0]).toMatchObject({ type: 'pulse', lastId: 2, lanClients: 3 })
    expect(reader.of('pulse')[0]?.memoryBytes).toBeGreaterThan(10_000_000)

    emit(bus, 1, { subject: 'user1' })
    await until('the event', () => reader.ids().length === 1)
    expect(reader.of('event')[0]?.event).toMatchObject({ id: 3, title: 'Session opened', subject: 'user1' })
  })

  test('resumes after the last event it saw, without a hole and without doubles, while more happen', async () => {
    const { bus, url } = await setup()
    emit(bus, 1_000)
    bus.flush()
    const reader = await read(`${url}?since=400`)
    emit(bus, 500)
    await until('all events', () => reader.ids().length >= 1_100)
    expect(reader.ids()).toEqual(range(401, 1_500))
    expect(reader.of('gap')).toEqual([])
  })

  test('is told of a gap when what it missed is gone, and goes on from there', async () => {
    const { bus, url } = await setup({ backlog: 100 })
    emit(bus, 200)
    bus.flush()
    const tooFarBehind = await read(`${url}?since=10`)
    const fromElsewhere = await read(`${url}?since=9000`)
    for (const reader of [tooFarBehind, fromElsewhere]) {
      await until('the gap', () => reader.of('gap').length === 1)
      expect(reader.of('gap')).toEqual([{ type: 'gap', lastId: 200 }])
    }
    emit(bus, 1)
    await until('the next event', () => tooFarBehind.ids().length === 1 && fromElsewhere.ids().length === 1)
    expect([...tooFarBehind.ids(), ...fromElsewhere.ids()]).toEqual([201, 201])
  })

  test('gets each of ten thousand events in a burst, one message each', async () => {
    const { bus, url } = await setup({ backlog: 20_000 })
    const readers = [await read(url), await read(url), await read(url)]
    emit(bus, 10_000, { audited: false })
    for (const reader of readers) {
      await until('all events', () => reader.ids().length >= 10_000)
      expect(reader.ids()).toEqual(range(1, 10_000))
    }
  })

  test('is sent a pulse again and again', async () => {
    const { url } = await setup({ pulse: 20 })
    const reader = await read(url)
    await until('five pulses', () => reader.of('pulse').length >= 5)
  })

  test('hears once of many changes to the same thing', async () => {
    const { stream, url } = await setup()
    const reader = await read(url)
    await until('it is attached', () => stream.readers() === 1)
    for (let index = 0; index < 50; index += 1) {
      stream.changed('browsers')
      stream.changed('apis')
    }
    await until('both changes', () => reader.of('changed').length >= 2)
    expect(reader.of('changed').map(({ resource }) => resource)).toEqual(['browsers', 'apis'])
  })

  test('may say what it likes: nothing is done with it', async () => {
    const { bus, url } = await setup()
    const reader = await read(url)
    for (let index = 0; index < 100; index += 1) reader.socket.send('{"type":"event"}'.repeat(100))
    emit(bus, 1)
    await until('the event', () => reader.ids().length === 1)
  })

  test('is closed with 1001 when the server stops', async () => {
    const { stream, url } = await setup()
    const reader = await read(url)
    await until('it is attached', () => stream.readers() === 1)
    const closed = once(reader.socket, 'close')
    stream.stop()
    expect((await closed)[0]).toBe(1_001)
    expect(stream.readers()).toBe(0)
  })

  test('that left is forgotten', async () => {
    const { stream, url } = await setup()
    const reader = await read(url)
    await until('it is attached', () => stream.readers() === 1)
    reader.socket.close()
    await until('it is forgotten', () => stream.readers() === 0)
  })
})

describe('a reader that is too slow', () => {
  const large = { audited: false, data: { text: 'x'.repeat(20_000) } }

  test('holds nobody up: the others get everything while it takes nothing, and it is let go', async () => {
    const { bus, stream, clock, url } = await setup({ buffered: 100_000, stuck: 300, pulse: 20, backlog: 10_000 })
    const deaf = await deafClient(url)
    const reader = await read(url)
    await until('both are attached', () => stream.readers() === 2)
    deaf.pause()
    emit(bus, 2_000, large)
    await until('the good reader has all', () => reader.ids().length === 2_000)
    expect(reader.ids()).toEqual(range(1, 2_000))
    expect(stream.readers()).toBe(2)
    await until('the deaf one is let go', () => {
      clock.advance(301)
      return stream.readers() === 1
    })
    expect(reader.socket.readyState).toBe(WebSocket.OPEN)
  })

  test('is closed with 4008 if it wakes up after all', async () => {
    const { bus, stream, clock, url } = await setup({ buffered: 100_000, stuck: 100, pulse: 20, backlog: 10_000 })
    const reader = await read(url)
    reader.socket.pause()
    emit(bus, 1_000, large)
    await until('it is let go', () => {
      clock.advance(101)
      return stream.readers() === 0
    })
    const closed = once(reader.socket, 'close')
    reader.socket.resume()
    expect((await closed)[0]).toBe(4_008)
  })

  test('is told of the gap once it reads again, and goes on from the newest event', async () => {
    const { bus, stream, url } = await setup({ buffered: 100_000, stuck: 60_000, backlog: 50 })
    const reader = await read(url)
    await until('it is attached', () => stream.readers() === 1)
    reader.socket.pause()
    for (let round = 0; round < 100; round += 1) {
      emit(bus, 20, large)
      await new Promise((resolve) => setImmediate(resolve))
    }
    reader.socket.resume()
    await until('the gap', () => reader.of('gap').length > 0)
    await until('it has caught up', () => (reader.of('gap').at(-1)?.lastId ?? 0) === 2_000 || reader.ids().at(-1) === 2_000)
    emit(bus, 1)
    await until('the next event', () => reader.ids().at(-1) === 2_001)
    const ids = reader.ids()
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
    expect(ids.length).toBeLessThan(2_001)
  })
})

test('a reader that no longer answers pings is cut off', async () => {
  // A machine that is away for longer than the pause between two pings would make a dead one of everybody: they come when the test says so.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const { stream, sockets, url } = await setup({ ping: 30_000 })
  await deafClient(url)
  const alive = await read(url)
  await until('both are attached', () => stream.readers() === 2)
  let answers = 0
  for (const socket of sockets.clients) socket.on('pong', () => (answers += 1))
  for (let pings = 1; pings <= 4; pings += 1) {
    vi.advanceTimersByTime(30_000)
    await until('the living one has answered', () => answers === pings)
  }
  expect(stream.readers()).toBe(1)
  expect(alive.socket.readyState).toBe(WebSocket.OPEN)
})

test('the CPU share is measured between two looks, not over all time', () => {
  const clock = testClock()
  const processMetrics = createProcessMetrics(clock)
  clock.advance(10_000)
  const { cpuPercent, uptime } = processMetrics()
  expect(uptime).toBe(10)
  expect(cpuPercent).toBeGreaterThanOrEqual(0)
  expect(cpuPercent).toBeLessThan(100)
  expect(processMetrics().cpuPercent).toBe(cpuPercent)
})
