import { expect, it } from 'vitest'
import { Ring } from '../../../../server/browsers/recorder/ring.ts'

const numbers = (limits: { most: number; mostBytes: number }) => new Ring<number>({ ...limits, bytesOf: (item) => item })

it('keeps the latest, as many as it may and as large as they may be together', () => {
  const few = numbers({ most: 3, mostBytes: 1_000 })
  for (const item of [1, 2, 3, 4, 5]) few.push(item)
  expect([few.list(), few.dropped, few.bytes, few.latest()]).toEqual([[3, 4, 5], 2, 12, 5])

  const small = numbers({ most: 100, mostBytes: 10 })
  for (const item of [4, 4, 4]) small.push(item)
  expect([small.list(), small.dropped, small.bytes]).toEqual([[4, 4], 1, 8])
  // One that is larger than the whole is still the latest.
  small.push(50)
  expect(small.list()).toEqual([50])
  small.keep(0)
  expect([small.list(), small.bytes, small.dropped]).toEqual([[], 0, 4])
})
