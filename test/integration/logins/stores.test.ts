import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bearer, ownerKey, startLogins, type Reply, type TestLogins, type TestLoginsOptions } from '../../fakes/logins.ts'
import { connectStream } from '../../fakes/revocation-stream.ts'
import { startRedis, type RedisServer } from '../../fakes/redis-server.ts'
import { Redis } from 'ioredis'

const minutes = 60_000
let redis: RedisServer

type Ending = (logins: TestLogins, login: { session_id: string; token: string }) => Promise<Reply>
const key = { 'x-api-key': ownerKey }
/** All the ways a session is ended. */
const endings: [string, Ending][] = [
  ['a logout with the token in the body', (logins, { token }) => logins.call('POST', '/api/v1/sessions/logout', { token })],
  [
    'a logout with the token in the header',
    (logins, { token }) => logins.call('POST', '/api/v1/sessions/logout', undefined, bearer(token)),
  ],
  ['a legacy logout', (logins, { token }) => logins.call('POST', '/api/v1/auth/logout', undefined, bearer(token))],
  ['a revocation of the token', (logins, { token }) => logins.call('POST', '/revoke', { token })],
  ['a revocation by a key', (logins, { session_id }) => logins.call('DELETE', `/api/v1/sessions/${session_id}`, undefined, key)],
  ['a revocation of all of the user', (logins) => logins.call('DELETE', '/api/v1/sessions/user/user-uuid', undefined, key)],
  ['a revocation in the window', (logins, { session_id }) => logins.call('DELETE', `/v1/sessions/${session_id}`, undefined, key)],
  ['a revocation of all of the user in the window', (logins) => logins.call('POST', '/v1/revoke-user', { userId: 'user-uuid' }, key)],
  ['a revocation of chosen ones', (logins, { session_id }) => logins.call('POST', '/v1/revoke', { ids: [session_id] }, key)],
  ['a revocation of all that match', (logins) => logins.call('POST', '/v1/revoke', { filter: { userId: 'user-uuid' } }, key)],
]

beforeAll(async () => {
  redis = await startRedis({ password: 'not-a-real-secret' })
})
afterAll(() => redis.dispose())

describe.each(['memory', 'database', 'redis'] as const)('a session kept in %s', (storage) => {
  const start = ({ variables = {}, ...more }: TestLoginsOptions = {}): Promise<TestLogins> =>
    startLogins({ ...more, variables: { sessionStorageType: storage, redisUrl: redis.url, ...variables } })

  beforeEach(async () => {
    if (storage !== 'redis') return
    const client = new Redis(redis.url)
    await client.flushall()
    client.disconnect()
  })

  test('follows the login flow of the contract', async () => {
    const logins = await start()
    const created = await logins.call('POST', '/api/v1/sessions', {
      user_id: 'user-uuid',
      username: 'john_doe',
      role_name: 'admin',
      permissions: ['read', 'write', 'admin'],
      remember_me: false,
    })
    expect(created.status).toBe(201)
    expect(created.body).toEqual({
      success: true,
      message: 'Session created successfully',
      session_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      token: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
      expires_at: new Date(logins.clock.now() + 30 * minutes).toISOString(),
      user: { id: 'user-uuid', username: 'john_doe', role: 'admin' },
    })
    expect(Object.fromEntries(created.headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
    const { status, body } = await logins.validate(created.body.token)
    expect(status).toBe(200)
    expect(body).toEqual({
      is_valid: true,
      session: {
        session_id: created.body.session_id,
        user_id: 'user-uuid',
        username: 'john_doe',
        role_name: 'admin',
        permissions: ['read', 'write', 'admin'],
        created_at: new Date(logins.clock.now()).toISOString(),
        expires_at: created.body.expires_at,
        last_activity: new Date(logins.clock.now()).toISOString(),
      },
      should_refresh: false,
    })
  })

  test('ends by the logout flow of the contract: token in the header, body empty', async () => {
    const logins = await start()
    const { token } = await logins.login()
    const reply = await logins.call('POST', '/api/v1/sessions/logout', undefined, { 'content-type': 'application/json', ...bearer(token) })
    expect(reply).toMatchObject({ status: 200, body: { success: true, message: 'Session revoked successfully' } })
    expect(await logins.validate(token)).toMatchObject({ status: 401, body: { is_valid: false, error_code: 'session_inactive' } })
  })

  test('ends by a logout with the token in the body', async () => {
    const logins = await start()
    const { token } = await logins.login()
    expect((await logins.call('POST', '/api/v1/sessions/logout', { token })).status).toBe(200)
    expect((await logins.validate(token)).body.is_valid).toBe(false)
  })

  test('expires when its time is over, and not before', async () => {
    const logins = await start()
    const { token } = await logins.login()
    logins.clock.advance(30 * minutes - 1)
    expect((await logins.call('POST', '/introspect', { token })).body.active).toBe(true)
    logins.clock.advance(1)
    expect(await logins.validate(token)).toMatchObject({
      status: 401,
      body: { is_valid: false, error_code: 'session_expired', error_message: 'Session has expired' },
    })
    expect(await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))).toMatchObject({
      status: 401,
      body: { error_code: 'session_expired' },
    })
  })

  test('is renewed within the threshold and not outside it', async () => {
    const logins = await start()
    const { token } = await logins.login()
    const early = await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))
    expect(early).toMatchObject({ status: 200, body: { success: true, refreshed: false, token } })
    logins.clock.advance(26 * minutes)
    const { status, body } = await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))
    expect(status).toBe(200)
    expect(body).toMatchObject({ success: true, message: 'Session refreshed successfully', refreshed: true })
    expect(body.token).not.toBe(token)
    logins.clock.advance(29 * minutes)
    expect((await logins.validate(body.token)).body.is_valid).toBe(true)
  })

  test('50 parallel refreshes of one token all get the same successor', async () => {
    const logins = await start()
    const { token } = await logins.login()
    logins.clock.advance(27 * minutes)
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))),
    )
    expect(replies.map(({ status }) => status)).toEqual(new Array(50).fill(200))
    expect(new Set(replies.map(({ body }) => body.token)).size).toBe(1)
    expect(logins.events.emitted.filter(({ type }) => type === 'session-renewed')).toHaveLength(1)
  })

  test('a replaced token is good for ten more seconds; used later it ends the family and is audited', async () => {
    const logins = await start()
    const { token } = await logins.login()
    logins.clock.advance(27 * minutes)
    const { body } = await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))
    logins.clock.advance(9_999)
    expect((await logins.validate(token)).body).toMatchObject({ is_valid: true, new_token: body.token })
    logins.clock.advance(1)
    expect((await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))).status).toBe(401)
    expect(await logins.validate(body.token)).toMatchObject({ status: 401, body: { error_code: 'session_inactive' } })
    expect(logins.events.emitted.filter(({ type }) => type === 'token-reused')).toHaveLength(1)
  })

  test('validation near the end offers one next token to all, and the old one stays good until that is used', async () => {
    const logins = await start()
    const { token } = await logins.login()
    logins.clock.advance(26 * minutes)
    const offers = await Promise.all(Array.from({ length: 10 }, () => logins.validate(token)))
    const next = offers[0]?.body.new_token
    expect(offers.every(({ body }) => body.is_valid && body.should_refresh && body.new_token === next)).toBe(true)
    logins.clock.advance(60_000)
    expect((await logins.validate(token)).body).toMatchObject({ is_valid: true, new_token: next })
    expect((await logins.validate(next)).body).toMatchObject({ is_valid: true, should_refresh: false })
    logins.clock.advance(10_000)
    expect((await logins.validate(token)).body.is_valid).toBe(false)
    expect((await logins.validate(next)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
  })

  test('50 parallel logins of one user leave exactly five sessions', async () => {
    const logins = await start()
    const made = await Promise.all(Array.from({ length: 50 }, () => logins.login()))
    expect(new Set(made.map(({ token }) => token)).size).toBe(50)
    const verdicts = await Promise.all(made.map(({ token }) => logins.validate(token)))
    expect(verdicts.filter(({ body }) => body.is_valid)).toHaveLength(5)
    expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats).toMatchObject({
      total_sessions: 50,
      active_sessions: 5,
      ended_sessions: 45,
    })
  })

  test.each([
    ['evict-oldest', 5, 45],
    ['evict-least-recently-used', 5, 45],
    ['deny', 5, 0],
  ] as const)(
    '50 parallel logins of a role whose policy is %s leave exactly %i, and another role has its own limit',
    async (whenFull, left, evicted) => {
      const logins = await start({
        variables: { sessionMaxConcurrent: 3 },
        settings: { roles: { auditor: { whenFull, maxConcurrent: 5 } } },
      })
      const body = (role: string) => ({ user_id: role, username: role, role_name: role })
      const made = await Promise.all(Array.from({ length: 50 }, () => logins.call('POST', '/api/v1/sessions', body('auditor'))))
      const others = await Promise.all(Array.from({ length: 50 }, () => logins.call('POST', '/api/v1/sessions', body('clerk'))))
      const good = async (replies: typeof made) =>
        (await Promise.all(replies.filter(({ status }) => status === 201).map((reply) => logins.validate(reply.body.token)))).filter(
          (verdict) => verdict.body.is_valid,
        ).length
      expect(await good(made)).toBe(left)
      expect(await good(others)).toBe(3)
      expect(made.filter(({ status }) => status === 409)).toHaveLength(50 - left - evicted)
    },
  )

  test('the least recently used one goes first when the policy says so', async () => {
    const logins = await start({ variables: { sessionMaxConcurrent: 2 }, settings: { whenFull: 'evict-least-recently-used' } })
    const first = await logins.login()
    logins.clock.advance(1_000)
    const second = await logins.login()
    logins.clock.advance(1_000)
    await logins.validate(first.token)
    await logins.login()
    expect((await logins.validate(first.token)).body.is_valid).toBe(true)
    expect((await logins.validate(second.token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
  })

  test('one more is denied when the policy says so, for the role it says so', async () => {
    const logins = await start({
      variables: { sessionMaxConcurrent: 2 },
      settings: { roles: { auditor: { whenFull: 'deny', maxConcurrent: 1 } } },
    })
    await logins.login({ role_name: 'auditor' })
    const denied = await logins.call('POST', '/api/v1/sessions', { user_id: 'user-uuid', username: 'john_doe', role_name: 'auditor' })
    expect(denied).toMatchObject({ status: 409, body: { success: false, error_code: 'session_creation_failed' } })
    await logins.login()
    await logins.login()
    expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats.active_sessions).toBe(2)
  })

  test('a session that is over frees its place', async () => {
    const logins = await start({ variables: { sessionMaxConcurrent: 1 }, settings: { whenFull: 'deny' } })
    await logins.login()
    logins.clock.advance(30 * minutes)
    await logins.login()
  })

  test('is ended when it was not used for too long, and use keeps it', async () => {
    const logins = await start({ settings: { idleTimeout: 300 } })
    const { token } = await logins.login()
    logins.clock.advance(299_000)
    expect((await logins.validate(token)).body.is_valid).toBe(true)
    logins.clock.advance(299_000)
    expect((await logins.validate(token)).body.is_valid).toBe(true)
    logins.clock.advance(300_000)
    expect((await logins.validate(token)).body).toMatchObject({ is_valid: false, error_code: 'session_expired' })
    expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats).toMatchObject({ active_sessions: 0, expired_sessions: 1 })
  })

  test.each<[string, Ending]>(endings)(
    '%s of a session that is over by idle time is an end, also when the limit is lifted later or a clock was ahead',
    async (_, end) => {
      const logins = await start({ settings: { idleTimeout: 300 } })
      const begun = logins.clock.now()
      const login = await logins.login()
      logins.clock.advance(301_000)
      expect((await logins.validate(login.token)).body).toMatchObject({ is_valid: false, error_code: 'session_expired' })
      expect((await end(logins, login)).status).toBeLessThan(300)
      logins.changeSettings({ idleTimeout: null })
      expect((await logins.validate(login.token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
      logins.clock.setWall(begun + 1_000)
      expect((await logins.validate(login.token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
      expect((await logins.call('POST', '/introspect', { token: login.token })).body).toEqual({ active: false })
    },
  )

  test.each<[string, Ending]>(endings)('%s of a session that has expired is an end for a clock that is behind', async (_, end) => {
    const logins = await start()
    const begun = logins.clock.now()
    const login = await logins.login()
    logins.clock.advance(31 * minutes)
    expect((await end(logins, login)).status).toBeLessThan(300)
    logins.clock.setWall(begun + minutes)
    expect((await logins.validate(login.token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
  })

  test('a logout with a key whose time is over is an end, too, when the clock goes back', async () => {
    const logins = await start()
    const begun = logins.clock.now()
    const login = await logins.login()
    await logins.call('POST', '/v1/keys', { algorithm: 'EdDSA' }, { 'x-api-key': ownerKey })
    // Longer than the longest life: the key that signed it verifies nothing any more.
    logins.clock.advance(31 * 24 * 60 * minutes)
    expect((await logins.validate(login.token)).body.error_code).toBe('session_not_found')
    expect((await logins.call('POST', '/api/v1/sessions/logout', { token: login.token })).status).toBe(200)
    logins.clock.setWall(begun + minutes)
    expect((await logins.validate(login.token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
  })

  test('no renewal goes beyond its longest life', async () => {
    const logins = await start({ settings: { absoluteLimit: 3_600 } })
    let { token } = await logins.login()
    for (let renewals = 0; renewals < 2; renewals += 1) {
      logins.clock.advance(27 * minutes)
      token = (await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))).body.token
    }
    logins.clock.advance(6 * minutes - 1)
    expect((await logins.validate(token)).body).toMatchObject({ is_valid: true, should_refresh: false })
    logins.clock.advance(1)
    expect((await logins.validate(token)).body).toMatchObject({ is_valid: false, error_code: 'session_expired' })
  })

  test('remember-me lives for seven days, its token too, and is renewed', async () => {
    const logins = await start()
    const { token, expires_at } = await logins.login({ remember_me: true })
    expect(Date.parse(expires_at) - logins.clock.now()).toBe(168 * 60 * minutes)
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(exp).toBe(Math.floor(Date.parse(expires_at) / 1_000))
    logins.clock.advance(6 * 24 * 60 * minutes)
    const { body } = await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))
    expect(body.refreshed).toBe(true)
    expect(Date.parse(body.expires_at) - logins.clock.now()).toBe(168 * 60 * minutes)
  })

  test('lists a user’s live sessions without touching them, and knows the current one', async () => {
    const logins = await start()
    const first = await logins.login()
    logins.clock.advance(26 * minutes)
    const second = await logins.login()
    const before = logins.events.emitted.length
    // Asked by the session that is near its end: listing must not renew it.
    expect((await logins.call('GET', '/api/v1/sessions/user/user-uuid', undefined, bearer(first.token))).body.count).toBe(2)
    const { status, body } = await logins.call('GET', '/api/v1/sessions/user/user-uuid', undefined, bearer(second.token))
    expect(status).toBe(200)
    expect(body).toMatchObject({ success: true, user_id: 'user-uuid', count: 2 })
    expect(
      body.sessions.map((session: { session_id: string; is_active: boolean; is_current: boolean }) => [
        session.session_id,
        session.is_active,
        session.is_current,
      ]),
    ).toEqual([
      [second.session_id, true, true],
      [first.session_id, true, false],
    ])
    expect(logins.events.emitted).toHaveLength(before)
    expect((await logins.validate(first.token)).body.session.expires_at).toBe(new Date(logins.clock.now() + 30 * minutes).toISOString())
  })

  test('only its user or an administrator may revoke it', async () => {
    const logins = await start()
    const mine = await logins.login()
    const stranger = await logins.login({ user_id: 'other', username: 'other' })
    const admin = await logins.login({ user_id: 'boss', username: 'boss', role_name: 'admin' })
    const path = `/api/v1/sessions/${mine.session_id}`
    expect(await logins.call('DELETE', path)).toMatchObject({ status: 401, body: { error_code: 'missing_token' } })
    expect(await logins.call('DELETE', path, undefined, bearer(stranger.token))).toMatchObject({
      status: 403,
      body: { error_code: 'access_denied' },
    })
    expect(await logins.call('GET', '/api/v1/sessions/user/user-uuid', undefined, bearer(stranger.token))).toMatchObject({ status: 403 })
    expect((await logins.validate(mine.token)).body.is_valid).toBe(true)
    expect(await logins.call('DELETE', path, undefined, bearer(admin.token))).toMatchObject({
      status: 200,
      body: { success: true, message: 'Session revoked successfully', session_id: mine.session_id },
    })
    expect((await logins.validate(mine.token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
    expect(await logins.call('DELETE', '/api/v1/sessions/0123', undefined, bearer(admin.token))).toMatchObject({
      status: 404,
      body: { error_code: 'session_not_found' },
    })
  })

  test('all of a user are revoked, the current one on wish excluded', async () => {
    const logins = await start()
    const made = [await logins.login(), await logins.login(), await logins.login(), await logins.login()]
    const current = made[3]
    const path = '/api/v1/sessions/user/user-uuid'
    const reply = await logins.call('DELETE', `${path}?exclude_current=true`, undefined, bearer(current?.token ?? ''))
    expect(reply).toMatchObject({
      status: 200,
      body: { success: true, message: 'User sessions revoked successfully', user_id: 'user-uuid', revoked_count: 3, total_sessions: 4 },
    })
    expect((await logins.validate(current?.token ?? '')).body.is_valid).toBe(true)
    expect(await logins.call('DELETE', path, undefined, bearer(current?.token ?? ''))).toMatchObject({
      body: { revoked_count: 1, total_sessions: 1 },
    })
    expect((await logins.validate(current?.token ?? '')).body.is_valid).toBe(false)
  })

  test('no refresh revives what was revoked meanwhile', async () => {
    const logins = await start()
    const { token, session_id } = await logins.login()
    logins.clock.advance(27 * minutes)
    const key = { 'x-api-key': ownerKey }
    const [, ...refreshed] = await Promise.all([
      logins.call('DELETE', '/api/v1/sessions/user/user-uuid', undefined, key),
      ...Array.from({ length: 20 }, () => logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))),
    ])
    const tokens = new Set([token, ...refreshed.flatMap(({ status, body }) => (status === 200 ? [body.token] : []))])
    for (const each of tokens) expect((await logins.validate(each)).body.is_valid).toBe(false)
    expect((await logins.call('GET', `/v1/sessions/${session_id}`, undefined, key)).body.session.state).toBe('ended')
  })

  test('is found by search and filter, page by page, with whom one more login would end', async () => {
    const logins = await start()
    for (let user = 0; user < 12; user += 1) {
      await logins.login({
        user_id: `user-${user}`,
        username: user % 2 === 0 ? `Even_${user}` : `odd%${user}`,
        role_name: 'driver',
        ip_address: `10.0.0.${user}`,
      })
      logins.clock.advance(1_000)
    }
    const key = { 'x-api-key': ownerKey }
    const list = async (query: string) => (await logins.call('GET', `/v1/sessions?${query}`, undefined, key)).body
    expect((await list('limit=5')).sessions.map(({ userId }: { userId: string }) => userId)).toEqual([
      'user-11',
      'user-10',
      'user-9',
      'user-8',
      'user-7',
    ])
    expect((await list('limit=5&offset=10')).sessions).toHaveLength(2)
    expect(await list('text=even_')).toMatchObject({ total: 6 })
    expect(await list('text=d%251')).toMatchObject({ total: 2 })
    expect(await list('text=10.0.0.7')).toMatchObject({ total: 1 })
    expect(await list('role=driver&state=over')).toMatchObject({ total: 0 })
    expect(await list('sort=username&direction=up&limit=1')).toMatchObject({ sessions: [{ username: 'Even_0' }] })
    expect(await list('sort=lastActivity&direction=up&limit=1')).toMatchObject({ sessions: [{ username: 'Even_0' }] })
    const preview = await logins.call('POST', '/v1/revoke', { filter: { text: 'even' }, preview: true }, key)
    expect(preview.body).toEqual({ matched: 6, revoked: 0 })
    expect((await logins.call('POST', '/v1/revoke', { filter: { text: 'even' } }, key)).body).toEqual({ matched: 6, revoked: 6 })
    expect(await list('state=live')).toMatchObject({ total: 6 })
    const made = await Promise.all(Array.from({ length: 5 }, () => logins.login()))
    const detail = (await logins.call('GET', `/v1/sessions/${made[0]?.session_id}`, undefined, key)).body
    expect([detail.session, ...detail.others].filter(({ nextEvicted }) => nextEvicted)).toHaveLength(1)
    expect(detail.limit).toEqual({ maxConcurrent: 5, whenFull: 'evict-oldest' })
    const series = (await logins.call('GET', '/v1/series?span=1h', undefined, key)).body
    expect([series.created, series.ended].map((values: number[]) => values.reduce((sum, value) => sum + value, 0))).toEqual([17, 6])
  })

  test('those that match are revoked with the time of their last use in mind; what time had ended gets an end too, and is not counted', async () => {
    const logins = await start({ settings: { idleTimeout: 300 } })
    const key = { 'x-api-key': ownerKey }
    const [used, idle] = [await logins.login({ user_id: 'used' }), await logins.login({ user_id: 'idle' })]
    for (let round = 0; round < 2; round += 1) {
      logins.clock.advance(299_000)
      await logins.validate(used.token)
    }
    expect((await logins.call('POST', '/v1/revoke', { filter: { role: 'clerk' }, preview: true }, key)).body.matched).toBe(1)
    expect((await logins.call('POST', '/v1/revoke', { filter: { role: 'clerk' } }, key)).body).toEqual({ matched: 1, revoked: 1 })
    const reason = async (id: string) => (await logins.call('GET', `/v1/sessions/${id}`, undefined, key)).body.session.reason
    expect([await reason(used.session_id), await reason(idle.session_id)]).toEqual(['revoked', 'revoked'])
    expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats).toMatchObject({
      total_sessions: 2,
      active_sessions: 0,
      expired_sessions: 0,
      ended_sessions: 2,
    })
  })

  test('more than one part of the store is searched, counted, ended and told of', async () => {
    const logins = await start({ variables: { sessionMaxConcurrent: 10_000 } })
    const key = { 'x-api-key': ownerKey }
    for (let round = 0; round < 24; round += 1)
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => logins.login({ user_id: `user-${index % 10}`, username: `User_${round}` })),
      )
    const list = async (query: string) => (await logins.call('GET', `/v1/sessions?${query}`, undefined, key)).body
    expect(await list('text=user_1')).toMatchObject({ total: 11 * 50 })
    expect((await list('sort=username&direction=down&limit=1&offset=49')).sessions[0].username).toBe('User_9')
    expect((await list('sort=username&direction=down&limit=1&offset=50')).sessions[0].username).toBe('User_8')
    const pages = await Promise.all(Array.from({ length: 12 }, (_, page) => list(`sort=expiresAt&offset=${page * 100}`)))
    expect(new Set(pages.flatMap(({ sessions }) => sessions.map(({ id }: { id: string }) => id))).size).toBe(1_200)
    expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats).toMatchObject({
      total_sessions: 1_200,
      active_sessions: 1_200,
      active_users: 10,
    })
    expect((await logins.call('POST', '/v1/revoke', { filter: { userId: 'user-3' } }, key)).body).toEqual({ matched: 120, revoked: 120 })
    expect((await logins.call('POST', '/v1/revoke', { filter: {} }, key)).body).toEqual({ matched: 1_080, revoked: 1_080 })
    const stream = await connectStream(logins.url)
    const told = stream.messages.flatMap((message) =>
      message.type === 'ended' ? message.sessions.map((session) => session.session_id) : [],
    )
    expect(new Set(told).size).toBe(1_200)
    const fresh = await connectStream(logins.url, { since: 'now' })
    // A sign of life may have come right behind.
    expect(fresh.messages.map(({ type }) => type).filter((type) => type !== 'alive')).toEqual(['ready'])
  })

  test('is removed some time after its end, and its token is then not known', async () => {
    const logins = await start({ settings: { keepEndedFor: 1, cleanupInterval: 1 } })
    const { token } = await logins.login()
    await logins.call('POST', '/api/v1/sessions/logout', { token })
    logins.clock.advance(2_000)
    await expect.poll(async () => (await logins.validate(token)).body.error_code).toBe('session_not_found')
    expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats.total_sessions).toBe(0)
  })

  test('survives a restart of the room in place, which goes on as it was', async () => {
    const logins = await start()
    const [kept, ended] = [await logins.login(), await logins.login()]
    await logins.call('POST', '/api/v1/sessions/logout', { token: ended.token })
    await logins.room.stop()
    await logins.room.start()
    await expect.poll(async () => (await logins.call('GET', '/api/v1/sessions/health')).status).toBe(200)
    expect((await logins.validate(kept.token)).body.is_valid).toBe(true)
    expect((await logins.validate(ended.token)).body.error_code).toBe('session_inactive')
    const stream = await connectStream(logins.url)
    await logins.call('POST', '/api/v1/sessions/logout', { token: kept.token })
    await stream.until((message) => message.type === 'ended' && message.sessions.some(({ session_id }) => session_id === kept.session_id))
    expect((await logins.login()).token).toEqual(expect.any(String))
  })

  test('survives a clock that jumps and comes back', async () => {
    const logins = await start()
    const { token } = await logins.login()
    const now = logins.clock.now()
    logins.clock.setWall(now + 24 * 60 * minutes)
    expect((await logins.validate(token)).body.is_valid).toBe(false)
    logins.clock.setWall(now - 60 * minutes)
    expect((await logins.validate(token)).body.is_valid).toBe(true)
    logins.clock.setWall(now + minutes)
    expect((await logins.validate(token)).body.is_valid).toBe(true)
  })
})
