/** A publisher that uses a message id again, long after: both messages are delivered, and each acknowledgement ends one of them. */
import { expect, it, onTestFinished } from 'vitest'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder, testClock } from '../../fakes/kernel.ts'

const quietFor = 600_001

async function open(folder = temporaryFolder()) {
  const clock = testClock()
  const engine = newEngine({ folder, clock })
  onTestFinished(() => engine.stop())
  const tenant = addTenant(engine, { policy: { messageExpiryTime: null, maxInFlight: 2 } })
  await engine.start()
  const client = new FakeClient('reader')
  const reader = await client.attachTo(engine, tenant.id)
  await reader.subscribe([subscriptionTo('t')])
  const { subscriber } = reader
  const publish = async (id: string, body: string, topic = 't'): Promise<void> => {
    engine.publish(tenant.id, publicationOf({ topic, id, body: Buffer.from(body) }))
    await engine.parts.recorder.stored()
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
  return { engine, tenant, clock, client, reader, subscriber, publishAgain, waiting }
}

it('holds both and ends them one by one, the oldest first, none that was not sent', async () => {
  const { tenant, reader, subscriber, publishAgain, waiting } = await open()
  await publishAgain(['first', 'second', 'third'])
  expect(waiting()).toEqual(['first', 'second', 'third'])
  expect([subscriber.inFlight, tenant.queued]).toEqual([2, 3])
  expect(reader.acknowledge('same')).toBe(true)
  // The third is sent now, since the window has room again.
  expect(waiting()).toEqual(['second', 'third'])
  expect(reader.acknowledge('same')).toBe(true)
  expect(waiting()).toEqual(['third'])
  expect(reader.acknowledge('same')).toBe(true)
  expect(reader.acknowledge('same')).toBe(false)
  expect([waiting(), subscriber.inFlight, tenant.queued, subscriber.queuedBytes, tenant.storedBytes]).toEqual([[], 0, 0, 0, 0])
})

it('does not take a second acknowledgement of the older for one of the newer, which was not sent yet', async () => {
  const { client, reader, publishAgain, waiting } = await open()
  await publishAgain(['first'])
  client.room = false
  await publishAgain(['second'])
  reader.acknowledge('same')
  expect(reader.acknowledge('same')).toBe(false)
  expect(waiting()).toEqual(['second'])
  client.room = true
  reader.resume()
  expect(reader.acknowledge('same')).toBe(true)
})

it('has both again after a restart, and one where the other was acknowledged', async () => {
  const folder = temporaryFolder()
  const before = await open(folder)
  await before.publishAgain(['first', 'second', 'third'])
  before.reader.acknowledge('same')
  await before.engine.stop()
  const { engine, tenant, subscriber, waiting } = await open(folder)
  expect(waiting()).toEqual(['second', 'third'])
  expect(tenant.queued).toBe(2)
  expect(await engine.purge(tenant.id, subscriber.id)).toEqual({ purged: 2, isStored: true })
  expect([waiting(), tenant.queued]).toEqual([[], 0])
})
