/** Redis that changes under the house: a master that becomes a replica, Sentinels, a cluster, one that is emptied, one that is none. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { catchEscapes } from '../../../server/isolation.ts'
import { bearer, ownerKey, startLogins, type TestLogins, type TestLoginsOptions } from '../../fakes/logins.ts'
import { temporaryFolder, testClock, until } from '../../fakes/kernel.ts'
import { replicate, startCluster, startRedis, startSentinel } from '../../fakes/redis-server.ts'
import { connectStream } from '../../fakes/revocation-stream.ts'
import { inWords } from '../../fakes/words.ts'

const key = { 'x-api-key': ownerKey }
const disposables: { dispose(): unknown }[] = []
afterEach(async () => {
  for (const each of disposables.splice(0).toReversed()) await each.dispose()
})

async function kept<Each extends { dispose(): unknown }>(made: Promise<Each>): Promise<Each> {
  const each = await made
  disposables.push(each)
  return each
}

const startOn = (redisUrl: string, more: TestLoginsOptions = {}): Promise<TestLogins> =>
  startLogins({ ...more, variables: { sessionStorageType: 'redis', redisUrl } })
const create = (logins: TestLogins) => logins.call('POST', '/api/v1/sessions', { user_id: 'a', username: 'a', role_name: 'a' })
const algorithmOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).alg
const isWell = (logins: TestLogins): boolean => logins.room.attention().length === 0

describe('a master that becomes a replica', () => {
  test('is left for the new one behind the same address: writes work again, and what was said meanwhile was true', async () => {
    const [old, next] = [await kept(startRedis()), await kept(startRedis())]
    await replicate(old, next)
    const door = await kept(switchedDoor(old.port))
    const logins = await startOn(`redis://127.0.0.1:${door.port}/0`)
    const { token } = await logins.login()
    await until('the replica has the session', async () => Number(await next.command('ZCARD', 'wheelhouse:logins:created')) === 1)
    await next.command('REPLICAOF', 'NO', 'ONE')
    await old.command('REPLICAOF', '127.0.0.1', next.port)
    // The connections that are open still lead to the old one, which reads and does not write.
    door.leadTo(next.port)
    await until('a login works', async () => (await create(logins)).status === 201)
    await until('the room is well', () => isWell(logins))
    expect((await logins.validate(token)).body.is_valid).toBe(true)
    expect((await logins.call('POST', '/api/v1/sessions/logout', { token })).status).toBe(200)
    expect(Number(await next.command('ZCARD', 'wheelhouse:logins:ended'))).toBe(1)
  })

  test('is not called healthy while no other takes its place, and the reason is kept', async () => {
    const [old, next] = [await kept(startRedis()), await kept(startRedis())]
    await replicate(old, next)
    const logins = await startOn(old.url)
    const stream = await connectStream(logins.url)
    await next.command('REPLICAOF', 'NO', 'ONE')
    await old.command('REPLICAOF', '127.0.0.1', next.port)
    expect(await create(logins)).toMatchObject({ status: 503, body: { success: false, error_code: 'validation_error' } })
    await until('the room says so', () => inWords(logins.room.attention()).some(({ text }) => text.includes('READONLY')))
    expect(await logins.call('GET', '/api/v1/sessions/health')).toMatchObject({ status: 503, body: { status: 'unhealthy' } })
    expect((await logins.call('GET', '/api/v1/auth/health')).status).toBe(503)
    expect((await logins.call('GET', '/v1/status', undefined, key)).body).toMatchObject({
      up: false,
      error: expect.stringContaining('READONLY'),
    })
    await stream.until(({ type }) => type === 'unsure')
    await old.command('REPLICAOF', 'NO', 'ONE')
    await until('the room is well', () => isWell(logins))
    expect((await create(logins)).status).toBe(201)
  })
})

test('a Redis that takes no writes for want of memory is noticed, by its own words', async () => {
  const redis = await kept(startRedis())
  const logins = await startOn(redis.url)
  const { token } = await logins.login()
  await redis.command('CONFIG', 'SET', 'maxmemory', '1')
  await until('the room says so', () => inWords(logins.room.attention()).some(({ text }) => text.includes('OOM')))
  expect((await create(logins)).status).toBe(503)
  // What only reads goes on.
  expect((await logins.validate(token)).body.is_valid).toBe(true)
  await redis.command('CONFIG', 'SET', 'maxmemory', '0')
  await until('the room is well', () => isWell(logins))
  expect((await create(logins)).status).toBe(201)
})

test('Sentinels lead to the master, and after a failover to the new one', async () => {
  const password = 'not-a-real-secret'
  const [master, replica] = [await kept(startRedis({ password })), await kept(startRedis({ password }))]
  await replicate(master, replica)
  const sentinel = await kept(startSentinel(master, 'logins', password))
  const logins = await startOn(`redis+sentinel://:${password}@127.0.0.1:${sentinel.port}/logins/0`)
  const { token } = await logins.login()
  await until('the replica has the session', async () => Number(await replica.command('ZCARD', 'wheelhouse:logins:created')) === 1)
  await master.kill()
  await until('the room notices', () => !isWell(logins))
  await until('the room is well', () => isWell(logins))
  expect((await logins.validate(token)).body.is_valid).toBe(true)
  expect((await create(logins)).status).toBe(201)
})

describe('a cluster', () => {
  test('keeps sessions, keys and users for all servers, which hear of each other’s endings', async () => {
    const cluster = await kept(startCluster())
    const [here, there] = [await startOn(cluster.url), await startOn(cluster.url)]
    for (const logins of [here, there]) await until('it serves', () => isWell(logins))
    const made = await Promise.all(Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? here : there).login()))
    const good = (await Promise.all(made.map(({ token }) => there.validate(token)))).filter(({ body }) => body.is_valid)
    expect(good).toHaveLength(5)
    const stream = await connectStream(there.url)
    const { token, session_id } = await here.login({ user_id: 'other', username: 'other' })
    await stream.until((message) => message.type === 'created' && message.sessions.some((session) => session.session_id === session_id))
    expect((await there.call('POST', '/api/v1/sessions/logout', undefined, bearer(token))).status).toBe(200)
    expect((await here.validate(token)).body.error_code).toBe('session_inactive')
    await stream.until((message) => message.type === 'ended' && message.sessions.some((session) => session.session_id === session_id))
    expect((await here.call('POST', '/v1/keys', { algorithm: 'ES256' }, key)).status).toBe(201)
    const fresh = await here.login({ user_id: 'third', username: 'third' })
    expect(algorithmOf(fresh.token)).toBe('ES256')
    expect((await there.validate(fresh.token)).body.is_valid).toBe(true)
    expect((await here.call('GET', '/v1/sessions?text=third', undefined, key)).body.total).toBe(1)
    expect((await here.call('POST', '/v1/revoke', { filter: {} }, key)).body.revoked).toBe(6)
    expect((await there.call('GET', '/api/v1/sessions/stats')).body.stats.active_sessions).toBe(0)
    expect((await here.call('POST', '/v1/users', { username: 'Ann', role: 'clerk', password: 'a long enough password' }, key)).status).toBe(
      201,
    )
    expect((await there.call('POST', '/api/v1/auth/login', { username: 'ann', password: 'a long enough password' })).status).toBe(200)
  })

  test('goes on when the node with the logins dies and its replica takes over', async () => {
    const cluster = await kept(startCluster({ replicas: 3 }))
    const logins = await startOn(cluster.url)
    await until('it serves', () => isWell(logins))
    const { token } = await logins.login()
    const node = await cluster.nodeOf('{wheelhouse:logins}:created')
    const index = cluster.nodes.indexOf(node)
    await until(
      'its replica has the session',
      async () => (await cluster.nodes[index + 3]?.command('DBSIZE')) === (await node.command('DBSIZE')),
    )
    await node.kill()
    await until('the room notices', () => !isWell(logins))
    await until('the room is well', () => isWell(logins))
    expect((await logins.validate(token)).body.is_valid).toBe(true)
    expect((await create(logins)).status).toBe(201)
  })
})

describe('a Redis that was emptied', () => {
  test('gets a key of the algorithm that was chosen, at once and said aloud', async () => {
    const redis = await kept(startRedis())
    const [here, there] = [await startOn(redis.url), await startOn(redis.url)]
    await here.call('POST', '/v1/keys', { algorithm: 'ES256' }, key)
    const before = await here.login()
    expect(algorithmOf(before.token)).toBe('ES256')
    const stream = await connectStream(there.url)
    await redis.command('FLUSHALL')
    for (const logins of [here, there])
      await until('it is noticed', () => logins.room.attention().some(({ id }) => id === 'logins:keys-lost'))
    await stream.until(({ type }) => type === 'keys')
    expect(inWords(here.room.attention())).toMatchObject([
      { tone: 'bad', title: 'Signing keys were lost', text: expect.stringContaining('A new ES256 key signs') },
    ])
    const fresh = await here.login()
    expect(algorithmOf(fresh.token)).toBe('ES256')
    expect((await there.validate(fresh.token)).body.is_valid).toBe(true)
    expect((await there.validate(before.token)).body).toMatchObject({ is_valid: false, error_code: 'session_not_found' })
    expect([...here.events.emitted, ...there.events.emitted].filter(({ type }) => type === 'keys-lost').length).toBeGreaterThan(0)
  })

  test('while the server was stopped gets a key of the same algorithm, too', async () => {
    const redis = await kept(startRedis())
    const databaseFile = `${temporaryFolder()}/house.sqlite`
    const first = await startOn(redis.url, { databaseFile })
    await first.call('POST', '/v1/keys', { algorithm: 'EdDSA' }, key)
    await first.stop()
    await redis.command('FLUSHALL')
    const second = await startOn(redis.url, { databaseFile })
    expect(algorithmOf((await second.login()).token)).toBe('EdDSA')
    expect(inWords(second.room.attention())).toMatchObject([{ title: 'Signing keys were lost' }])
  })
})

test('servers whose clocks are apart go by that of Redis: a refresh here and there is no theft, an ending is dated alike, and the clock is named', async () => {
  const redis = await kept(startRedis())
  const clock = testClock()
  const apart = 120_000
  const right = await startOn(redis.url, { clock })
  const behind = await startOn(redis.url, { clock: testClock(clock.now() - apart), wallTime: () => Date.now() - apart })
  expect(inWords(behind.room.attention())).toMatchObject([
    { id: 'logins:clock', tone: 'attention', title: expect.stringMatching(/clock is \d+ s behind/) },
  ])
  expect(right.room.attention()).toEqual([])
  const { token, session_id } = await behind.login()
  for (const each of [right, behind]) each.clock.advance(27 * 60_000)
  const refresh = (logins: TestLogins) => logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))
  const [first, second] = [await refresh(behind), await refresh(right)]
  expect([first.status, second.status, second.body.token]).toEqual([200, 200, first.body.token])
  await behind.call('POST', '/api/v1/sessions/logout', { token: first.body.token })
  const ended = (await right.call('GET', `/v1/sessions/${session_id}`, undefined, key)).body.session
  expect(Math.abs(Date.parse(ended.endedAt) - right.clock.now())).toBeLessThan(60_000)
  // A gateway that asks by its own idea of the time hears of it nevertheless.
  const stream = await connectStream(right.url, { since: right.clock.now() + apart })
  expect(stream.messages).toContainEqual(expect.objectContaining({ type: 'ended', sessions: [expect.objectContaining({ session_id })] }))
})

test('signing keys that were sealed under another password are called locked, and can be given up', async () => {
  const redis = await kept(startRedis())
  const first = await startOn(redis.url)
  await first.call('POST', '/v1/keys', { algorithm: 'EdDSA' }, key)
  const { token } = await first.login()
  await first.stop()
  await redis.command('CONFIG', 'SET', 'requirepass', 'another-not-real-secret')
  const logins = await startOn(`redis://:another-not-real-secret@127.0.0.1:${redis.port}/0`)
  expect(await create(logins)).toMatchObject({ status: 503, body: { success: false, error_code: 'signing_keys_locked' } })
  expect(await logins.validate(token)).toMatchObject({ status: 503, body: { error_code: 'signing_keys_locked' } })
  expect(logins.room.attention()).toMatchObject([{ id: 'logins:keys', tone: 'bad' }])
  expect((await logins.call('POST', '/v1/keys/give-up', {}, key)).body).toEqual({ keys: 2 })
  expect(algorithmOf((await create(logins)).body.token)).toBe('EdDSA')
  // Another server may still hold what opens them.
  expect((await logins.validate(token)).status).toBe(503)
  expect(logins.room.attention()).toMatchObject([{ id: 'logins:keys', tone: 'attention' }])
})

test('a room that is restarted in place serves again, hears of others and tells its gateways', async () => {
  const redis = await kept(startRedis())
  const [here, there] = [await startOn(redis.url), await startOn(redis.url)]
  const { token } = await here.login()
  await here.room.stop()
  await here.room.start()
  await until('it has its Redis', () => isWell(here))
  expect((await here.validate(token)).body.is_valid).toBe(true)
  const stream = await connectStream(here.url)
  await there.call('POST', '/api/v1/sessions/logout', { token })
  await stream.until(({ type }) => type === 'ended')
})

describe('users of the legacy login', () => {
  const password = 'a long enough password'
  const add = (logins: TestLogins, username: string) => logins.call('POST', '/v1/users', { username, role: 'clerk', password }, key)
  const signIn = (logins: TestLogins, username: string) => logins.call('POST', '/api/v1/auth/login', { username, password })

  test('are shared by all servers: added here, known there, changed there, removed here', async () => {
    const redis = await kept(startRedis())
    const [here, there] = [await startOn(redis.url), await startOn(redis.url)]
    const { body: user } = await add(here, 'Ann')
    expect(await add(there, 'ANN')).toMatchObject({ status: 409, body: { error_code: 'user_taken' } })
    const { body } = await signIn(there, 'ann')
    expect(body).toMatchObject({ success: true, user: { id: user.id, username: 'Ann' } })
    expect((await here.validate(body.token)).body.is_valid).toBe(true)
    expect((await here.call('GET', '/v1/users', undefined, key)).body.users).toMatchObject([
      { id: user.id, lastLoginAt: expect.any(String) },
    ])
    expect((await there.call('PATCH', `/v1/users/${user.id}`, { role: 'manager' }, key)).status).toBe(200)
    expect((await here.validate(body.token)).body.is_valid).toBe(false)
    expect((await signIn(here, 'ann')).body.role.name).toBe('manager')
    expect((await here.call('DELETE', `/v1/users/${user.id}`, undefined, key)).status).toBe(204)
    expect((await signIn(there, 'ann')).status).toBe(401)
    expect((await add(there, 'ann')).status).toBe(201)
  })

  test('that one server kept for itself move to Redis once, and do not come back when they are removed', async () => {
    const redis = await kept(startRedis())
    const databaseFile = `${temporaryFolder()}/house.sqlite`
    const alone = await startLogins({ databaseFile })
    const { body: user } = await add(alone, 'Ann')
    await alone.stop()
    const logins = await startOn(redis.url, { databaseFile })
    expect((await signIn(logins, 'ann')).body.user.id).toBe(user.id)
    expect((await logins.call('DELETE', `/v1/users/${user.id}`, undefined, key)).status).toBe(204)
    await logins.stop()
    const again = await startOn(redis.url, { databaseFile })
    expect((await signIn(again, 'ann')).status).toBe(401)
    expect((await again.call('GET', '/v1/users', undefined, key)).body.users).toEqual([])
  })

  test('wrong passwords are counted over all servers', async () => {
    const redis = await kept(startRedis())
    const servers = [await startOn(redis.url), await startOn(redis.url)]
    await add(servers[0] as TestLogins, 'ann')
    const guess = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, attempt) =>
          servers[attempt % 2]?.call('POST', '/api/v1/auth/login', { username: 'ann', password: `wrong ${attempt}` }),
        ),
      )
    expect((await guess(5)).map((reply) => reply?.status)).toEqual([401, 401, 401, 401, 401])
    const [pair = ''] = (await redis.command('KEYS', 'wheelhouse:logins:attempts:pair:*')) as string[]
    expect(await redis.command('HGET', pair, 'n')).toBe('5')
    // The wait after the fifth is of a second, which a busy machine may need for the next guess. That after the fifteenth is of minutes.
    await redis.command('HSET', pair, 'n', 14, 'last', 0)
    const replies = await guess(10)
    expect(replies.filter((reply) => reply?.status === 401)).toHaveLength(1)
    expect(replies.filter((reply) => reply?.status === 429 && reply.body.error_code === 'too_many_attempts')).toHaveLength(9)
  })
})

describe('something at the address that is no Redis', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['answers garbage', (socket) => void socket.on('data', () => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n<html>'))],
    ['answers half a reply', (socket) => void socket.on('data', () => void socket.write('$1000\r\nabc'))],
    ['answers with nothing but errors', (socket) => void socket.on('data', () => void socket.write('-ERR unknown command\r\n'))],
    [
      'answers null to everything',
      (socket) => void socket.on('data', (data) => void socket.write('$-1\r\n'.repeat(String(data).split('*').length - 1))),
    ],
    ['says nothing', (socket) => void socket.resume()],
    ['closes at once', (socket) => void socket.destroy()],
  ])('%s: the room starts, says so, and serves when it is one', async (_, answer) => {
    catchingEscapes()
    const redis = await kept(startRedis())
    const door = await kept(switchedDoor(redis.port, answer))
    const logins = await startOn(`redis://127.0.0.1:${door.port}/0`, { redisIsAway: true })
    expect((await logins.call('GET', '/api/v1/sessions/health')).status).toBe(503)
    expect((await create(logins)).status).toBe(503)
    await until('the room says so', () =>
      inWords(logins.room.attention()).some(({ id, text }) => id === 'logins:store' && text.length > 80),
    )
    door.leadTo(redis.port)
    await until('a login works', async () => (await create(logins)).status === 201)
    await until('the room is well', () => isWell(logins))
  })
})

/** As the server does it, and in place of the test runner. */
function catchingEscapes(): void {
  const others = process.rawListeners('uncaughtException') as NodeJS.UncaughtExceptionListener[] // what `on` was given
  process.removeAllListeners('uncaughtException')
  const giveBack = catchEscapes(() => undefined)
  onTestFinished(() => {
    giveBack()
    for (const other of others) process.on('uncaughtException', other)
  })
}

/** An address behind which another server can be put; what is open stays where it is. */
async function switchedDoor(
  to: number,
  answer?: (socket: Socket) => void,
): Promise<{ port: number; leadTo(port: number): void; dispose(): void }> {
  let target = to
  let stranger = answer
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (stranger !== undefined) return stranger(socket)
    const onward = connect(target, '127.0.0.1')
    sockets.add(onward)
    onward.on('error', () => void socket.destroy())
    onward.on('close', () => void socket.destroy())
    socket.on('close', () => void onward.destroy())
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    leadTo(port) {
      const wasStranger = stranger !== undefined
      target = port
      stranger = undefined
      if (wasStranger) for (const socket of sockets) socket.destroy()
    },
    dispose() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
