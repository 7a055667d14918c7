/** The journal on a disk that refuses, grows and is read again. */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startQuietTimer } from '../../../server/brokers/engine/embedded/alarm.ts'
import type { Attachment } from '../../../server/brokers/engine/embedded/attachment.ts'
import { Journal } from '../../../server/brokers/engine/embedded/journal.ts'
import type { DeadLetter } from '../../../server/brokers/engine/embedded/model.ts'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

async function open(folder: string, segmentBytes = 20_000) {
  const failures: string[] = []
  const engine = newEngine({
    folder,
    segmentBytes,
    observer: {
      deadLetter: () => undefined,
      storageFailed: () => void failures.push('failed'),
      storageWorks: () => void failures.push('works'),
      changed: () => undefined,
    },
  })
  const tenant = addTenant(engine)
  await engine.start()
  const join = async (name: string): Promise<{ client: FakeClient; place: Attachment }> => {
    const client = new FakeClient(name)
    return { client, place: await client.attachTo(engine, tenant.id) }
  }
  const publish = (client: FakeClient, id: string, body = id): void =>
    engine.publish(tenant.id, publicationOf({ id, body: Buffer.from(body), publisher: client.name }), client)
  return { engine, tenant, join, publish, failures }
}
const toTopic = [subscriptionTo('t')]

it('refuses what the disk does not take, delivers none of it, and works again when the disk does', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, join: connect, publish, failures } = await open(folder)
  const [reader, writer] = [await connect('reader'), await connect('writer')]
  void reader.place.subscribe(toTopic)
  publish(writer.client, 'before')
  await engine.parts.recorder.stored()
  rmSync(folder, { recursive: true })
  await engine.parts.recorder.rewrite()
  publish(writer.client, 'lost')
  publish(writer.client, 'lost')
  expect(await engine.parts.recorder.stored()).toBe(false)
  expect(writer.client.receipts.map(({ token, refusal }) => [token, refusal])).toEqual([
    ['before', null],
    ['lost', 'storage-failed'],
    ['lost', 'storage-failed'],
  ])
  expect(reader.client.received.map(({ id }) => id)).toEqual(['before'])
  mkdirSync(folder)
  publish(writer.client, 'lost')
  expect(await engine.parts.recorder.stored()).toBe(true)
  expect(writer.client.receipts.at(-1)).toMatchObject({ token: 'lost', refusal: null, duplicate: false })
  expect(failures).toEqual(['failed', 'works'])
  await engine.stop()

  const again = await open(folder)
  const back = await again.join('reader')
  back.place.resume()
  // Everything that was still needed had been written anew.
  expect(back.client.received.map(({ id }) => id)).toEqual(['before', 'lost'])
  await again.engine.stop()
})

it('confirms each session when its own promise holds: memory at once, crash-safe when written, fsync when synced', async () => {
  const engine = newEngine({ startTimer: startQuietTimer })
  onTestFinished(() => engine.stop())
  const durabilities = ['memory', 'crash-safe', 'fsync'] as const
  const tenants = durabilities.map((durability, index) => addTenant(engine, { id: index + 1, name: durability, policy: { durability } }))
  await engine.start()
  for (const tenant of tenants) {
    const reader = await new FakeClient('reader').attachTo(engine, tenant.id)
    await reader.subscribe(toTopic)
  }
  await engine.parts.recorder.stored()
  const order: string[] = []
  const { journal } = engine.parts
  const [write, sync] = [journal.write.bind(journal), journal.sync.bind(journal)]
  journal.write = async () => {
    await write()
    order.push('written')
  }
  journal.sync = async () => {
    await sync()
    order.push('synced')
  }
  for (const tenant of tenants) {
    const client = new FakeClient('writer')
    client.accepted = () => void order.push(tenant.name)
    engine.publish(tenant.id, publicationOf({ id: 'm1', body: Buffer.from('x'), publisher: 'writer' }), client)
  }
  expect(order).toEqual([])
  await engine.parts.recorder.stored()
  expect(order.slice(0, 5)).toEqual(['memory', 'written', 'crash-safe', 'synced', 'fsync'])
})

it('gives back the space of what was acknowledged, though one old message still waits', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, join: connect, publish } = await open(folder)
  const [reader, writer, away] = [await connect('reader'), await connect('writer'), await connect('away')]
  void away.place.subscribe(toTopic)
  publish(writer.client, 'old')
  await engine.parts.recorder.stored()
  void away.place.unsubscribe(['t'])
  away.place.detach()
  void reader.place.subscribe(toTopic)
  for (let n = 0; n < 400; n += 1) {
    publish(writer.client, `m${n}`, 'x'.repeat(1_000))
    await engine.parts.recorder.stored()
    reader.place.acknowledge(`m${n}`)
  }
  await engine.parts.recorder.stored()
  const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  expect(bytes).toBeLessThan(5 * 20_000)
  await engine.stop()
  const again = await open(folder)
  const back = await again.join('away')
  back.place.resume()
  expect(back.client.received.map(({ id }) => id)).toEqual(['old'])
  await again.engine.stop()
})

it('leaves out a torn end and reads all before it', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, join: connect, publish } = await open(folder, 1_000_000)
  const [reader, writer] = [await connect('reader'), await connect('writer')]
  void reader.place.subscribe(toTopic)
  reader.place.detach()
  for (const id of ['1', '2', '3']) {
    publish(writer.client, id)
    await engine.parts.recorder.stored()
  }
  await engine.stop()
  const [file = ''] = readdirSync(folder)
  const bytes = readFileSync(join(folder, file))
  for (const cut of [1, 7, 20]) {
    writeFileSync(join(folder, file), bytes.subarray(0, bytes.length - cut))
    const again = await open(join(folder), 1_000_000)
    const back = await again.join('reader')
    back.place.resume()
    expect(back.client.received.map(({ id }) => id)).toEqual(['1', '2'])
    for (const each of ['1', '2']) back.place.acknowledge(`not ${each}`)
    await again.engine.stop()
    for (const other of readdirSync(folder)) if (other !== file) rmSync(join(folder, other))
  }
})

/** A message that a connection without a name did not acknowledge, and a reader who came later. */
async function withLetter(folder: string) {
  const opened = await open(folder, 1_000_000)
  const { engine, tenant, join: connect, publish } = opened
  const writer = await connect('writer')
  const passing = new FakeClient('passing')
  const place = await engine.attach(tenant.id, passing, { key: 'anonymous:9', durable: false, keepFor: null })
  await place.subscribe(toTopic)
  publish(writer.client, 'm1')
  await engine.parts.recorder.stored()
  place.detach()
  const reader = await connect('reader')
  void reader.place.subscribe(toTopic)
  await engine.parts.recorder.stored()
  return { ...opened, reader, letters: (): DeadLetter[] => [...tenant.deadLetters.values()] }
}

it('keeps a dead letter whose replay the disk refuses', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, tenant, reader, letters } = await withLetter(folder)
  const before = letters()
  rmSync(folder, { recursive: true })
  await engine.parts.recorder.rewrite()
  expect(await engine.replay(tenant.id, { all: true })).toEqual({ replayed: 1, kept: 0, isStored: false })
  expect(letters()).toEqual(before)
  expect(reader.client.received).toEqual([])
  expect([tenant.queued, tenant.storedBytes, tenant.seen.has('m1')]).toEqual([0, 2, true])
  mkdirSync(folder)
  expect(await engine.parts.recorder.stored()).toBe(true)
  await engine.stop()

  const again = await open(folder)
  const back = await again.join('reader')
  expect([...again.tenant.deadLetters.values()].map((letter) => letter.message.id)).toEqual(['m1'])
  expect(await again.engine.replay(again.tenant.id, { all: true })).toEqual({ replayed: 1, kept: 0, isStored: true })
  expect(back.client.received.map(({ id }) => id)).toEqual(['m1'])
  expect(again.tenant.deadLetters.size).toBe(0)
  await again.engine.stop()
})

it('has a replayed message as a letter or as its copy, wherever a kill tears the last batch and whatever garbage follows', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, tenant } = await withLetter(folder)
  const file = join(folder, readdirSync(folder)[0] ?? '')
  const { size } = statSync(file)
  await engine.replay(tenant.id, { all: true })
  await engine.stop()
  const bytes = readFileSync(file)
  expect(bytes.length).toBeGreaterThan(size)
  const found = new Set<string>()
  for (let end = size; end <= bytes.length; end += 1) {
    for (const tail of [Buffer.alloc(0), Buffer.alloc(24), Buffer.alloc(24, 0xa5)]) {
      writeFileSync(file, Buffer.concat([bytes.subarray(0, end), tail]))
      const { messages } = await new Journal({ folder, onSegment: () => undefined }).recover()
      const places = [...messages.values()].flatMap(({ id, deliveries, dead }) =>
        [...deliveries.keys()].map(() => `${id} waits`).concat([...(dead?.keys() ?? [])].map(() => `${id} is dead`)),
      )
      expect(places, `torn after ${end - size} bytes`).toEqual([end === bytes.length ? 'm1 waits' : 'm1 is dead'])
      found.add(places.join())
    }
  }
  expect(found.size).toBe(2)
})

it('says which part of the journal it could not read', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine } = await withLetter(folder)
  await engine.stop()
  const file = join(folder, readdirSync(folder)[0] ?? '')
  const journal = async (): Promise<Journal> => {
    const opened = new Journal({ folder, onSegment: () => undefined })
    await opened.recover()
    return opened
  }
  expect((await journal()).leftOut).toEqual([])
  writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from('garbage')]))
  expect((await journal()).leftOut).toEqual([{ segment: 1, bytes: 7 }])
})
