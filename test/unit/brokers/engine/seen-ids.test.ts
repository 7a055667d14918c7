import { expect, it } from 'vitest'
import { SeenIds } from '../../../../server/brokers/engine/embedded/seen-ids.ts'

it('knows an id for ten minutes at least, and not for ever', () => {
  const seen = new SeenIds()
  seen.add('a', 0)
  seen.add('b', 600_001)
  expect([seen.has('a'), seen.has('b')]).toEqual([true, true])
  seen.add('c', 1_200_002)
  expect([seen.has('a'), seen.has('b'), seen.has('c')]).toEqual([false, true, true])
})

it('keeps the last hundred thousand of a busy session, however fast they come', () => {
  const seen = new SeenIds()
  for (let n = 0; n < 250_000; n += 1) seen.add(`m${n}`, 1)
  for (let n = 150_000; n < 250_000; n += 1) if (!seen.has(`m${n}`)) throw new Error(`m${n} is forgotten`)
  expect(seen.has('m0')).toBe(false)
})

it('takes back an id whose message was not stored, whichever generation it is in', () => {
  const seen = new SeenIds()
  seen.add('a', 0)
  seen.add('b', 600_001)
  seen.delete('a')
  seen.delete('b')
  expect([seen.has('a'), seen.has('b')]).toEqual([false, false])
})
