/** What thousands of messages at once do to the engine: nothing special. */
import { expect, it, onTestFinished } from 'vitest'
import type { Attachment } from '../../../server/brokers/engine/embedded/attachment.ts'
import type { EmbeddedEngine } from '../../../server/brokers/engine/embedded/embedded-engine.ts'
import type { Tenant } from '../../../server/brokers/engine/embedded/model.ts'
import type { Policy } from '../../../server/brokers/policy.ts'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { testClock, type TestClock } from '../../fakes/kernel.ts'

async function open(policy: Partial<Policy>): Promise<{
  engine: EmbeddedEngine
  tenant: Tenant
  clock: TestClock
  reader: FakeClient
  place: Attachment
  publish(count: number): Promise<void>
}> {
  const clock = testClock()
  const engine = newEngine({ clock })
  onTestFinished(() => engine.stop())
  const tenant = addTenant(engine, { policy })
  await engine.start()
  const reader = new FakeClient('reader', () => clock.monotonic())
  const place = await reader.attachTo(engine, tenant.id)
  await place.subscribe([subscriptionTo('t')])
  return {
    ...{ engine, tenant, clock, reader, place },
    async publish(count) {
      for (let n = 0; n < count; n += 1) engine.publish(tenant.id, publicationOf({ id: `m${n}`, body: Buffer.from('x') }))
      await engine.parts.recorder.stored()
    },
  }
}

it('gives up a long queue in turns that are short, though each message given up makes room for the next', async () => {
  const count = 50_000
  const { engine, tenant, clock, reader, publish } = await open({ messageExpiryTime: 1_000, maxInFlight: 10, maxDeadLetters: 100 })
  await publish(count)
  expect(reader.received).toHaveLength(10)
  clock.advance(1_001)
  engine.runDue()
  // As many as were due in this turn, and as many as the reader's queue was rid of in it.
  expect(tenant.queued).toBeGreaterThanOrEqual(count - 1_010)
  while (tenant.queued > 0) {
    engine.runDue()
    await new Promise((resolve) => void setImmediate(resolve))
  }
  expect(tenant.statistics.deadTotal).toBe(count)
  expect(tenant.deadLetters.size).toBe(100)
  expect(tenant.statistics.deadForgotten).toBe(count - 100)
  expect(reader.received).toHaveLength(10)
})

it('sends a try that was due while the connection took nothing as soon as it takes something, not an interval later', async () => {
  const { engine, clock, reader, place, publish } = await open({ retryInterval: 1_000 })
  await publish(3)
  reader.room = false
  clock.advance(1_000)
  engine.runDue()
  expect(reader.received).toHaveLength(3)
  clock.advance(20)
  reader.room = true
  place.resume()
  expect(
    reader.received
      .slice(3)
      .map(({ id, tries, at }) => [id, tries, at - (reader.received[0]?.at ?? 0)])
      .sort(),
  ).toEqual([
    ['m0', 2, 1_020],
    ['m1', 2, 1_020],
    ['m2', 2, 1_020],
  ])
  engine.runDue()
  expect(reader.received).toHaveLength(6)
})

it('replays no dead letter into a queue that is full', async () => {
  const { engine, tenant, clock, reader, publish } = await open({ messageExpiryTime: 1_000, maxQueuedMessages: 2 })
  reader.room = false
  await publish(2)
  clock.advance(1_001)
  engine.runDue()
  expect(tenant.deadLetters.size).toBe(2)
  for (let n = 0; n < 2; n += 1) engine.publish(tenant.id, publicationOf({ id: `later${n}`, body: Buffer.from('x') }))
  await engine.parts.recorder.stored()
  expect(await engine.replay(tenant.id, { all: true })).toEqual({ replayed: 0, kept: 2, isStored: true })
  expect([tenant.queued, tenant.deadLetters.size]).toEqual([2, 2])
})
