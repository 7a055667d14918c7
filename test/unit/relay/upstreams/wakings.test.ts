/** Sleep and other networks, as a machine without a desktop finds them out. */
import { expect, test } from 'vitest'
import { Wakings } from '../../../../server/relay/upstreams/wakings.ts'

function watched() {
  const now = { wall: 1_000_000, monotonic: 5_000, network: 'wlan0 192.0.2.7', woken: 0 }
  const wakings = new Wakings({
    clock: { now: () => now.wall, monotonic: () => now.monotonic },
    network: () => now.network,
    onWoken: () => void (now.woken += 1),
  })
  wakings.start()
  wakings.stop()
  const look = (wall: number, monotonic = wall): number => {
    now.wall += wall
    now.monotonic += monotonic
    wakings.look()
    return now.woken
  }
  return { now, look }
}

test('a look in time, or a little late, is no waking; one by a clock that ran on in sleep is', () => {
  const { look } = watched()
  expect([look(5_000), look(20_000), look(3_600_000, 5_000), look(5_000), look(3_600_000)]).toEqual([0, 0, 1, 1, 2])
})

test('a clock that is set back wakes nobody', () => {
  expect(watched().look(-3_600_000, 5_000)).toBe(0)
})

test('another network wakes, and so does the way back', () => {
  const { now, look } = watched()
  now.network = 'wlan0 198.51.100.9'
  expect(look(5_000)).toBe(1)
  expect(look(5_000)).toBe(1)
  now.network = ''
  expect(look(5_000)).toBe(2)
})
