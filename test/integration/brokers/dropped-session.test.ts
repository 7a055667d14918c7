/** Dropping a session, and what else changes one session's place on the disk, is that session's matter alone. */
import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { EmbeddedEngine } from '../../../server/brokers/engine/embedded/embedded-engine.ts'
import { defaultPolicy } from '../../../server/brokers/policy.ts'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

/** Two sessions, each with a reader that is away, a message that waits for it, and one that is retained. */
async function twoSessions(folder: string): Promise<EmbeddedEngine> {
  const engine = await opened(folder)
  for (const { id } of engine.tenants.values()) {
    const place = await new FakeClient('reader').attachTo(engine, id)
    await place.subscribe([subscriptionTo('t')])
    place.detach()
    engine.publish(id, publicationOf({ id: `of ${id}`, retain: true }))
  }
  await engine.parts.recorder.stored()
  return engine
}

async function opened(folder: string, ids = [1, 2]): Promise<EmbeddedEngine> {
  const engine = newEngine({ folder })
  onTestFinished(() => engine.stop())
  for (const id of ids) addTenant(engine, { id, name: `session ${id}` })
  await engine.start()
  return engine
}

/** As the disk is at this moment, for whoever starts after a kill. */
function killed(folder: string): string {
  const copy = temporaryFolder()
  cpSync(folder, copy, { recursive: true })
  return copy
}

function contentOf(engine: EmbeddedEngine, id: number): { waiting: string[]; subscribers: number; retained: number } {
  const tenant = engine.tenants.get(id)
  const subscribers = [...(tenant?.subscribers.values() ?? [])]
  return {
    waiting: subscribers.flatMap(({ unacked }) => [...unacked.values()].map(({ message }) => message.id)),
    subscribers: subscribers.length,
    retained: tenant?.retained.size ?? 0,
  }
}
const whole = (id: number) => ({ waiting: [`of ${id}`], subscribers: 1, retained: 1 })
const nothing = { waiting: [], subscribers: 0, retained: 0 }

it('writes a few bytes and touches no file of the others', async () => {
  const folder = temporaryFolder()
  const engine = await twoSessions(folder)
  const before = readdirSync(folder)
  const bytes = engine.parts.journal.totalBytes
  await engine.dropTenant(1)
  expect(readdirSync(folder)).toEqual(before)
  expect(engine.parts.journal.totalBytes - bytes).toBeLessThan(100)
})

it('leaves nothing that comes back after a kill, to a later session of its number neither', async () => {
  const folder = temporaryFolder()
  const engine = await twoSessions(folder)
  await engine.dropTenant(1)
  const after = await opened(killed(folder))
  expect(contentOf(after, 1)).toEqual(nothing)
  expect(after.tenants.get(1)?.seen.has('of 1')).toBe(false)
  expect(contentOf(after, 2)).toEqual(whole(2))

  addTenant(engine, { id: 1, name: 'another' })
  const place = await new FakeClient('late').attachTo(engine, 1)
  await place.subscribe([subscriptionTo('t')])
  place.detach()
  engine.publish(1, publicationOf({ id: 'new' }))
  await engine.parts.recorder.stored()
  expect(contentOf(await opened(killed(folder)), 1)).toEqual({ waiting: ['new'], subscribers: 1, retained: 0 })
})

it('works beside segments that cannot be read', async () => {
  const folder = temporaryFolder()
  await (await twoSessions(folder)).stop()
  const [first = ''] = readdirSync(folder)
  cpSync(join(folder, first), join(folder, '0000000002.journal'))
  writeFileSync(join(folder, first), 'no segment at all')
  const engine = await opened(folder)
  expect(engine.damage).toHaveLength(1)
  await engine.dropTenant(1)
  expect(contentOf(engine, 2)).toEqual(whole(2))
  expect(readdirSync(folder)).toContain(first)
  const after = await opened(killed(folder))
  expect([contentOf(after, 1), contentOf(after, 2)]).toEqual([nothing, whole(2)])
})

it('gives its space back with the segments it was in', async () => {
  const folder = temporaryFolder()
  const engine = newEngine({ folder, segmentBytes: 20_000 })
  onTestFinished(() => engine.stop())
  for (const id of [1, 2]) addTenant(engine, { id, name: `session ${id}` })
  await engine.start()
  const place = await new FakeClient('reader').attachTo(engine, 1)
  await place.subscribe([subscriptionTo('t')])
  place.detach()
  for (let n = 0; n < 100; n += 1) engine.publish(1, publicationOf({ id: `m${n}`, body: Buffer.alloc(1_000, 120) }))
  await engine.parts.recorder.stored()
  await engine.dropTenant(1)
  for (let n = 0; n < 20; n += 1) {
    for (let each = 0; each < 5; each += 1)
      engine.publish(2, publicationOf({ id: `o${n} ${each}`, topic: 'kept', body: Buffer.alloc(1_000, 121), retain: true }))
    await engine.parts.recorder.stored()
  }
  expect(engine.parts.journal.totalBytes).toBeLessThan(100_000)
})

it('a session that keeps its messages in memory from now on leaves nothing on the disk, and has all of it there when it goes back', async () => {
  const folder = temporaryFolder()
  const engine = await twoSessions(folder)
  const before = readdirSync(folder)
  expect(await engine.setPolicy(1, { ...defaultPolicy, durability: 'memory' })).toBe(true)
  const inMemory = await opened(killed(folder))
  expect([contentOf(inMemory, 1), contentOf(inMemory, 2)]).toEqual([nothing, whole(2)])
  expect(await engine.setPolicy(1, { ...defaultPolicy, durability: 'fsync' })).toBe(true)
  const back = await opened(killed(folder))
  expect([contentOf(back, 1), contentOf(back, 2)]).toEqual([whole(1), whole(2)])
  expect(readdirSync(folder)).toEqual(before)
})
