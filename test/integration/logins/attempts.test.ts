/** Who may try a password, and who has to wait: one set of promises, kept in memory and in Redis. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  createAttemptGuard,
  crowdedAfter,
  nameBackoff,
  pairBackoff,
  waitAfter,
  type AttemptGuard,
  type AttemptStore,
} from '../../../server/logins/users/attempts.ts'
import { createMemoryAttempts } from '../../../server/logins/users/attempts-memory.ts'
import { createRedisAttempts } from '../../../server/logins/users/attempts-redis.ts'
import { connectRedis, type RedisConnection } from '../../../server/logins/store/redis-connection.ts'
import { systemClock } from '../../../server/clock.ts'
import { testClock, testLog } from '../../fakes/kernel.ts'
import { startRedis, type RedisServer } from '../../fakes/redis-server.ts'
import { patience } from '../../fixtures/patience.ts'

const minutes = 60_000
let redis: RedisServer
let connection: RedisConnection

beforeAll(async () => {
  redis = await startRedis()
  connection = await connectRedis({ url: redis.url, clock: systemClock, wallTime: systemClock.now, waitAtStart: patience, log: testLog() })
  await connection.start()
})
afterAll(async () => {
  await connection.stop()
  await redis.dispose()
})

/** By a clock that stands still: by its own the first wait, of a second, may be over before the next try of a busy machine. */
const standing = (own: RedisConnection): RedisConnection => ({
  ...own,
  script: (text, ...values) => own.script(text.replace("redis.call('TIME')", '{ 1767322800, 0 }'), ...values),
})

/** How many of `count` tries are let through, one after the other. */
async function tries(guard: AttemptGuard, count: number, username: string, address: string): Promise<number> {
  let passed = 0
  for (let index = 0; index < count; index += 1)
    passed += await guard.begin(username, address).then(
      () => 1,
      () => 0,
    )
  return passed
}

describe.each<[string, () => AttemptStore]>([
  ['memory', () => createMemoryAttempts(testClock())],
  ['Redis', () => createRedisAttempts(standing(connection))],
])('failed logins counted in %s', (_, make) => {
  let guard: AttemptGuard
  beforeEach(async () => {
    await redis.command('FLUSHALL')
    guard = createAttemptGuard(make())
  })

  test('stop who guesses one name after five, and say for how long', async () => {
    expect(await tries(guard, 8, 'ann', '10.0.0.1')).toBe(5)
    await expect(guard.begin('ANN', '10.0.0.1')).rejects.toMatchObject({ code: 'too-many-attempts', details: { retryAfter: 1 } })
  })

  test('let no parallel ones slip through', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => guard.begin('ann', '10.0.0.1')))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  })

  test('are forgotten with the right password', async () => {
    await tries(guard, 4, 'ann', '10.0.0.1')
    await guard.succeeded('ann', '10.0.0.1')
    expect(await tries(guard, 8, 'ann', '10.0.0.1')).toBe(5)
  })

  test('of one attacker behind a shared address keep nobody else there from logging in', async () => {
    for (let name = 0; name < 200; name += 1) await tries(guard, 6, `guessed-${name}`, '10.0.0.1')
    for (const username of ['ann', 'bob', 'carl']) {
      await expect(guard.begin(username, '10.0.0.1')).resolves.toBeDefined()
      await guard.succeeded(username, '10.0.0.1')
      // Who has logged in from there may mistype as ever.
      expect(await tries(guard, 8, username, '10.0.0.1')).toBe(5)
    }
  })

  test('for many names make the address strict with each further one that fails', async () => {
    for (let name = 0; name < crowdedAfter; name += 1) await guard.begin(`guessed-${name}`, '10.0.0.1')
    expect(await tries(guard, 5, 'one more', '10.0.0.1')).toBe(1)
    expect(await tries(guard, 8, 'one more', '10.0.0.2')).toBe(5)
  })

  test('from many addresses slow down a name, but not where its owner logs in', async () => {
    await guard.begin('ann', '10.0.0.1')
    await guard.succeeded('ann', '10.0.0.1')
    let passed = 0
    for (let address = 0; address < 100; address += 1) passed += await tries(guard, 1, 'ann', `192.0.2.${address}`)
    expect(passed).toBe(nameBackoff.free)
    await expect(guard.begin('ann', '192.0.2.200')).rejects.toMatchObject({ code: 'too-many-attempts' })
    expect(await guard.begin('ann', '10.0.0.1')).toEqual({ trusted: true })
    await expect(guard.begin('bob', '192.0.2.200')).resolves.toEqual({ trusted: false })
  })
})

test('waits double from a second to a quarter of an hour, by a clock that only rises', async () => {
  const clock = testClock()
  const guard = createAttemptGuard(createMemoryAttempts(clock))
  expect(await tries(guard, 5, 'ann', '10.0.0.1')).toBe(5)
  const waits: number[] = []
  for (let attempt = 0; attempt < 13; attempt += 1) {
    const refused: { details: { retryAfter: number } } = await guard.begin('ann', '10.0.0.1').then(
      () => ({ details: { retryAfter: 0 } }),
      (error: unknown) => error as { details: { retryAfter: number } },
    )
    waits.push(refused.details.retryAfter)
    // A wall clock that is set shortens nothing.
    clock.setWall(clock.now() + 24 * 60 * minutes)
    await expect(guard.begin('ann', '10.0.0.1')).rejects.toMatchObject({ code: 'too-many-attempts' })
    clock.advance(refused.details.retryAfter * 1_000)
    await guard.begin('ann', '10.0.0.1')
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
  clock.advance(pairBackoff.window + 1)
  expect(await tries(guard, 8, 'ann', '10.0.0.1')).toBe(5)
})

test('a wait is never longer than its most, however many failures there were', () => {
  expect([0, 4, 5, 6, 1_000_000].map((failures) => waitAfter(failures, pairBackoff))).toEqual([0, 0, 1_000, 2_000, 15 * minutes])
})
