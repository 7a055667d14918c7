import { expect, test } from 'vitest'
import { retryAfter } from '../../../server/events/webhooks/answer.ts'
import { Lanes, type Lane } from '../../../server/events/webhooks/lanes.ts'
import { signature } from '../../../server/events/webhooks/signature.ts'

const now = Date.parse('2026-01-02T03:04:05Z')
const chat = (key: string, replay = false): Lane => ({ of: 'key', key, replay })

test.each([
  ['120', 120_000],
  ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
  ['Thu, 01 Jan 2026 00:00:00 GMT', 0],
  ['999999999', 3_600_000],
  ['soon', null],
  [undefined, null],
])('Retry-After %s means %s ms', (header, ms) => {
  expect(retryAfter(header, now)).toBe(ms)
})

test('a lane is taken by one, comes back when it rests, and those that waited longest go first', () => {
  const lanes = new Lanes()
  for (const key of ['a', 'b']) lanes.add(chat(key), 0)
  expect(lanes.take(0)).toEqual(chat('a'))
  lanes.add(chat('a'), 0)
  expect(lanes.take(0)).toEqual(chat('b'))
  expect(lanes.take(0)).toBeNull()
  lanes.rest(chat('a'), 0)
  expect(lanes.take(0)).toEqual(chat('a'))
})

test('what comes for a chat that waits for its next try waits with it, and what is about nothing goes on', () => {
  const lanes = new Lanes()
  lanes.rest(chat('a'), 100)
  lanes.rest({ of: 'none' }, 50)
  expect(lanes.soonest()).toBe(50)
  lanes.add(chat('a'), 10)
  expect(lanes.take(10)).toBeNull()
  lanes.add({ of: 'none' }, 10)
  expect(lanes.take(10)).toEqual({ of: 'none' })
  expect(lanes.take(100)).toEqual(chat('a'))
})

test('a replay of a chat has a lane beside the chat', () => {
  const lanes = new Lanes()
  lanes.add(chat('a'), 0)
  lanes.add(chat('a', true), 0)
  expect([lanes.take(0), lanes.take(0)]).toEqual([chat('a'), chat('a', true)])
})

test('the signature is the one of the Standard Webhooks specification', () => {
  // The example of the specification's own libraries.
  const signed = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1_614_265_330,
    body: '{"test": 2432232314}',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  }
  expect(signature(signed)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})
