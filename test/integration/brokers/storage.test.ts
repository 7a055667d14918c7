/** The journal on a disk that refuses, grows and is read again. */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { Engine } from '../../../server/brokers/engine/engine.ts'
import { Journal } from '../../../server/brokers/engine/journal.ts'
import type { DeadLetter } from '../../../server/brokers/engine/model.ts'
import { defaultPolicy } from '../../../server/brokers/policy.ts'
import { FakeLink } from '../../fakes/broker-link.ts'
import { temporaryFolder, testClock, testLog } from '../../fakes/kernel.ts'

async function open(folder: string, segmentBytes = 20_000) {
  const failures: string[] = []
  const engine = new Engine({
    folder,
    clock: testClock(),
    log: testLog(),
    segmentBytes,
    setTimer: () => () => undefined,
    observer: {
      deadLetter: () => undefined,
      storageFailed: () => void failures.push('failed'),
      storageWorks: () => void failures.push('works'),
    },
  })
  const tenant = engine.addTenant(1, 'one', defaultPolicy)
  await engine.recover()
  const join = (name: string): { link: FakeLink; subscriber: ReturnType<Engine['attach']>['subscriber'] } => {
    const link = new FakeLink(name)
    const { subscriber } = engine.attach(tenant, link, { key: `user:${name}`, durable: true, keepFor: null })
    return { link, subscriber }
  }
  const publish = (link: FakeLink, id: string, body = id): void =>
    engine.publish(
      tenant,
      {
        topic: 't',
        id,
        source: 'json',
        body: Buffer.from(body),
        isEmpty: false,
        qos: 1,
        retain: false,
        properties: null,
        expiresIn: null,
        publisher: link.name,
      },
      link,
      id,
    )
  return { engine, tenant, join, publish, failures }
}
const filter = { filter: 't', group: null, qos: 1 as const, noLocal: true, retainAsPublished: false, identifier: null }

it('refuses what the disk does not take, delivers none of it, and works again when the disk does', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, join: connect, publish, failures } = await open(folder)
  const [reader, writer] = [connect('reader'), connect('writer')]
  engine.subscribe(reader.subscriber, 't', filter)
  publish(writer.link, 'before')
  await engine.durable()
  rmSync(folder, { recursive: true })
  await engine.rewriteJournal()
  publish(writer.link, 'lost')
  publish(writer.link, 'lost')
  expect(await engine.durable()).toBe(false)
  expect(writer.link.receipts.map(({ token, refusal }) => [token, refusal])).toEqual([
    ['before', null],
    ['lost', 'storage-failed'],
    ['lost', 'storage-failed'],
  ])
  expect(reader.link.received.map(({ id }) => id)).toEqual(['before'])
  mkdirSync(folder)
  publish(writer.link, 'lost')
  expect(await engine.durable()).toBe(true)
  expect(writer.link.receipts.at(-1)).toMatchObject({ token: 'lost', refusal: null, duplicate: false })
  expect(failures).toEqual(['failed', 'works'])
  await engine.stop()

  const again = await open(folder)
  const back = again.join('reader')
  again.engine.dispatch(back.subscriber)
  // Everything that was still needed had been written anew.
  expect(back.link.received.map(({ id }) => id)).toEqual(['before', 'lost'])
  await again.engine.stop()
})

it('confirms each session when its own promise holds: memory at once, crash-safe when written, fsync when synced', async () => {
  const engine = new Engine({
    folder: temporaryFolder(),
    clock: testClock(),
    log: testLog(),
    observer: { deadLetter: () => undefined, storageFailed: () => undefined, storageWorks: () => undefined },
  })
  onTestFinished(() => engine.stop())
  const durabilities = ['memory', 'crash-safe', 'fsync'] as const
  const tenants = durabilities.map((durability, index) => engine.addTenant(index + 1, durability, { ...defaultPolicy, durability }))
  await engine.recover()
  for (const tenant of tenants) {
    const { subscriber } = engine.attach(tenant, new FakeLink('reader'), { key: 'user:reader', durable: true, keepFor: null })
    engine.subscribe(subscriber, 't', { filter: 't', group: null, qos: 1, noLocal: true, retainAsPublished: false, identifier: null })
  }
  await engine.durable()
  const order: string[] = []
  const { journal } = engine
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
    const link = new FakeLink('writer')
    link.accepted = () => void order.push(tenant.name)
    engine.publish(
      tenant,
      {
        topic: 't',
        id: 'm1',
        source: 'json',
        body: Buffer.from('x'),
        isEmpty: false,
        qos: 1,
        retain: false,
        properties: null,
        expiresIn: null,
        publisher: 'writer',
      },
      link,
      'm1',
    )
  }
  expect(order).toEqual([])
  await engine.durable()
  expect(order.slice(0, 5)).toEqual(['memory', 'written', 'crash-safe', 'synced', 'fsync'])
})

it('gives back the space of what was acknowledged, though one old message still waits', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, join: connect, publish } = await open(folder)
  const [reader, writer, away] = [connect('reader'), connect('writer'), connect('away')]
  engine.subscribe(away.subscriber, 't', filter)
  publish(writer.link, 'old')
  await engine.durable()
  engine.unsubscribe(away.subscriber, 't')
  engine.detach(away.subscriber, away.link)
  engine.subscribe(reader.subscriber, 't', filter)
  for (let n = 0; n < 400; n += 1) {
    publish(writer.link, `m${n}`, 'x'.repeat(1_000))
    await engine.durable()
    engine.acknowledge(reader.subscriber, `m${n}`)
  }
  await engine.durable()
  const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  expect(bytes).toBeLessThan(5 * 20_000)
  await engine.stop()
  const again = await open(folder)
  const back = again.join('away')
  again.engine.dispatch(back.subscriber)
  expect(back.link.received.map(({ id }) => id)).toEqual(['old'])
  await again.engine.stop()
})

it('leaves out a torn end and reads all before it', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, join: connect, publish } = await open(folder, 1_000_000)
  const [reader, writer] = [connect('reader'), connect('writer')]
  engine.subscribe(reader.subscriber, 't', filter)
  engine.detach(reader.subscriber, reader.link)
  for (const id of ['1', '2', '3']) {
    publish(writer.link, id)
    await engine.durable()
  }
  await engine.stop()
  const [file = ''] = readdirSync(folder)
  const bytes = readFileSync(join(folder, file))
  for (const cut of [1, 7, 20]) {
    writeFileSync(join(folder, file), bytes.subarray(0, bytes.length - cut))
    const again = await open(join(folder), 1_000_000)
    const back = again.join('reader')
    again.engine.dispatch(back.subscriber)
    expect(back.link.received.map(({ id }) => id)).toEqual(['1', '2'])
    for (const each of ['1', '2']) again.engine.acknowledge(back.subscriber, `not ${each}`)
    await again.engine.stop()
    for (const other of readdirSync(folder)) if (other !== file) rmSync(join(folder, other))
  }
})

/** A message that a connection without a name did not acknowledge, and a reader who came later. */
async function withLetter(folder: string) {
  const opened = await open(folder, 1_000_000)
  const { engine, tenant, join: connect, publish } = opened
  const writer = connect('writer')
  const passing = new FakeLink('passing')
  const { subscriber } = engine.attach(tenant, passing, { key: 'anonymous:9', durable: false, keepFor: null })
  engine.subscribe(subscriber, 't', filter)
  publish(writer.link, 'm1')
  await engine.durable()
  engine.detach(subscriber, passing)
  const reader = connect('reader')
  engine.subscribe(reader.subscriber, 't', filter)
  await engine.durable()
  return { ...opened, reader, letters: (): DeadLetter[] => [...tenant.deadLetters.values()] }
}

it('keeps a dead letter whose replay the disk refuses', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, tenant, reader, letters } = await withLetter(folder)
  const before = letters()
  rmSync(folder, { recursive: true })
  await engine.rewriteJournal()
  expect(before.map((letter) => engine.replay(letter))).toEqual([true])
  expect(await engine.durable()).toBe(false)
  expect(letters()).toEqual(before)
  expect(reader.link.received).toEqual([])
  expect([tenant.queued, tenant.storedBytes, tenant.hasSeen('m1')]).toEqual([0, 2, true])
  mkdirSync(folder)
  expect(await engine.durable()).toBe(true)
  await engine.stop()

  const again = await open(folder)
  const back = again.join('reader')
  expect([...again.tenant.deadLetters.values()].map((letter) => [letter.message.id, again.engine.replay(letter)])).toEqual([['m1', true]])
  expect(await again.engine.durable()).toBe(true)
  expect(back.link.received.map(({ id }) => id)).toEqual(['m1'])
  expect(again.tenant.deadLetters.size).toBe(0)
  await again.engine.stop()
})

it('has a replayed message as a letter or as its copy, wherever a kill tears the last batch and whatever garbage follows', async () => {
  const folder = join(temporaryFolder(), 'brokers')
  const { engine, letters } = await withLetter(folder)
  const file = join(folder, readdirSync(folder)[0] ?? '')
  const { size } = statSync(file)
  for (const letter of letters()) engine.replay(letter)
  await engine.durable()
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
