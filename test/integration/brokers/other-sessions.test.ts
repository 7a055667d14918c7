/** However much one session has to do, the others are served meanwhile: between any two turns of its work they get their messages. */
import { expect, it, onTestFinished } from 'vitest'
import type { Attachment } from '../../../server/brokers/engine/embedded/attachment.ts'
import type { EmbeddedEngine } from '../../../server/brokers/engine/embedded/embedded-engine.ts'
import type { Tenant } from '../../../server/brokers/engine/embedded/model.ts'
import type { Policy } from '../../../server/brokers/policy.ts'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder, testClock, type TestClock } from '../../fakes/kernel.ts'

const many = 20_000
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

interface Setting {
  engine: EmbeddedEngine
  busy: Tenant
  clock: TestClock
  reader: FakeClient
  place: Attachment
  folder: string
  /** How many messages of another session were delivered while the work went on. */
  servedDuring(work: () => Promise<unknown>): Promise<number>
  publish(count: number, fields?: Partial<Parameters<typeof publicationOf>[0]>): void
}

async function open(policy: Partial<Policy> = {}): Promise<Setting> {
  const clock = testClock()
  const folder = temporaryFolder()
  const engine = newEngine({ clock, folder })
  onTestFinished(() => engine.stop())
  const busy = addTenant(engine, { policy: { durability: 'memory', maxQueuedMessages: 200_000, ...policy } })
  const other = addTenant(engine, { id: 2, name: 'other', policy: { durability: 'memory' } })
  await engine.start()
  const bystander = new FakeClient('bystander')
  const theirs = await bystander.attachTo(engine, other.id)
  await theirs.subscribe([subscriptionTo('t')])
  const reader = new FakeClient('reader')
  const place = await reader.attachTo(engine, busy.id)
  let ids = 0
  return {
    ...{ engine, busy, clock, reader, place, folder },
    async servedDuring(work) {
      const state = { isOver: false }
      const done = work().finally(() => (state.isOver = true))
      const before = bystander.received.length
      while (!state.isOver) {
        engine.publish(other.id, publicationOf({ id: `other ${(ids += 1)}`, qos: 0 }))
        await nextTurn()
      }
      await done
      return bystander.received.length - before
    },
    publish(count, fields = {}) {
      for (let n = 0; n < count; n += 1) engine.publish(busy.id, publicationOf({ id: `m${(ids += 1)}`, ...fields }))
    },
  }
}

it('subscribes to 2,000 filters, and gives what is retained on 2,000 topics', async () => {
  const { engine, busy, reader, place, servedDuring } = await open()
  for (let n = 0; n < 2_000; n += 1) engine.publish(busy.id, publicationOf({ id: `r${n}`, topic: `house/${n}/lamp`, retain: true, qos: 0 }))
  const wanted = Array.from({ length: 2_000 }, (_, n) => subscriptionTo(`house/${n}/+`))
  const served = await servedDuring(async () => {
    await place.subscribe(wanted)
    place.sendRetained('#', 0, [])
    for (const { filter } of wanted) place.sendRetained(filter, 0, [])
    while (reader.received.length < 2_000) await nextTurn()
  })
  expect(served).toBeGreaterThan(1)
  expect(new Set(reader.received.map(({ topic }) => topic)).size).toBe(2_000)
})

it('writes one record for each subscription, not all of them for each', async () => {
  const { engine, place } = await open({ durability: 'crash-safe' })
  const { journal } = engine.parts
  await engine.parts.recorder.stored()
  const before = journal.totalBytes
  const wanted = Array.from({ length: 2_000 }, (_, n) => subscriptionTo(`house/${n}/+`))
  await place.subscribe(wanted)
  await place.unsubscribe(wanted.map(({ name }) => name))
  expect(journal.totalBytes - before).toBeLessThan(2_000 * 300)
})

it('gives a subscriber that comes back what waited for it', async () => {
  const { engine, busy, place, publish, servedDuring } = await open({ maxInFlight: 65_535 })
  await place.subscribe([subscriptionTo('t')])
  place.detach()
  publish(many)
  await engine.parts.recorder.stored('memory')
  const back = new FakeClient('reader')
  const served = await servedDuring(async () => {
    const again = await back.attachTo(engine, busy.id)
    again.resume()
    while (back.received.length < many) await nextTurn()
  })
  expect(served).toBeGreaterThan(10)
  expect(back.received.map(({ id }) => id)).toEqual(
    [...back.received.map(({ id }) => id)].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
  )
})

it('lets a queue expire that is due at one moment', async () => {
  const { engine, busy, clock, place, publish, servedDuring } = await open({ messageExpiryTime: 1_000 })
  await place.subscribe([subscriptionTo('t')])
  place.detach()
  publish(many)
  await engine.parts.recorder.stored('memory')
  clock.advance(1_001)
  const served = await servedDuring(async () => {
    while (busy.queued > 0) {
      engine.runDue()
      await nextTurn()
    }
  })
  expect(served).toBeGreaterThan(10)
  expect(busy.statistics.deadTotal).toBe(many)
})

it('purges a queue, replays dead letters, purges them, and drops what is left', async () => {
  const { engine, busy, place, publish, servedDuring } = await open({ maxDeadLetters: many, maxInFlight: 1 })
  await place.subscribe([subscriptionTo('t')])
  publish(many)
  await engine.parts.recorder.stored('memory')
  const [subscriber] = busy.subscribers.values()
  if (subscriber === undefined) throw new Error('nobody subscribed')
  expect(
    await servedDuring(async () => expect(await engine.purge(busy.id, subscriber.id)).toMatchObject({ purged: many })),
  ).toBeGreaterThan(10)
  const passing = await engine.attach(busy.id, new FakeClient('passing'), { key: 'anonymous:9', durable: false, keepFor: null })
  await place.unsubscribe(['t'])
  await passing.subscribe([subscriptionTo('t')])
  publish(many)
  await engine.parts.recorder.stored('memory')
  const left = await servedDuring(async () => {
    passing.detach()
    while (busy.deadLetters.size < many) await nextTurn()
  })
  expect(left).toBeGreaterThan(10)
  await place.subscribe([subscriptionTo('t')])
  expect(
    await servedDuring(async () => expect(await engine.replay(busy.id, { all: true })).toMatchObject({ replayed: many, kept: 0 })),
  ).toBeGreaterThan(10)
  expect(await servedDuring(() => engine.dropTenant(busy.id))).toBeGreaterThan(10)
  expect(engine.parts.store.messages.size).toBe(0)
})

it('gives what a member of a group left to the other member', async () => {
  const { engine, busy, place, publish, servedDuring } = await open({ maxInFlight: many })
  const shared = { ...subscriptionTo('t'), name: '$share/g/t', group: 'g' }
  await place.subscribe([shared])
  publish(many)
  await engine.parts.recorder.stored('memory')
  const member = new FakeClient('member')
  await (await member.attachTo(engine, busy.id)).subscribe([shared])
  const served = await servedDuring(async () => {
    place.detach()
    while (member.received.length < many) await nextTurn()
  })
  expect(served).toBeGreaterThan(10)
  expect(busy.queued).toBe(many)
})

it('shows a session of 20,000 topics', async () => {
  const { engine, busy, publish, servedDuring } = await open()
  for (let n = 0; n < many; n += 1) engine.publish(busy.id, publicationOf({ id: `r${n}`, topic: `t/${n}`, retain: true }))
  publish(1, { topic: 'busiest' })
  await engine.parts.recorder.stored('memory')
  expect(engine.figures(busy.id).topics).toBe(many + 1)
  let shown: readonly { topic: string }[] = []
  expect(await servedDuring(async () => (shown = await engine.topics(busy.id, 200)))).toBeGreaterThan(10)
  expect(shown).toHaveLength(200)
  expect(await servedDuring(() => engine.peek(busy.id, '#', 10))).toBeGreaterThan(10)
})

it('moves what is still needed of an old part of its journal', async () => {
  const clock = testClock()
  const folder = temporaryFolder()
  const engine = newEngine({ clock, folder, segmentBytes: 400_000 })
  onTestFinished(() => engine.stop())
  const tenant = addTenant(engine, { policy: { durability: 'crash-safe' } })
  await engine.start()
  for (let n = 0; n < 3_000; n += 1) engine.publish(tenant.id, publicationOf({ id: `r${n}`, topic: `t/${n}`, retain: true }))
  await engine.parts.recorder.stored()
  const first = engine.parts.journal.segment
  const messages = [...engine.parts.store.messages.values()]
  const movedAtOnce: number[] = []
  for (let moved = 0; moved < messages.length;) {
    engine.publish(tenant.id, publicationOf({ id: `x${movedAtOnce.length}`, topic: 'large', retain: true, body: Buffer.alloc(100_000) }))
    await nextTurn()
    const now = messages.filter(({ segment }) => segment > first).length
    movedAtOnce.push(now - moved)
    moved = now
  }
  expect(Math.max(...movedAtOnce)).toBeLessThanOrEqual(1_000)
  await engine.stop()
  const again = newEngine({ folder, clock })
  onTestFinished(() => again.stop())
  const restored = addTenant(again, { policy: { durability: 'crash-safe' } })
  await again.start()
  expect(restored.retained.size).toBe(3_001)
})

it('reads its journal at the start, and nothing is due before all of it is there', async () => {
  const { engine, place, publish, folder, clock } = await open({ durability: 'crash-safe', messageExpiryTime: 1_000 })
  await place.subscribe([subscriptionTo('t')])
  publish(5_000)
  await engine.parts.recorder.stored()
  await engine.stop()
  clock.advance(1_001)
  const again = newEngine({ folder, clock, startTimer: (_, ring) => (setImmediate(ring), () => undefined) })
  onTestFinished(() => again.stop())
  const tenant = addTenant(again, { policy: { durability: 'crash-safe' } })
  let turns = 0
  let isOver = false
  const started = again.start().finally(() => (isOver = true))
  while (!isOver) {
    turns += 1
    await nextTurn()
  }
  await started
  expect(turns).toBeGreaterThan(5)
  while (tenant.queued > 0) await nextTurn()
  expect(tenant.statistics.deadTotal).toBe(5_000)
})
