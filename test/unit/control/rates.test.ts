import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Rates } from '../../../server/control/rates.ts'
import type { RoomName } from '../../../server/http/contract.ts'

const clock = { now: () => Date.now(), monotonic: () => Date.now() }
let total = 0
let rates: Rates

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
  total = 0
  rates = new Rates(clock, () => new Map<RoomName, number>([['browsers', total]]))
})
afterEach(() => {
  rates.dispose()
  vi.useRealTimers()
})

/** Lets time pass at a steady rate. */
function run(seconds: number, perSecond: number): void {
  for (let second = 0; second < seconds; second += 1) {
    total += perSecond
    vi.advanceTimersByTime(1_000)
  }
}

test('before the server ran there is nothing to draw', () => {
  run(30, 1)
  const series = rates.series('browsers', '15m', 's')
  expect(series).toHaveLength(90)
  expect(series.slice(0, 80).every((point) => point === null)).toBe(true)
})

test('the last point of the curve is the number printed beside it', () => {
  run(60, 5)
  expect(rates.current('browsers', 's')).toBeCloseTo(5, 1)
  expect(rates.series('browsers', '15m', 's').at(-1)).toBe(rates.current('browsers', 's'))
  expect(rates.current('browsers', 'min')).toBeCloseTo(300, 0)
})

test('an hour shows minutes, a day shows quarters of an hour', () => {
  run(3_700, 2)
  const hour = rates.series('browsers', '1h', 's')
  expect(hour).toHaveLength(60)
  expect(hour.every((point) => point !== null && Math.abs(point - 2) < 0.5)).toBe(true)
  expect(rates.series('browsers', '24h', 's')).toHaveLength(96)
  expect(rates.times('24h').at(-1)).toBe(Math.round(Date.now() / 1_000))
})

test('silence is zero, not the rate before it', () => {
  run(60, 5)
  run(60, 0)
  expect(rates.current('browsers', 's')).toBe(0)
})
