import { describe, expect, it } from 'vitest'
import { LeaseBook } from '../../../../server/browsers/session/leases.ts'
import { testClock } from '../../../fakes/kernel.ts'

describe('leases', () => {
  it('are counted: the first to finish leaves the others in force', () => {
    const book = new LeaseBook(testClock())
    const first = book.take('a', 1_000)
    const second = book.take('b', 1_000)
    expect(book.end(first.id)).toBe(true)
    expect(book.end(first.id)).toBe(false)
    expect(book.list()).toEqual([second])
  })

  it('end by themselves at their deadline, by the clock that cannot be set', () => {
    const clock = testClock()
    const book = new LeaseBook(clock)
    const lease = book.take('a', 60_000)
    expect(Date.parse(lease.expiresAt) - Date.parse(lease.startedAt)).toBe(60_000)
    clock.setWall(clock.now() + 3_600_000)
    expect(book.expire()).toEqual([])
    clock.advance(60_000)
    expect(book.expire()).toEqual([lease])
    expect(book.count).toBe(0)
  })
})
