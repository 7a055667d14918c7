import { expect, it } from 'vitest'
import { PacketIds } from '../../../../server/brokers/engine/embedded/packet-ids.ts'

it('gives each id once, passes over those in use, and begins again behind the largest', () => {
  const ids = new PacketIds()
  expect([ids.take(), ids.take(), ids.take()]).toEqual([1, 2, 3])
  ids.sent.delete(2)
  ids.releasing.add(4)
  expect(ids.take()).toBe(5)
  for (let id = 6; id <= 65_535; id += 1) expect(ids.take()).toBe(id)
  expect(ids.take()).toBe(2)
})

it('has none left once 65,535 are in use, whether sent or released', () => {
  const ids = new PacketIds()
  for (let id = 1; id <= 65_535; id += 1) (id % 2 === 0 ? ids.releasing : ids.sent).add(id)
  expect([ids.hasFree, ids.take()]).toEqual([false, 0])
  ids.releasing.delete(8)
  expect([ids.hasFree, ids.take(), ids.hasFree]).toEqual([true, 8, false])
})
