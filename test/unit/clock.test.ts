import { expect, test } from 'vitest'
import { iso } from '../../server/clock.ts'

test('a moment is written as Node writes it, whenever it was', () => {
  const moments = [
    0, -1, -0.5, 0.9, 951_782_399_999, 951_782_400_000, -86_400_000, -86_400_001, 8_640_000_000_000_000, -8_640_000_000_000_000,
  ]
  // Every 17 days and some ms over 200 years, so that leap days and every hour are among them.
  for (let ms = -2_208_988_800_000; ms < 4_102_444_800_000; ms += 1_472_813_731) moments.push(ms)
  for (const ms of moments) expect(iso(ms)).toBe(new Date(ms).toISOString())
})

test('what is no moment is refused', () => {
  for (const ms of [Number.NaN, Infinity, 8_650_000_000_000_000]) expect(() => iso(ms)).toThrow(RangeError)
})
