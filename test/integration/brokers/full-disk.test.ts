/** A disk that opens files but has no room for what is written into them. */
import { readdirSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Engine } from '../../../server/brokers/engine/engine.ts'
import { defaultPolicy } from '../../../server/brokers/policy.ts'
import { FakeLink } from '../../fakes/broker-link.ts'
import { temporaryFolder, testClock, testLog } from '../../fakes/kernel.ts'

/** Which writes find no room: those of batches, or the first bytes of a new file too. */
type Full = 'nothing' | 'batches' | 'everything'

async function disk(): Promise<{ full: Full }> {
  const state: { full: Full } = { full: 'nothing' }
  const handle = await open(join(temporaryFolder(), 'any'), 'w')
  const methods = Object.getPrototypeOf(handle) as FileHandle // what every open file shares
  await handle.close()
  const { write, writev } = methods
  const noRoom = async (file: FileHandle): Promise<never> => {
    // What still fits goes in, as on a real disk.
    await file.appendFile('what')
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  }
  vi.spyOn(methods, 'writev').mockImplementation(function (this: FileHandle, buffers) {
    return state.full === 'nothing' ? writev.call(this, buffers) : noRoom(this)
  })
  vi.spyOn(methods, 'write').mockImplementation(function (this: FileHandle, ...wanted) {
    return state.full === 'everything' ? noRoom(this) : write.apply(this, wanted)
  })
  onTestFinished(() => void vi.restoreAllMocks())
  return state
}

it('leaves nothing behind of what a full disk refused, and goes on once there is room', async () => {
  const state = await disk()
  const folder = join(temporaryFolder(), 'brokers')
  const start = async () => {
    const engine = new Engine({
      folder,
      clock: testClock(),
      log: testLog(),
      setTimer: () => () => undefined,
      observer: { deadLetter: () => undefined, storageFailed: () => undefined, storageWorks: () => undefined },
    })
    const tenant = engine.addTenant(1, 'one', defaultPolicy)
    await engine.recover()
    const link = new FakeLink('reader')
    const { subscriber } = engine.attach(tenant, link, { key: 'user:reader', durable: true, keepFor: null })
    engine.subscribe(subscriber, 't', { filter: 't', group: null, qos: 1, noLocal: true, retainAsPublished: false, identifier: null })
    const publish = (id: string): Promise<boolean> => {
      engine.publish(
        tenant,
        {
          topic: 't',
          id,
          source: 'json',
          body: Buffer.from(id),
          isEmpty: false,
          qos: 1,
          retain: false,
          properties: null,
          expiresIn: null,
          publisher: 'writer',
        },
        null,
        id,
      )
      return engine.durable()
    }
    return { engine, tenant, link, subscriber, publish }
  }
  const { engine, tenant, link, publish } = await start()
  const sizes = (): number[] => readdirSync(folder).map((file) => statSync(join(folder, file)).size)
  expect(await publish('before')).toBe(true)
  const before = sizes()
  for (const full of ['batches', 'batches', 'everything', 'everything', 'batches'] as const) {
    state.full = full
    expect(await publish('refused')).toBe(false)
    expect(sizes()).toEqual(before)
  }
  expect([tenant.queued, link.received.map(({ id }) => id)]).toEqual([1, ['before']])
  state.full = 'nothing'
  expect(await publish('after')).toBe(true)
  expect(sizes()).toHaveLength(1)
  await engine.stop()

  // Two starts, the second of which finds what the first left.
  for (let n = 0; n < 2; n += 1) {
    const again = await start()
    again.engine.dispatch(again.subscriber)
    expect(again.link.received.map(({ id }) => id)).toEqual(['before', 'after'])
    await again.engine.stop()
  }
})
