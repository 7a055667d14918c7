/** What thousands of messages at once do to the engine: nothing special. */
import { expect, it, onTestFinished } from 'vitest'
import { Engine } from '../../../server/brokers/engine/engine.ts'
import type { Tenant } from '../../../server/brokers/engine/tenant.ts'
import { defaultPolicy, type Policy } from '../../../server/brokers/policy.ts'
import { FakeLink } from '../../fakes/broker-link.ts'
import { temporaryFolder, testClock, testLog, type TestClock } from '../../fakes/kernel.ts'

async function open(
  policy: Partial<Policy>,
): Promise<{ engine: Engine; tenant: Tenant; clock: TestClock; reader: FakeLink; publish(count: number): Promise<void> }> {
  const clock = testClock()
  const engine = new Engine({
    folder: temporaryFolder(),
    clock,
    log: testLog(),
    setTimer: () => () => undefined,
    observer: { deadLetter: () => undefined, storageFailed: () => undefined, storageWorks: () => undefined },
  })
  onTestFinished(() => engine.stop())
  const tenant = engine.addTenant(1, 'one', { ...defaultPolicy, ...policy })
  await engine.recover()
  const reader = new FakeLink('reader', () => clock.monotonic())
  const { subscriber } = engine.attach(tenant, reader, { key: 'user:reader', durable: true, keepFor: null })
  engine.subscribe(subscriber, 't', { filter: 't', group: null, qos: 1, noLocal: true, retainAsPublished: false, identifier: null })
  return {
    ...{ engine, tenant, clock, reader },
    async publish(count) {
      for (let n = 0; n < count; n += 1)
        engine.publish(
          tenant,
          {
            topic: 't',
            id: `m${n}`,
            source: 'json',
            body: Buffer.from('x'),
            isEmpty: false,
            qos: 1,
            retain: false,
            properties: null,
            expiresIn: null,
            publisher: 'w',
          },
          null,
          '',
        )
      await engine.durable()
    },
  }
}

it('gives up a long queue in one go, though each message given up makes room for the next', async () => {
  const count = 50_000
  const { engine, tenant, clock, reader, publish } = await open({ messageExpiryTime: 1_000, maxInFlight: 10, maxDeadLetters: 100 })
  await publish(count)
  expect(reader.received).toHaveLength(10)
  clock.advance(1_001)
  engine.runDue()
  expect(tenant.queued).toBe(0)
  expect(tenant.deadTotal).toBe(count)
  expect(tenant.deadLetters.size).toBe(100)
  expect(tenant.deadForgotten).toBe(count - 100)
  expect(reader.received).toHaveLength(10)
})

it('sends a try that was due while the connection took nothing as soon as it takes something, not an interval later', async () => {
  const { engine, tenant, clock, reader, publish } = await open({ retryInterval: 1_000 })
  await publish(3)
  reader.room = false
  clock.advance(1_000)
  engine.runDue()
  expect(reader.received).toHaveLength(3)
  clock.advance(20)
  reader.room = true
  const [subscriber] = tenant.subscribers.values()
  if (subscriber !== undefined) engine.dispatch(subscriber)
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
  for (let n = 0; n < 2; n += 1)
    engine.publish(
      tenant,
      {
        topic: 't',
        id: `later${n}`,
        source: 'json',
        body: Buffer.from('x'),
        isEmpty: false,
        qos: 1,
        retain: false,
        properties: null,
        expiresIn: null,
        publisher: 'w',
      },
      null,
      '',
    )
  await engine.durable()
  expect([...tenant.deadLetters.values()].map((letter) => engine.replay(letter))).toEqual([false, false])
  expect([tenant.queued, tenant.deadLetters.size]).toEqual([2, 2])
})
