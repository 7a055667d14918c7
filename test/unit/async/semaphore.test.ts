import { describe, expect, it } from 'vitest'
import { createSemaphore, type Release } from '../../../server/async/semaphore.ts'

const forever = new AbortController().signal

describe('a semaphore', () => {
  it('gives as many places as its limit says, and one given back is free again', () => {
    const semaphore = createSemaphore(() => 2)
    const first = semaphore.take()
    expect(first).not.toBeNull()
    expect(semaphore.take()).not.toBeNull()
    expect(semaphore.take()).toBeNull()
    first?.()
    expect(semaphore.take()).not.toBeNull()
  })

  it('counts a place once that is given back twice', () => {
    const semaphore = createSemaphore(() => 1)
    const release = semaphore.take()
    release?.()
    release?.()
    expect(semaphore.take()).not.toBeNull()
    expect(semaphore.take()).toBeNull()
  })

  it('hands a place over in the order of asking, and to no newcomer in between', async () => {
    const semaphore = createSemaphore(() => 1)
    const release = semaphore.take()
    const order: string[] = []
    const first = semaphore.acquire(forever).then((own) => {
      order.push('first')
      return own
    })
    const second = semaphore.acquire(forever).then(() => order.push('second'))
    expect(semaphore.take()).toBeNull()
    release?.()
    expect(semaphore.take()).toBeNull()
    const releaseFirst = await first
    expect(order).toEqual(['first'])
    releaseFirst()
    await second
    expect(order).toEqual(['first', 'second'])
  })

  it('lets whoever gives up leave the line', async () => {
    const semaphore = createSemaphore(() => 1)
    const release = semaphore.take()
    const control = new AbortController()
    const given = semaphore.acquire(control.signal)
    const next = semaphore.acquire(forever)
    control.abort(new Error('not needed'))
    await expect(given).rejects.toThrow('not needed')
    await expect(semaphore.acquire(control.signal)).rejects.toThrow('not needed')
    release?.()
    await expect(next).resolves.toBeTypeOf('function')
    expect(semaphore.take()).toBeNull()
  })

  it('calls those in line when its limit has risen', async () => {
    let limit = 1
    const semaphore = createSemaphore(() => limit)
    semaphore.take()
    const waiting = [semaphore.acquire(forever), semaphore.acquire(forever)]
    limit = 3
    semaphore.limitChanged()
    await Promise.all(waiting)
    expect(semaphore.take()).toBeNull()
  })

  it('begins at once where there is a place, else in its turn; what it gave leaves the line or gives the place back', () => {
    const semaphore = createSemaphore(() => 1)
    const begun: string[] = []
    const begin = (name: string) => () => void begun.push(name)
    const endFirst = semaphore.whenFree(begin('first'))
    const leave = semaphore.whenFree(begin('second'))
    semaphore.whenFree(begin('third'))
    expect(begun).toEqual(['first'])
    leave()
    endFirst()
    expect(begun).toEqual(['first', 'third'])
  })

  it('counts who was let in past the limit', () => {
    const semaphore = createSemaphore(() => 1)
    const releases: Release[] = [semaphore.takeAnyway(), semaphore.takeAnyway()]
    let begun = false
    semaphore.whenFree(() => (begun = true))
    releases[0]?.()
    expect(begun).toBe(false)
    releases[1]?.()
    expect(begun).toBe(true)
  })
})
