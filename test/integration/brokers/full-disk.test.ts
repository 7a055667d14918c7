/** A disk that opens files but has no room for what is written into them. */
import { readdirSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

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
    const engine = newEngine({ folder })
    const tenant = addTenant(engine)
    await engine.start()
    const client = new FakeClient('reader')
    const reader = await client.attachTo(engine, tenant.id)
    // Not waited for: it is stored with what is published next.
    void reader.subscribe([subscriptionTo('t')])
    const publish = (id: string): Promise<boolean> => {
      engine.publish(tenant.id, publicationOf({ id, publisher: 'writer' }))
      return engine.parts.recorder.stored()
    }
    return { engine, tenant, client, reader, publish }
  }
  const { engine, tenant, client, publish } = await start()
  const sizes = (): number[] => readdirSync(folder).map((file) => statSync(join(folder, file)).size)
  expect(await publish('before')).toBe(true)
  const before = sizes()
  for (const full of ['batches', 'batches', 'everything', 'everything', 'batches'] as const) {
    state.full = full
    expect(await publish('refused')).toBe(false)
    expect(sizes()).toEqual(before)
  }
  expect([tenant.queued, client.received.map(({ id }) => id)]).toEqual([1, ['before']])
  state.full = 'nothing'
  expect(await publish('after')).toBe(true)
  expect(sizes()).toHaveLength(1)
  await engine.stop()

  // Two starts, the second of which finds what the first left.
  for (let n = 0; n < 2; n += 1) {
    const again = await start()
    again.reader.resume()
    expect(again.client.received.map(({ id }) => id)).toEqual(['before', 'after'])
    await again.engine.stop()
  }
})
