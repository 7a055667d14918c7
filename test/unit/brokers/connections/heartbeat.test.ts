import { expect, it } from 'vitest'
import { Heartbeat } from '../../../../server/brokers/connections/shared/heartbeat.ts'
import { FakeWire } from '../../../fakes/broker-wire.ts'

const open = (wire = new FakeWire()) => {
  const time = { now: 0 }
  const heartbeat = new Heartbeat(wire, () => time.now)
  const checkAt = (now: number, isOwed = false): boolean => {
    time.now = now
    return heartbeat.check({ evictAfter: 10_000, pingEvery: 30_000, isOwed })
  }
  return { wire, heartbeat, checkAt }
}

it('asks a silent peer for a sign of life, and cuts the line after two that nobody answered', () => {
  const { wire, checkAt } = open()
  expect([30_000, 30_001, 40_000, 60_002, 90_000].map((now) => checkAt(now))).toEqual([true, true, true, true, true])
  expect(wire.asked).toEqual(['ping', 'ping'])
  checkAt(90_001)
  expect(wire.asked).toEqual(['ping', 'ping', 'destroy'])
})

it('asks nothing of a peer that is heard', () => {
  const { wire, heartbeat, checkAt } = open()
  for (let now = 0; now < 300_000; now += 29_000) {
    checkAt(now)
    heartbeat.onActivity()
  }
  expect(wire.asked).toEqual([])
})

it('asks sooner who owes an acknowledgement, and finds it too slow when it answers neither', () => {
  const { wire, checkAt } = open()
  expect([checkAt(10_001, true), checkAt(20_000, true)]).toEqual([true, true])
  expect(wire.asked).toEqual(['ping'])
  expect(checkAt(20_001, true)).toBe(false)
})

it('finds nobody too slow on a line that cannot ask', () => {
  const { checkAt } = open(new FakeWire({ pings: false }))
  expect(checkAt(29_000, true)).toBe(true)
})
