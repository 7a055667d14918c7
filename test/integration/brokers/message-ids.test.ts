/** A publisher that uses a message id again, long after: both messages are delivered, and each acknowledgement ends one of them. */
import { expect, it, onTestFinished } from 'vitest'
import { Engine } from '../../../server/brokers/engine/engine.ts'
import { defaultPolicy } from '../../../server/brokers/policy.ts'
import { FakeLink } from '../../fakes/broker-link.ts'
import { temporaryFolder, testClock, testLog } from '../../fakes/kernel.ts'

const quietFor = 600_001

async function open(folder = temporaryFolder()) {
  const clock = testClock()
  const engine = new Engine({
    folder,
    clock,
    log: testLog(),
    setTimer: () => () => undefined,
    observer: { deadLetter: () => undefined, storageFailed: () => undefined, storageWorks: () => undefined },
  })
  onTestFinished(() => engine.stop())
  const tenant = engine.addTenant(1, 'one', { ...defaultPolicy, messageExpiryTime: null, maxInFlight: 2 })
  await engine.recover()
  const link = new FakeLink('reader')
  const { subscriber } = engine.attach(tenant, link, { key: 'user:reader', durable: true, keepFor: null })
  engine.subscribe(subscriber, 't', { filter: 't', group: null, qos: 1, noLocal: true, retainAsPublished: false, identifier: null })
  const publish = async (id: string, body: string, topic = 't'): Promise<void> => {
    engine.publish(
      tenant,
      {
        topic,
        id,
        source: 'json',
        body: Buffer.from(body),
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
  }
  /** Publishes `bodies` under one id, each after the one before is past the telling of repetitions. */
  const publishAgain = async (bodies: readonly string[]): Promise<void> => {
    for (const [index, body] of bodies.entries()) {
      await publish('same', body)
      for (const filler of ['a', 'b']) {
        clock.advance(quietFor)
        await publish(`${filler}${index}`, '', 'nobody')
      }
    }
  }
  const waiting = (): string[] => [...subscriber.unacked.values()].map(({ message }) => message.body.toString())
  return { engine, tenant, clock, link, subscriber, publishAgain, waiting }
}

it('holds both and ends them one by one, the oldest first, none that was not sent', async () => {
  const { engine, tenant, subscriber, publishAgain, waiting } = await open()
  await publishAgain(['first', 'second', 'third'])
  expect(waiting()).toEqual(['first', 'second', 'third'])
  expect([subscriber.inFlight, tenant.queued]).toEqual([2, 3])
  expect(engine.acknowledge(subscriber, 'same')).toBe(true)
  // The third is sent now, since the window has room again.
  expect(waiting()).toEqual(['second', 'third'])
  expect(engine.acknowledge(subscriber, 'same')).toBe(true)
  expect(waiting()).toEqual(['third'])
  expect(engine.acknowledge(subscriber, 'same')).toBe(true)
  expect(engine.acknowledge(subscriber, 'same')).toBe(false)
  expect([waiting(), subscriber.inFlight, tenant.queued, subscriber.queuedBytes, tenant.storedBytes]).toEqual([[], 0, 0, 0, 0])
})

it('does not take a second acknowledgement of the older for one of the newer, which was not sent yet', async () => {
  const { engine, link, subscriber, publishAgain, waiting } = await open()
  await publishAgain(['first'])
  link.room = false
  await publishAgain(['second'])
  engine.acknowledge(subscriber, 'same')
  expect(engine.acknowledge(subscriber, 'same')).toBe(false)
  expect(waiting()).toEqual(['second'])
  link.room = true
  engine.dispatch(subscriber)
  expect(engine.acknowledge(subscriber, 'same')).toBe(true)
})

it('has both again after a restart, and one where the other was acknowledged', async () => {
  const folder = temporaryFolder()
  const before = await open(folder)
  await before.publishAgain(['first', 'second', 'third'])
  before.engine.acknowledge(before.subscriber, 'same')
  await before.engine.stop()
  const { engine, tenant, subscriber, waiting } = await open(folder)
  expect(waiting()).toEqual(['second', 'third'])
  expect(tenant.queued).toBe(2)
  expect(engine.purge(subscriber)).toBe(2)
  expect([waiting(), tenant.queued]).toEqual([[], 0])
})
