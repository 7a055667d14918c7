import { expect, it } from 'vitest'
import { Backpressure } from '../../../../server/brokers/connections/shared/backpressure.ts'
import { FakeWire } from '../../../fakes/broker-wire.ts'

const open = () => {
  const wire = new FakeWire()
  const time = { now: 0 }
  return { wire, time, backpressure: new Backpressure(wire, () => time.now) }
}

it('has no room above 256 KiB unsent, and knows for how long', () => {
  const { wire, time, backpressure } = open()
  expect(backpressure.hasRoom()).toBe(true)
  wire.unsent = 262_144
  expect([backpressure.hasRoom(), backpressure.isStalled]).toEqual([false, true])
  time.now = 700
  expect([backpressure.hasRoom(), backpressure.stalledFor]).toEqual([false, 700])
  wire.unsent = 0
  backpressure.drained()
  expect([backpressure.hasRoom(), backpressure.isStalled, backpressure.stalledFor]).toEqual([true, false, 0])
})

it('is not read from while answers of a megabyte wait to be taken', () => {
  const { wire, backpressure } = open()
  wire.unsent = 1_048_577
  backpressure.afterRead()
  backpressure.afterRead()
  expect([wire.asked, backpressure.isStalled]).toEqual([['pause'], true])
  wire.unsent = 0
  backpressure.drained()
  expect(wire.asked).toEqual(['pause', 'resume'])
})

it('is read from again when the last of those who held it lets go, and each lets go once', () => {
  const { wire, backpressure } = open()
  const [first, second] = [backpressure.hold(), backpressure.hold()]
  first()
  first()
  expect(wire.asked).toEqual(['pause'])
  second()
  expect(wire.asked).toEqual(['pause', 'resume'])
})

it('calls back who waits for what is unsent when it is gone, at once where nothing is, and at once after the end', () => {
  const { wire, backpressure } = open()
  const called: string[] = []
  backpressure.whenDrained(() => called.push('nothing unsent'))
  wire.unsent = 1
  backpressure.whenDrained(() => called.push('drained'))
  expect(called).toEqual(['nothing unsent'])
  backpressure.drained()
  backpressure.end()
  backpressure.whenDrained(() => called.push('over'))
  expect(called).toEqual(['nothing unsent', 'drained', 'over'])
})
