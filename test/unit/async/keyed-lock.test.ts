import { describe, expect, it } from 'vitest'
import { createKeyedLock } from '../../../server/async/keyed-lock.ts'

describe('a keyed lock', () => {
  it('lets one in at a time for each key, and keys do not wait for each other', async () => {
    const lock = createKeyedLock<string>()
    const order: string[] = []
    const gate = Promise.withResolvers<void>()
    const held = lock.run('a', async () => {
      await gate.promise
      order.push('a, first')
    })
    const waiting = lock.run('a', () => void order.push('a, second'))
    await lock.run('b', () => void order.push('b'))
    gate.resolve()
    await Promise.all([held, waiting])
    expect(order).toEqual(['b', 'a, first', 'a, second'])
  })

  it('goes on after a failure, which is its caller’s', async () => {
    const lock = createKeyedLock<string>()
    const failing = lock.run('a', () => Promise.reject(new Error('broken')))
    const next = lock.run('a', () => 'done')
    await expect(failing).rejects.toThrow('broken')
    await expect(next).resolves.toBe('done')
  })

  it('is settled when all that was asked for until now has ended, for every key', async () => {
    const lock = createKeyedLock<string>()
    const [gate, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const order: string[] = []
    const work = [lock.run('a', () => gate.promise.then(() => order.push('a'))), lock.run('b', () => Promise.reject(new Error('broken')))]
    const settled = lock.settled().then(() => order.push('settled'))
    const after = lock.run('a', () => late.promise)
    gate.resolve()
    await Promise.allSettled(work)
    await settled
    expect(order).toEqual(['a', 'settled'])
    late.resolve()
    await after
  })

  it('forgets a key when nobody holds it or waits for it', async () => {
    const lock = createKeyedLock<string>()
    const both = [lock.run('a', () => Promise.resolve()), lock.run('a', () => Promise.resolve())]
    expect(lock.size).toBe(1)
    await Promise.all(both)
    expect(lock.size).toBe(0)
  })
})
