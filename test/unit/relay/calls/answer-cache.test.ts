/** What answers of reads cost in memory is bounded, and so is what was asked for them. */
import { expect, test } from 'vitest'
import { AnswerCache } from '../../../../server/relay/calls/answer-cache.ts'

const keyOf = (path: string) => ({ upstreamId: 'up_1', tool: 'read', hash: 'h', args: { path }, sessionId: null })
const mebibyte = 1_048_576

test('large arguments count as memory: one that is too large is not kept, many push out the oldest', () => {
  const cache = new AnswerCache({ monotonic: () => 0 })
  cache.keep(keyOf('x'.repeat(2 * mebibyte)), { content: [] }, 0)
  expect(cache.bytes).toBe(0)
  const half = (n: number): string => `${n} ${'x'.repeat(mebibyte / 2)}`
  for (let n = 0; n < 80; n += 1) cache.keep(keyOf(half(n)), { content: [] }, 0)
  expect(cache.bytes).toBeLessThanOrEqual(32 * mebibyte)
  expect(cache.find(keyOf(half(0)), 1_000)).toBeNull()
  expect(cache.find(keyOf(half(79)), 1_000)).toMatchObject({ answer: { content: [] } })
})
