import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { createSerialQueue } from '../../../server/async/serial-queue.ts'

describe('a serial queue', () => {
  it('begins what comes next when the one before has ended, and not sooner', async () => {
    const queue = createSerialQueue()
    const order: string[] = []
    const first = Promise.withResolvers<void>()
    const one = queue.run(async () => {
      order.push('first begins')
      await first.promise
      order.push('first ends')
    })
    const two = queue.run(() => void order.push('second'))
    await Promise.resolve()
    expect(order).toEqual(['first begins'])
    first.resolve()
    await Promise.all([one, two])
    expect(order).toEqual(['first begins', 'first ends', 'second'])
  })

  it('gives each its own result, and goes on after a failure', async () => {
    const queue = createSerialQueue()
    const failing = queue.run(() => Promise.reject(new Error('broken')))
    const throwing = queue.run(() => {
      throw new Error('broken at once')
    })
    const next = queue.run(() => 'done')
    await expect(failing).rejects.toThrow('broken')
    await expect(throwing).rejects.toThrow('broken at once')
    await expect(next).resolves.toBe('done')
  })

  it('is settled when all asked for until then has ended, failures included', async () => {
    const queue = createSerialQueue()
    const gate = Promise.withResolvers<void>()
    let ended = false
    queue.run(() => gate.promise).catch(() => undefined)
    queue
      .run(() => {
        ended = true
        throw new Error('broken')
      })
      .catch(() => undefined)
    const settled = queue.settled()
    gate.resolve()
    await settled
    expect(ended).toBe(true)
  })

  it('runs work in the scope of who asked for it', async () => {
    const queue = createSerialQueue()
    const scope = new AsyncLocalStorage<string>()
    const read = () => scope.getStore()
    const asked = [scope.run('one', () => queue.run(read)), scope.run('two', () => queue.run(read)), queue.run(read)]
    await expect(Promise.all(asked)).resolves.toEqual(['one', 'two', undefined])
  })
})
