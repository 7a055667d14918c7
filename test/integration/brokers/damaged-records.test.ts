/** Damage in the journal: whatever a batch holds, it costs that batch alone, and is said. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Journal } from '../../../server/brokers/engine/embedded/journal.ts'
import type { Delivery } from '../../../server/brokers/engine/embedded/model.ts'
import { recordType } from '../../../server/brokers/engine/embedded/records.ts'
import { readSegment } from '../../../server/brokers/engine/embedded/segment.ts'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

describe('damage in a journal of all that it can hold', () => {
  /** A file with a batch for each kind of record, and what a start reads from any bytes in its place. */
  async function everyKind() {
    const folder = join(temporaryFolder(), 'brokers')
    const engine = newEngine({ folder })
    const tenant = addTenant(engine, { policy: { retryInterval: 1 } })
    const dropped = addTenant(engine, { id: 2 })
    await engine.start()
    const steps: (() => void)[] = []
    const place = await new FakeClient('reader').attachTo(engine, tenant.id)
    const { records } = engine.parts.journal
    const held = (id = 'waits'): Delivery => {
      const [delivery] = place.subscriber.unacked.under(id)
      if (delivery === undefined) throw new Error(`${id} does not wait`)
      return delivery
    }
    steps.push(
      () => void place.subscribe([subscriptionTo('t')]),
      () => void place.subscribe([subscriptionTo('u')]),
      () => void place.unsubscribe(['u']),
      () => engine.publish(tenant.id, publicationOf({ id: 'waits', retain: true })),
      () => engine.publish(tenant.id, publicationOf({ id: 'acknowledged' })),
      () => place.acknowledge('acknowledged'),
      () => records.tries({ ...held(), tries: 3 }),
      () => records.sentAs({ ...held(), packetId: 7 }),
      () => place.mqtt.receive(5),
      () => engine.publish(tenant.id, publicationOf({ id: 'dead' })),
      () => engine.parts.deliverer.deadLetter(held('dead'), 'unsendable'),
      () => engine.publish(tenant.id, publicationOf({ id: 'dead too' })),
      () => engine.parts.deliverer.deadLetter(held('dead too'), 'unsendable'),
      () => [...tenant.deadLetters.values()].slice(0, 1).forEach((letter) => engine.parts.store.removeDeadLetter(letter)),
      () => engine.publish(tenant.id, publicationOf({ id: 'taken away', topic: 'v', retain: true })),
      () => void engine.removeRetained(tenant.id, 'v'),
      () => engine.publish(dropped.id, publicationOf({ id: 'dropped', topic: 'v', retain: true })),
      () => void engine.dropTenant(dropped.id),
      () => engine.publish(tenant.id, publicationOf({ id: 'last' })),
    )
    for (const step of steps) {
      step()
      await engine.parts.recorder.stored()
    }
    await engine.stop()
    const file = join(folder, readdirSync(folder)[0] ?? '')
    const read = async (bytes: Buffer) => {
      writeFileSync(file, bytes)
      const journal = new Journal({ folder, onSegment: () => undefined })
      const { messages, subscribers } = await journal.recover()
      const state = JSON.stringify([
        [...messages.values()].map(({ body, deliveries, dead, ...rest }) => [rest, String(body), [...deliveries], [...(dead ?? [])]]),
        [...subscribers.values()].map(({ subscriptions, ...rest }) => [rest, [...subscriptions.keys()]]),
      ])
      return { state, said: journal.damage.length + journal.leftOut.length }
    }
    return { bytes: readFileSync(file), read }
  }

  it('costs one batch and is said, whatever the batch holds, in the head of the file and of each batch too', async () => {
    const { bytes, read } = await everyKind()
    const { batches } = readSegment(bytes)
    const kinds = new Set(batches.map((batch) => batch[0]))
    expect(
      Object.entries(recordType).filter(([name, kind]) => !['checkpoint', 'subscriberGone'].includes(name) && !kinds.has(kind)),
    ).toEqual([])
    const head = bytes.subarray(0, 8)
    const whole = batches.map((batch) =>
      bytes.subarray(batch.byteOffset - bytes.byteOffset - 8, batch.byteOffset - bytes.byteOffset + batch.length),
    )
    for (let at = 0; at < 8; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      expect(await read(changed), `byte ${at} of the file`).toEqual({ state: (await read(bytes)).state, said: 1 })
    }
    for (const [index, batch] of whole.entries()) {
      const others = whole.filter((each) => each !== batch)
      const { state } = await read(Buffer.concat([head, ...others]))
      const places = [0, 1, 2, 3, 4, 7, 8, 9, batch.length >> 1, batch.length - 1]
      for (const at of places) {
        const changed = Buffer.from(batch)
        changed[at] = (changed[at] ?? 0) ^ 0x10
        const read1 = await read(Buffer.concat([head, ...whole.slice(0, index), changed, ...whole.slice(index + 1)]))
        expect(read1, `byte ${at} of batch ${index}`).toEqual({ state, said: 1 })
      }
      const short = batch.subarray(0, batch.length - 3)
      const cut = await read(Buffer.concat([head, ...whole.slice(0, index), short, ...whole.slice(index + 1)]))
      expect(cut, `batch ${index} without its end`).toEqual({ state, said: 1 })
    }
  })
})
