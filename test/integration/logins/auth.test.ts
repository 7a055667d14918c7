import { expect, test } from 'vitest'
import { checkPassword, hashPassword } from '../../../server/secrets/hash.ts'
import { bearer, ownerKey, startLogins, type TestLogins } from '../../fakes/logins.ts'

const key = { 'x-api-key': ownerKey }
const password = 'a long enough password'

async function withUser(more: object = {}): Promise<TestLogins & { userId: string }> {
  const logins = await startLogins()
  const made = await logins.call(
    'POST',
    '/v1/users',
    { username: 'John_Doe', fullName: 'John Doe', role: 'manager', permissions: ['read', 'admin-read'], password, ...more },
    key,
  )
  expect(made.status).toBe(201)
  return { ...logins, userId: made.body.id }
}

const signIn = (logins: TestLogins, credentials: object = { username: 'john_doe', password }) =>
  logins.call('POST', '/api/v1/auth/login', credentials)

test('the legacy routes lead from a password to a session that all other routes know', async () => {
  const logins = await withUser()
  const { status, body } = await signIn(logins)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    success: true,
    user: { id: logins.userId, username: 'John_Doe', full_name: 'John Doe', is_active: true },
    role: { name: 'manager', permissions: ['read', 'admin-read'] },
  })
  const header = bearer(body.token)
  const until = new Date(logins.clock.now() + 30 * 60_000).toISOString()
  const refreshAt = new Date(logins.clock.now() + 25 * 60_000).toISOString()
  expect((await logins.call('GET', '/api/v1/auth/validate', undefined, header)).body).toMatchObject({
    is_authenticated: true,
    user: { username: 'John_Doe' },
    role: { name: 'manager' },
    expires_at: until,
    refresh_at: refreshAt,
  })
  expect((await logins.call('GET', '/api/v1/auth/profile', undefined, header)).body).toMatchObject({
    user: { full_name: 'John Doe' },
    role: { name: 'manager' },
    permissions: ['read', 'admin-read'],
  })
  expect((await logins.call('GET', '/api/v1/auth/token-info', undefined, header)).body).toMatchObject({
    valid: true,
    error: null,
    claims: { sid: body.session_id },
  })
  expect((await logins.validate(body.token)).body).toMatchObject({ is_valid: true, session: { session_id: body.session_id } })
  expect((await logins.call('GET', '/api/v1/auth/health')).body).toMatchObject({ success: true, data: { status: 'healthy' } })

  expect(await logins.call('POST', '/api/v1/auth/refresh', { token: body.token }, header)).toMatchObject({
    status: 400,
    body: { error_code: 'refresh_failed' },
  })
  logins.clock.advance(26 * 60_000)
  const next = await logins.call('POST', '/api/v1/auth/refresh', { token: body.token }, header)
  expect(next).toMatchObject({
    status: 200,
    body: { token: expect.any(String), expires_at: expect.any(String), refresh_at: expect.any(String) },
  })
  expect((await logins.call('POST', '/api/v1/auth/logout', undefined, bearer(next.body.token))).status).toBe(200)
  expect((await logins.call('GET', '/api/v1/auth/validate', undefined, bearer(next.body.token))).status).toBe(401)
})

test('a password is kept as its scrypt hash, and only it opens', async () => {
  const logins = await startLogins({ passwords: { hash: hashPassword, check: checkPassword } })
  await logins.call('POST', '/v1/users', { username: 'John_Doe', role: 'clerk', password }, key)
  expect((await signIn(logins)).status).toBe(200)
  expect((await signIn(logins, { username: 'john_doe', password: `${password} ` })).status).toBe(401)
})

test('what is missing or wrong has a code of its own, and an unknown user none other than a wrong password', async () => {
  const logins = await withUser()
  expect(await signIn(logins, {})).toMatchObject({ status: 400, body: { error_code: 'missing_credentials' } })
  expect(await logins.call('POST', '/api/v1/auth/login')).toMatchObject({ status: 400, body: { error_code: 'missing_credentials' } })
  const wrong = await signIn(logins, { username: 'john_doe', password: 'wrong' })
  const unknown = await signIn(logins, { username: 'nobody', password: 'wrong' })
  expect(wrong).toMatchObject({ status: 401, body: { error_code: 'invalid_credentials' } })
  expect(unknown.body).toEqual(wrong.body)
  await logins.call('PATCH', `/v1/users/${logins.userId}`, { active: false }, key)
  expect(await signIn(logins)).toMatchObject({ status: 403, body: { error_code: 'user_inactive' } })
  expect(await logins.call('GET', '/api/v1/auth/profile')).toMatchObject({ status: 401, body: { error_code: 'missing_token' } })
  expect(await logins.call('GET', '/api/v1/auth/profile', undefined, bearer('nonsense'))).toMatchObject({
    status: 401,
    body: { error_code: 'token_refused' },
  })
})

test('guessing is slowed down after five wrong passwords, for the right one too, and audited', async () => {
  const logins = await withUser()
  for (let attempt = 0; attempt < 5; attempt += 1)
    expect((await signIn(logins, { username: 'john_doe', password: `wrong ${attempt}` })).status).toBe(401)
  const refused = await signIn(logins)
  expect(refused).toMatchObject({ status: 429, body: { success: false, error_code: 'too_many_attempts' } })
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(logins.events.emitted.filter(({ type }) => type === 'login-failed')).toHaveLength(5)
  expect(JSON.stringify(logins.events.emitted)).not.toContain('wrong 0')
  logins.clock.advance(1_000)
  expect((await signIn(logins, { username: 'john_doe', password: 'wrong 6' })).status).toBe(401)
  expect((await signIn(logins)).headers.get('retry-after')).toBe('2')
  logins.clock.advance(2_000)
  expect((await signIn(logins)).status).toBe(200)
})

test('one attacker behind a shared address locks nobody else out', async () => {
  const logins = await withUser()
  await logins.call('POST', '/v1/users', { username: 'jane', role: 'clerk', password }, key)
  // The double's requests all come from one address: loopback.
  for (let attempt = 0; attempt < 60; attempt += 1) await signIn(logins, { username: `guessed-${attempt % 30}`, password: 'wrong' })
  for (let attempt = 0; attempt < 10; attempt += 1) await signIn(logins, { username: 'jane', password: `wrong ${attempt}` })
  expect((await signIn(logins, { username: 'jane', password })).status).toBe(429)
  expect((await signIn(logins)).status).toBe(200)
})

test('parallel guesses do not slip past the guard', async () => {
  const logins = await withUser()
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, attempt) => signIn(logins, { username: 'john_doe', password: `wrong ${attempt}` })),
  )
  expect(replies.filter(({ status }) => status === 401)).toHaveLength(5)
  expect(replies.filter(({ status }) => status === 429)).toHaveLength(15)
})

test('a new password, another role, the end of the account: each ends what was open', async () => {
  const logins = await withUser()
  for (const patch of [{ password: 'another long password' }, { role: 'clerk' }, { permissions: [] }]) {
    const { token } = await logins.login({ user_id: logins.userId })
    await logins.call('PATCH', `/v1/users/${logins.userId}`, patch, key)
    expect((await logins.validate(token)).body.is_valid).toBe(false)
  }
  const { token } = await logins.login({ user_id: logins.userId })
  await logins.call('PATCH', `/v1/users/${logins.userId}`, { fullName: 'J. Doe' }, key)
  expect((await logins.validate(token)).body.is_valid).toBe(true)
  expect((await logins.call('DELETE', `/v1/users/${logins.userId}`, undefined, key)).status).toBe(204)
  expect((await logins.validate(token)).body.is_valid).toBe(false)
})

test('names are taken regardless of case, hashes never leave, and token-info wants its permission', async () => {
  const logins = await withUser({ permissions: ['read'] })
  expect(await logins.call('POST', '/v1/users', { username: 'JOHN_DOE', role: 'x', password }, key)).toMatchObject({
    status: 409,
    body: { error_code: 'user_taken' },
  })
  const list = await logins.call('GET', '/v1/users', undefined, key)
  expect(list.body.users).toHaveLength(1)
  expect(JSON.stringify(list.body)).not.toMatch(/scrypt|quick:/)
  const { body } = await signIn(logins)
  expect(await logins.call('GET', '/api/v1/auth/token-info', undefined, bearer(body.token))).toMatchObject({
    status: 403,
    body: { error_code: 'access_denied' },
  })
})
