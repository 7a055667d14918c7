import { afterEach, expect, test } from 'vitest'
import { bearer, ownerKey, startLogins, type TestLogins } from '../../fakes/logins.ts'
import { testClock, until } from '../../fakes/kernel.ts'
import { startRedis, type RedisServer } from '../../fakes/redis-server.ts'
import { connectStream } from '../../fakes/revocation-stream.ts'
import { inWords } from '../../fakes/words.ts'

const running: RedisServer[] = []
afterEach(async () => {
  for (const redis of running.splice(0)) await redis.dispose()
})

async function redisServer(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const redis = await startRedis(options)
  running.push(redis)
  return redis
}

async function twoServers(redis: RedisServer): Promise<[TestLogins, TestLogins]> {
  const clock = testClock()
  const variables = { sessionStorageType: 'redis' as const, redisUrl: redis.url }
  return Promise.all([startLogins({ variables, clock }), startLogins({ variables, clock })])
}

test('two servers on one Redis behave as one: made here, good there, revoked there, over here', async () => {
  const [here, there] = await twoServers(await redisServer({ password: 'not-a-real-secret' }))
  const { token, session_id } = await here.login()
  expect((await there.validate(token)).body.is_valid).toBe(true)
  expect((await there.call('DELETE', `/api/v1/sessions/${session_id}`, undefined, bearer(token))).status).toBe(200)
  expect((await here.validate(token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
})

test('the limit holds exactly when two servers create at once', async () => {
  const servers = await twoServers(await redisServer())
  const made = await Promise.all(Array.from({ length: 50 }, (_, index) => servers[index % 2]?.login()))
  const verdicts = await Promise.all(made.map((each, index) => servers[(index + 1) % 2]?.validate(each?.token ?? '')))
  expect(verdicts.filter((verdict) => verdict?.body.is_valid === true)).toHaveLength(5)
})

test('50 parallel refreshes over two servers get one successor', async () => {
  const servers = await twoServers(await redisServer())
  const { token } = await servers[0].login()
  servers[0].clock.advance(27 * 60_000)
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      (servers[index % 2] ?? servers[0]).call('POST', '/api/v1/sessions/refresh', undefined, bearer(token)),
    ),
  )
  expect(replies.every(({ status }) => status === 200)).toBe(true)
  expect(new Set(replies.map(({ body }) => body.token)).size).toBe(1)
})

test('a key rotated on one server signs and verifies on the other', async () => {
  const [here, there] = await twoServers(await redisServer({ password: 'not-a-real-secret' }))
  const old = await there.login()
  const rotated = await here.call('POST', '/v1/keys', { algorithm: 'EdDSA' }, { 'x-api-key': ownerKey })
  expect(rotated.status).toBe(201)
  const fresh = await here.login()
  expect((await there.validate(fresh.token)).body.is_valid).toBe(true)
  expect((await here.validate(old.token)).body.is_valid).toBe(true)
  await until(
    'the other server signs with the new key',
    async () =>
      JSON.parse(Buffer.from((await there.login({ user_id: 'other' })).token.split('.')[0] ?? '', 'base64url').toString()).kid ===
      rotated.body.id,
  )
})

test('an ending on one server reaches the gateways of the other', async () => {
  const [here, there] = await twoServers(await redisServer())
  const { token, session_id } = await here.login()
  const stream = await connectStream(there.url)
  await here.call('POST', '/api/v1/sessions/logout', { token })
  await stream.until(
    (message) =>
      message.type === 'ended' && message.sessions.some((session) => session.session_id === session_id && session.reason === 'logout'),
  )
})

test('while Redis is away nothing is good, the state says so, and it comes back by itself', async () => {
  const redis = await redisServer()
  const logins = await startLogins({ variables: { sessionStorageType: 'redis', redisUrl: redis.url } })
  const { token } = await logins.login()
  await redis.kill()
  await until('the room notices', () => logins.room.attention().length === 1)
  expect(inWords(logins.room.attention())[0]).toMatchObject({ tone: 'bad', title: 'Redis cannot be used' })
  expect(await logins.validate(token)).toMatchObject({ status: 503, body: { success: false, error_code: 'validation_error' } })
  expect(await logins.call('GET', '/api/v1/sessions/health')).toMatchObject({ status: 503, body: { success: false, status: 'unhealthy' } })
  expect((await logins.call('POST', '/api/v1/sessions', { user_id: 'a', username: 'a', role_name: 'a' })).status).toBe(503)
  await redis.start()
  // This Redis has no disk: the session is gone, and so is the key that signed it.
  await until(
    'the room is back',
    () =>
      logins.room
        .attention()
        .map(({ id }) => id)
        .join() === 'logins:keys-lost',
  )
  await until(
    'a login works',
    async () => (await logins.call('POST', '/api/v1/sessions', { user_id: 'a', username: 'a', role_name: 'a' })).status === 201,
  )
  expect((await logins.validate(token)).body).toMatchObject({ is_valid: false, error_code: 'session_not_found' })
})

test('a Redis that hangs is noticed: requests are refused as with one that is away, and it is taken up again', async () => {
  const redis = await redisServer()
  const logins = await startLogins({ variables: { sessionStorageType: 'redis', redisUrl: redis.url } })
  const { token } = await logins.login()
  const stream = await connectStream(logins.url)
  redis.pause()
  await until('the room notices', () => logins.room.attention().length === 1)
  await stream.until(({ type }) => type === 'unsure')
  expect(await logins.validate(token)).toMatchObject({ status: 503, body: { error_code: 'validation_error' } })
  redis.resume()
  await until('the room is back', () => logins.room.attention().length === 0)
  await until('the token is good again', async () => (await logins.validate(token)).body.is_valid === true)
})

test('a use that only one server knows of keeps the other from taking the session for an idle one', async () => {
  const redis = await redisServer()
  const clock = testClock()
  const options = { variables: { sessionStorageType: 'redis' as const, redisUrl: redis.url }, settings: { idleTimeout: 300 }, clock }
  const [here, there] = await Promise.all([startLogins(options), startLogins(options)])
  const { token } = await here.login()
  clock.advance(295_000)
  expect((await here.validate(token)).body.is_valid).toBe(true)
  clock.advance(10_000)
  expect((await there.validate(token)).body.is_valid).toBe(true)
})

test('tokens of keys that cannot be read are never called unknown, only not to be checked now', async () => {
  const redis = await redisServer()
  const [here, there] = await twoServers(redis)
  const { token } = await here.login()
  await redis.kill()
  const late = await startLogins({ variables: { sessionStorageType: 'redis', redisUrl: redis.url }, redisIsAway: true })
  for (const server of [here, there, late]) {
    for (let round = 0; round < 5; round += 1) expect((await server.validate(token)).status).toBe(503)
  }
})

test('a server starts without its Redis and serves when it comes', async () => {
  const redis = await redisServer()
  await redis.kill()
  const logins = await startLogins({ variables: { sessionStorageType: 'redis', redisUrl: redis.url }, redisIsAway: true })
  expect((await logins.call('GET', '/api/v1/sessions/health')).status).toBe(503)
  await redis.start()
  await until(
    'it serves',
    async () => (await logins.call('POST', '/api/v1/sessions', { user_id: 'a', username: 'a', role_name: 'a' })).status === 201,
  )
})
