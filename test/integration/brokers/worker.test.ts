/** What this program itself works on messages with: its queue in the real journal, through restarts, suspensions and handlers that fail. */
import { cpSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import type { StartTimer } from '../../../server/async/deadline.ts'
import type { Message } from '../../../server/brokers/engine/types.ts'
import { GivenUp, removeWorkers, Worker, type WorkerGiven } from '../../../server/brokers/in-process/worker.ts'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { temporaryFolder, until } from '../../fakes/kernel.ts'

type Handle = WorkerGiven['handle']

async function open(dataDir = temporaryFolder(), policy: Record<string, unknown> = {}) {
  const house = await openBrokers({ dataDir })
  if (!house.room.service.has('work')) await house.createSession({ sessionName: 'work', ...policy })
  return { house, dataDir, publish: publisherTo(house) }
}

function publisherTo({ room }: BrokerHouse) {
  return (topic: string, data: string, more: { qos?: 0 | 1; retain?: boolean } = {}) =>
    room.inProcessClient.publish('work', { topic, data, retain: false, publisher: 'test', id: `${topic}:${data}`, ...more })
}

function workerOf({ room: { service } }: BrokerHouse, handle: Handle, more: Partial<WorkerGiven> = {}): Worker {
  const worker = new Worker({ service, session: service.byName('work'), key: 'test', name: 'worker', filters: ['#'], handle, ...more })
  onTestFinished(() => worker.stop())
  worker.start()
  return worker
}

const textOf = ({ body }: Message): unknown => (JSON.parse(body.toString()) as { data: unknown }).data
/** Notes what it gets, and does nothing else. */
function noting() {
  const seen: unknown[] = []
  const handle: Handle = async (message) => void seen.push(textOf(message))
  return { seen, handle }
}
/** Is under way until it is told to come to an end. */
function holding() {
  const seen: unknown[] = []
  const ends: (() => void)[] = []
  const handle: Handle = (message) => {
    seen.push(textOf(message))
    return new Promise((resolve) => ends.push(resolve))
  }
  return { seen, ends, handle }
}
/** Timers that ring when the test says so. */
function heldTimers() {
  const waits: number[] = []
  const rings: (() => void)[] = []
  const startTimer: StartTimer = (ms, ring) => {
    waits.push(ms)
    rings.push(ring)
    return () => void rings.splice(rings.indexOf(ring), 1)
  }
  return { waits, startTimer, ring: () => rings.splice(0).forEach((ring) => ring()) }
}
const attached = (worker: Worker): Promise<void> => until('the worker has its place', () => worker.isAttached)

it('a message leaves the queue once its handler is done, and not before', async () => {
  const { house, publish } = await open()
  const { seen, ends, handle } = holding()
  await attached(workerOf(house, handle))
  await publish('a', '1')
  await until('it is under way', () => seen.length === 1)
  expect(countsIn(house)?.queued).toBe(1)
  ends.forEach((end) => end())
  await until('it is acknowledged', () => countsIn(house)?.queued === 0)
})

it('what was not acknowledged is handled after a restart of the room, in its order', async () => {
  const { house, publish } = await open()
  const { seen, handle } = holding()
  const first = workerOf(house, handle)
  await attached(first)
  for (const text of ['1', '2', '3']) await publish('a', text)
  await until('the first is under way', () => seen.length === 1)
  first.stop()
  const after = noting()
  const second = workerOf(house, after.handle, { key: 'test' })
  await until('all are handled', () => after.seen.length === 3)
  second.stop()
  await publish('a', '4')
  await house.restart()
  second.start()
  await until('and what came while it was stopped', () => after.seen.length === 4)
  expect(after.seen).toEqual(['1', '2', '3', '4'])
})

it('a worker takes its place again when the room was restarted under it', async () => {
  const { house, publish } = await open()
  const { seen, handle } = noting()
  const worker = workerOf(house, handle)
  await attached(worker)
  await house.restart()
  await attached(worker)
  await publish('a', '1')
  await until('it is handled', () => seen.length === 1)
})

it('what was accepted and not acknowledged is there after kill -9', async () => {
  const { house, dataDir, publish } = await open()
  const { seen, ends, handle } = holding()
  await attached(workerOf(house, handle, { atOnce: 1 }))
  for (const text of ['1', '2']) await publish('a', text)
  await until('the first is under way', () => seen.length === 1)
  ends.shift()?.()
  await until('the second is under way', () => seen.length === 2)
  await publish('a', '3')
  // What is on the disk at this moment is what a killed process leaves.
  const killed = temporaryFolder()
  cpSync(dataDir, killed, { recursive: true })
  const { house: next } = await open(killed)
  const after = noting()
  await attached(workerOf(next, after.handle))
  await until('the rest is handled', () => after.seen.length === 2)
  expect(after.seen).toEqual(['2', '3'])
  expect(countsIn(next)?.deadLetters).toBe(0)
  ends.forEach((end) => end())
})

it('rests while the session is suspended, its handlers hear of it, and goes on by itself with what was left', async () => {
  const { house, publish } = await open()
  const signals: AbortSignal[] = []
  const seen: unknown[] = []
  const worker = workerOf(house, async (message, { signal }) => {
    seen.push(textOf(message))
    signals.push(signal)
    if (signals.length === 1)
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('the place is lost'))))
  })
  await attached(worker)
  await publish('a', '1')
  await until('it is under way', () => seen.length === 1)
  house.room.service.setSuspended('work', true, 'test')
  expect(worker.isAttached).toBe(false)
  expect(signals[0]?.aborted).toBe(true)
  await Promise.resolve()
  house.room.service.setSuspended('work', false, 'test')
  await until('it is handled again', () => seen.length === 2)
  expect(seen).toEqual(['1', '1'])
  await until('it is acknowledged', () => countsIn(house)?.queued === 0)
})

it('comes back when its owner disconnects it in the window', async () => {
  const { house, publish } = await open()
  const { seen, handle } = noting()
  const worker = workerOf(house, handle)
  await attached(worker)
  await house.room.service.engine.disconnect(house.room.service.byName('work').id, worker.id, 'kicked')
  await publish('a', '1')
  await until('it is handled', () => seen.length === 1)
})

it('is over when its session is dropped, also while it rests, and a new session of that name is none of its', async () => {
  const { house, publish } = await open()
  const { seen, handle } = noting()
  let dropped = 0
  const onDropped = (): void => void (dropped += 1)
  await attached(workerOf(house, handle, { onDropped }))
  house.room.service.setSuspended('work', true, 'test')
  await house.room.service.drop('work', 'test')
  await house.createSession({ sessionName: 'work' })
  await until('it knows', () => dropped === 1)
  await publish('a', '1')
  expect(seen).toEqual([])
  expect(house.room.service.clients.workers.size).toBe(0)

  await attached(workerOf(house, handle, { onDropped }))
  await house.room.service.drop('work', 'test')
  expect(dropped).toBe(2)
  expect(house.faults).toEqual([])
})

it('a handler that fails is asked again after growing waits, its message stays, and other topics go on', async () => {
  const { house, publish } = await open()
  const { waits, startTimer, ring } = heldTimers()
  const seen: string[] = []
  let isWell = false
  await attached(
    workerOf(
      house,
      async (message, { attempt }) => {
        seen.push(`${message.topic} ${attempt}`)
        if (message.topic === 'bad' && !isWell) throw new Error('refused')
      },
      { startTimer, random: () => 1 },
    ),
  )
  await publish('bad', '1')
  await publish('bad', '2')
  await publish('good', '1')
  for (let times = 1; times <= 9; times += 1) {
    await until('it waits', () => waits.length === times)
    ring()
  }
  await until('it waits', () => waits.length === 10)
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000])
  expect(seen).toContain('good 1')
  expect(countsIn(house)?.queued).toBe(2)
  isWell = true
  ring()
  await until('all is acknowledged', () => countsIn(house)?.queued === 0)
  expect(seen.filter((each) => each.startsWith('bad')).slice(-3)).toEqual(['bad 10', 'bad 11', 'bad 1'])
})

it('waits differ from worker to worker, between half and all of the wait', async () => {
  const { house, publish } = await open()
  const { waits, startTimer } = heldTimers()
  await attached(workerOf(house, () => Promise.reject(new Error('refused')), { startTimer, random: () => 0 }))
  await publish('a', '1')
  await until('it waits', () => waits.length === 1)
  expect(waits).toEqual([500])
})

it('a message whose handler takes its time is not given out again, however often the session tries with clients', async () => {
  const { house, publish } = await open(temporaryFolder(), { retryInterval: 10, maxRetryLimit: 3 })
  const { seen, ends, handle } = holding()
  await attached(workerOf(house, handle))
  const client = await FrameClient.join(house.url, { sessionName: 'work', password: 'secure-password-123' })
  await client.subscribe('a')
  await publish('a', '1')
  await until('the client was given up', () => countsIn(house)?.deadLetters === 1)
  expect(seen).toEqual(['1'])
  ends.forEach((end) => end())
  await until('it is acknowledged', () => countsIn(house)?.queued === 0)
})

it('no more handlers are under way than it was told, topics side by side and each in its order', async () => {
  const { house, publish } = await open()
  const { seen, ends, handle } = holding()
  const worker = workerOf(house, handle, { atOnce: 2, mostHeld: 4 })
  await attached(worker)
  for (const text of ['1', '2', '3']) for (const topic of ['a', 'b', 'c']) await publish(topic, `${topic}${text}`)
  await until('it holds what it may', () => worker.held === 4)
  expect(seen).toEqual(['a1', 'b1'])
  expect(countsIn(house)?.queued).toBe(9)
  while (seen.length < 9 || ends.length > 0) {
    ends.splice(0).forEach((end) => end())
    await new Promise(setImmediate)
    expect(worker.held).toBeLessThanOrEqual(4)
  }
  for (const topic of ['a', 'b', 'c'])
    expect(seen.filter((text) => String(text).startsWith(topic))).toEqual([1, 2, 3].map((number) => `${topic}${number}`))
  await until('all is acknowledged', () => countsIn(house)?.queued === 0)
})

it('what its handler gives up is a dead letter, which comes to it again when it is replayed', async () => {
  const { house, publish } = await open()
  let isPoison = true
  const seen: unknown[] = []
  await attached(
    workerOf(house, async (message) => {
      seen.push(textOf(message))
      if (isPoison && textOf(message) === 'poison') throw new GivenUp('cannot be read')
    }),
  )
  await publish('a', 'poison')
  await publish('a', 'fine')
  await until('the next one had its turn', () => seen.length === 2)
  const { deadLetters } = await house.room.inProcessClient.deadLetters('work', 10)
  expect(deadLetters).toMatchObject([{ subscriber: 'worker:test', reason: 'unsendable', preview: 'poison' }])
  isPoison = false
  await house.room.inProcessClient.replay('work', { all: true })
  await until('it came again', () => seen.length === 3)
  expect(seen).toEqual(['poison', 'fine', 'poison'])
})

it('what was purged while it waited here is not handled', async () => {
  const { house, publish } = await open()
  const { seen, ends, handle } = holding()
  await attached(workerOf(house, handle))
  for (const text of ['1', '2', '3']) await publish('a', text)
  await until('the first is under way', () => seen.length === 1)
  const { engine } = house.room.service
  const { id } = house.room.service.byName('work')
  const [client] = await engine.clients(id)
  await engine.purge(id, client?.subscriberId ?? 0)
  await publish('a', '4')
  while (seen.length < 2) {
    ends.splice(0).forEach((end) => end())
    await new Promise(setImmediate)
  }
  expect(seen).toEqual(['1', '4'])
  ends.forEach((end) => end())
})

it('its queue is kept while it is stopped, and gone with remove or when nobody runs it any more', async () => {
  const { house, publish } = await open()
  const { service } = house.room
  const worker = workerOf(house, noting().handle)
  await attached(worker)
  worker.stop()
  await publish('a', '1')
  expect(countsIn(house)?.queued).toBe(1)
  await worker.remove()
  expect(countsIn(house)?.queued).toBe(0)
  expect(await service.engine.clients(service.byName('work').id)).toEqual([])
  const stray = workerOf(house, noting().handle, { key: 'stray' })
  await attached(stray)
  stray.stop()
  await removeWorkers(service, service.byName('work'), (key) => key === 'worker:stray')
  expect(await service.engine.clients(service.byName('work').id)).toEqual([])
})

it('listens to other filters from the moment it is told', async () => {
  const { house, publish } = await open()
  const { seen, handle } = noting()
  const worker = workerOf(house, handle, { filters: ['a', 'b'] })
  await attached(worker)
  await worker.listenTo(['b', 'c'])
  for (const topic of ['a', 'b', 'c']) await publish(topic, topic)
  await until('two are handled', () => seen.length === 2)
  expect(seen).toEqual(['b', 'c'])
  expect(() => workerOf(house, handle, { filters: ['$share/g/a'] })).toThrow('Invalid topic')
})

it('handles what is sent without acknowledgement, what is retained when it is new, and not what it publishes itself', async () => {
  const { house, publish } = await open()
  const { seen, handle } = noting()
  await publish('kept', 'retained', { retain: true })
  const worker = workerOf(house, handle, { wantsRetained: true, noLocal: true })
  await attached(worker)
  await publish('a', 'once', { qos: 0 })
  await until('both are handled', () => seen.length === 2)
  const body = Buffer.from('own')
  const publication = { topic: 'b', id: 'own', source: 'mqtt', body, isEmpty: false, qos: 1, retain: false } as const
  const receipt = await worker.publish({ ...publication, properties: null, expiresIn: null, publisher: 'worker' })
  expect(receipt).toMatchObject({ refusal: null, deliveredTo: 0 })
  await house.restart()
  await attached(worker)
  await publish('a', 'last')
  await until('the last one is handled', () => seen.length === 3)
  expect(seen.sort()).toEqual(['last', 'once', 'retained'])
})
