import { describe, expect, test } from 'vitest'
import { bearer, ownerKey, startLogins } from '../../fakes/logins.ts'
import { connectStream } from '../../fakes/revocation-stream.ts'

const good = { user_id: 'user-uuid', username: 'john_doe', role_name: 'admin' }

describe('a create with bad input is refused in the contract’s shape and leaves nothing', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'invalid_request'],
    ['no JSON', '{"user_id":', 'invalid_request'],
    ['a list', [], 'invalid_request'],
    ['no fields', {}, 'missing_fields'],
    ['a field missing', { user_id: 'u', username: 'n' }, 'missing_fields'],
    ['an empty field', { ...good, user_id: '' }, 'missing_fields'],
    ['a blank field', { ...good, username: '  ' }, 'missing_fields'],
    ['a number as id', { ...good, user_id: 7 }, 'invalid_request'],
    ['permissions as text', { ...good, permissions: 'read' }, 'invalid_request'],
    [
      '10,000 permissions',
      { ...good, permissions: Array.from({ length: 10_000 }, (_, index) => `permission-${index}`) },
      'invalid_request',
    ],
    ['remember-me as text', { ...good, remember_me: 'yes' }, 'invalid_request'],
    ['half a letter as name', { ...good, username: 'a\ud800' }, 'invalid_request'],
    ['half a letter as permission', { ...good, permissions: ['\udc00'] }, 'invalid_request'],
    ['permissions that are no text', { ...good, permissions: [1, null] }, 'invalid_request'],
    ['a time that is none', { ...good, expires_at: 'tomorrow' }, 'invalid_request'],
    ['a time that is over', { ...good, expires_at: '2020-01-01T00:00:00Z' }, 'invalid_request'],
    ['a name of a megabyte', { ...good, username: 'x'.repeat(900_000) }, 'invalid_request'],
    ['depth', `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`, 'invalid_request'],
  ])('%s', async (_, body, code) => {
    const logins = await startLogins()
    const reply = await logins.call('POST', '/api/v1/sessions', body)
    expect(reply.status).toBe(400)
    expect(reply.body).toMatchObject({
      success: false,
      error_code: code === 'missing_fields' || body !== undefined ? code : expect.stringMatching(/missing_fields|invalid_request/),
      error_message: expect.any(String),
    })
    expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats.total_sessions).toBe(0)
  })
})

test('a validation without a token, or with one of a wrong type, is told apart from one that is not valid', async () => {
  const logins = await startLogins()
  const validate = (body: unknown) => logins.call('POST', '/api/v1/sessions/validate', body)
  expect(await validate({})).toMatchObject({ status: 400, body: { error_code: 'missing_token' } })
  expect(await validate({ token: '' })).toMatchObject({ status: 400, body: { error_code: 'missing_token' } })
  expect(await validate({ token: 5 })).toMatchObject({ status: 400, body: { error_code: 'invalid_request' } })
  expect(await validate('{')).toMatchObject({ status: 400, body: { error_code: 'invalid_request' } })
  expect(await validate({ token: 'x'.repeat(100_000) })).toMatchObject({ status: 400, body: { error_code: 'invalid_request' } })
  expect(await logins.call('POST', '/api/v1/sessions/refresh')).toMatchObject({ status: 400, body: { error_code: 'missing_token' } })
  expect(await logins.call('POST', '/api/v1/sessions/logout')).toMatchObject({ status: 400, body: { error_code: 'missing_token' } })
  expect(await logins.call('POST', '/api/v1/sessions/logout', { token: 'nonsense' })).toMatchObject({
    status: 404,
    body: { error_code: 'session_not_found' },
  })
})

test('expires_at sets the first end of a session, but never beyond its longest life', async () => {
  const logins = await startLogins()
  const at = new Date(logins.clock.now() + 10 * 60_000).toISOString().replace(/\.\d+Z$/, 'Z')
  expect(Date.parse((await logins.login({ expires_at: at })).expires_at)).toBe(Date.parse(at))
  const far = await logins.login({ expires_at: '2099-01-01T00:00:00+02:00' })
  expect(Date.parse(far.expires_at)).toBe(logins.clock.now() + 12 * 3_600_000)
})

test('a thousand permissions are kept and returned, and the token stays small enough for a header', async () => {
  const logins = await startLogins()
  const permissions = Array.from({ length: 1_000 }, (_, index) => `permission-${index}`)
  const { token } = await logins.login({ permissions })
  expect(token.length).toBeLessThan(1_000)
  expect((await logins.validate(token)).body.session.permissions).toEqual(permissions)
  expect((await logins.call('GET', '/api/v1/sessions/user/user-uuid', undefined, bearer(token))).status).toBe(200)
})

test('device and address are what the server saw; what a gateway reports stands beside them', async () => {
  const logins = await startLogins()
  const { session_id } = await logins.login({ ip_address: '203.0.113.9', user_agent: 'A phone' })
  const { session } = (await logins.call('GET', `/v1/sessions/${session_id}`, undefined, { 'x-api-key': ownerKey })).body
  expect(session).toMatchObject({ address: '127.0.0.1', device: 'node', reportedAddress: '203.0.113.9', reportedDevice: 'A phone' })
})

test('open to the LAN, gateway routes ask for a key, public ones do not, protected ones for a token', async () => {
  const logins = await startLogins({ exposed: true })
  const key = { 'x-api-key': ownerKey }
  expect((await logins.call('GET', '/api/v1/sessions/health')).status).toBe(200)
  expect(await logins.call('POST', '/api/v1/sessions', good)).toMatchObject({
    status: 401,
    body: { success: false, error_code: 'key_required' },
  })
  expect((await logins.call('GET', '/api/v1/sessions/stats')).status).toBe(401)
  expect((await logins.call('POST', '/introspect', { token: 'x' })).status).toBe(401)
  const { body } = await logins.call('POST', '/api/v1/sessions', good, key)
  expect((await logins.validate(body.token)).status).toBe(200)
  expect((await logins.call('POST', '/api/v1/sessions/refresh', undefined, { ...key, ...bearer(body.token) })).status).toBe(200)
  expect((await logins.call('GET', '/api/v1/sessions/user/user-uuid')).status).toBe(401)
  expect((await logins.call('GET', '/api/v1/sessions/user/user-uuid', undefined, bearer(body.token))).status).toBe(200)
  await expect(connectStream(logins.url)).rejects.toThrow('401')
  await connectStream(logins.url, { headers: key })
})

test('a gateway’s key beside a user’s token lets that user do what they may, and no more', async () => {
  const logins = await startLogins({ exposed: true })
  const key = { 'x-api-key': ownerKey }
  const login = async (user: string) =>
    (await logins.call('POST', '/api/v1/sessions', { ...good, role_name: 'clerk', user_id: user }, key)).body
  const [mine, alsoMine, stranger] = [await login('me'), await login('me'), await login('stranger')]
  expect(
    await logins.call('DELETE', `/api/v1/sessions/${mine.session_id}`, undefined, { ...key, ...bearer(stranger.token) }),
  ).toMatchObject({ status: 403 })
  const { body } = await logins.call('GET', '/api/v1/sessions/user/me', undefined, { ...key, ...bearer(mine.token) })
  expect(body.sessions.filter(({ is_current }: { is_current: boolean }) => is_current)).toMatchObject([{ session_id: mine.session_id }])
  expect(
    (await logins.call('DELETE', '/api/v1/sessions/user/me?exclude_current=true', undefined, { ...key, ...bearer(mine.token) })).body
      .revoked_count,
  ).toBe(1)
  expect([(await logins.validate(mine.token)).status, (await logins.validate(alsoMine.token)).status]).toEqual([200, 401])
  // The key alone may do all.
  expect((await logins.call('DELETE', '/api/v1/sessions/user/stranger', undefined, key)).body.revoked_count).toBe(1)
})

describe('behind a proxy', () => {
  const key = { 'x-api-key': ownerKey }
  const addressOf = async (logins: Awaited<ReturnType<typeof startLogins>>, forwarded: string) => {
    const { body } = await logins.call(
      'POST',
      '/api/v1/sessions',
      { ...good, user_id: forwarded },
      { ...key, 'x-forwarded-for': forwarded },
    )
    return (await logins.call('GET', `/v1/sessions/${body.session_id}`, undefined, key)).body.session.address
  }

  test('nobody is believed who is not trusted', async () => {
    expect(await addressOf(await startLogins(), '203.0.113.7')).toBe('127.0.0.1')
  })

  test('the address is what the trusted proxies saw, not what their caller claims', async () => {
    const logins = await startLogins({ trustedProxies: ['127.0.0.1', '10.0.0.0/24', '2001:db8::/64'] })
    expect(await addressOf(logins, '203.0.113.7')).toBe('203.0.113.7')
    expect(await addressOf(logins, '198.51.100.1, 203.0.113.7, 10.0.0.9')).toBe('203.0.113.7')
    expect(await addressOf(logins, '203.0.113.7, 2001:db8::9')).toBe('203.0.113.7')
    expect(await addressOf(logins, 'nonsense')).toBe('127.0.0.1')
  })

  test('who comes from elsewhere needs a key where this machine needs none', async () => {
    const logins = await startLogins({ trustedProxies: ['127.0.0.1'] })
    expect((await logins.call('POST', '/api/v1/sessions', good)).status).toBe(201)
    expect(await logins.call('POST', '/api/v1/sessions', good, { 'x-forwarded-for': '203.0.113.7' })).toMatchObject({
      status: 401,
      body: { error_code: 'key_required' },
    })
    expect((await logins.call('GET', '/api/v1/sessions/health', undefined, { 'x-forwarded-for': '203.0.113.7' })).status).toBe(200)
  })
})

test('forged gateway headers open nothing', async () => {
  const logins = await startLogins({ exposed: true })
  const forged = { 'x-gateway-service': 'true', 'x-gateway-session-managed': 'true' }
  expect((await logins.call('POST', '/api/v1/sessions', good, forged)).status).toBe(401)
})

test('an unexpected path or method answers in the contract’s shape', async () => {
  const logins = await startLogins()
  expect(await logins.call('GET', '/api/v1/nothing')).toMatchObject({ status: 404, body: { success: false, error_code: 'not_found' } })
  expect((await logins.call('PUT', '/api/v1/sessions/validate', {})).status).toBe(405)
})

test('revoked at any moment, a token is refused at the next request', async () => {
  const logins = await startLogins({ variables: { sessionStorageType: 'database', sessionMaxConcurrent: 1_000 } })
  let wrong = 0
  for (let round = 0; round < 100; round += 1) {
    const { token, session_id } = await logins.login()
    await logins.validate(token)
    await logins.call('DELETE', `/api/v1/sessions/${session_id}`, undefined, bearer(token))
    if ((await logins.validate(token)).body.is_valid !== false) wrong += 1
  }
  expect(wrong).toBe(0)
})
