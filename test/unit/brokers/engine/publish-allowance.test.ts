import { expect, it } from 'vitest'
import { PublishAllowance } from '../../../../server/brokers/engine/embedded/publish-allowance.ts'

it('lets so many through a second, and no more after a rest than one second holds', () => {
  const allowance = new PublishAllowance()
  const through = (now: number): number => Array.from({ length: 10 }, () => allowance.take(4, now)).filter(Boolean).length
  expect([through(1_000), through(1_000), through(1_500), through(60_000)]).toEqual([4, 0, 2, 4])
})

it('lets everything through where there is no limit', () => {
  const allowance = new PublishAllowance()
  expect(Array.from({ length: 1_000 }, () => allowance.take(null, 0)).every(Boolean)).toBe(true)
})
