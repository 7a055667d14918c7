import { createHmac } from 'node:crypto'
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { bearer, ownerKey, startLogins, type TestLogins } from '../../fakes/logins.ts'
import { connectStream } from '../../fakes/revocation-stream.ts'

const key = { 'x-api-key': ownerKey }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const partOf = (token: string, index: number) => JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function keyed(algorithm: 'EdDSA' | 'ES256'): Promise<TestLogins> {
  const logins = await startLogins()
  expect((await logins.call('POST', '/v1/keys', { algorithm }, key)).status).toBe(201)
  return logins
}

test('two logins of one user in one second have different tokens, and each carries user, role and permissions', async () => {
  const logins = await startLogins()
  const [one, two] = [await logins.login(), await logins.login()]
  expect(one.token).not.toBe(two.token)
  expect(partOf(one.token, 1)).toMatchObject({
    iss: 'wheelhouse',
    aud: 'wheelhouse-logins',
    sub: 'user-uuid',
    sid: one.session_id,
    user_id: 'user-uuid',
    username: 'john_doe',
    role_name: 'clerk',
    permissions: ['read', 'write'],
  })
  expect(partOf(one.token, 0)).toEqual({ alg: 'HS256', typ: 'JWT', kid: expect.stringMatching(/^key_/) })
})

test.each(['EdDSA', 'ES256'] as const)('%s tokens are verified by another library through the published keys', async (algorithm) => {
  const logins = await keyed(algorithm)
  const { token, session_id } = await logins.login()
  const { body, headers } = await logins.call('GET', '/.well-known/jwks.json')
  expect(headers.get('cache-control')).toContain('max-age')
  expect(body.keys).toHaveLength(1)
  expect(JSON.stringify(body)).not.toContain('"d"')
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(body), {
    issuer: 'wheelhouse',
    audience: 'wheelhouse-logins',
    currentDate: new Date(logins.clock.now()),
  })
  expect(payload['sid']).toBe(session_id)
  expect(protectedHeader.alg).toBe(algorithm)
})

test('a shared secret is never published', async () => {
  const logins = await startLogins()
  expect((await logins.call('GET', '/.well-known/jwks.json')).body).toEqual({ keys: [] })
})

test('after a rotation old tokens stay good until their key is removed', async () => {
  const logins = await startLogins()
  const { token } = await logins.login()
  await logins.call('POST', '/v1/keys', { algorithm: 'HS256' }, key)
  expect((await logins.validate(token)).body.is_valid).toBe(true)
  const { keys } = (await logins.call('GET', '/v1/keys', undefined, key)).body
  expect(keys.map(({ signs }: { signs: boolean }) => signs)).toEqual([true, false])
  expect((await logins.call('DELETE', `/v1/keys/${keys[0].id}`, undefined, key)).status).toBe(409)
  expect((await logins.call('DELETE', `/v1/keys/${keys[1].id}`, undefined, key)).status).toBe(204)
  expect((await logins.validate(token)).body).toMatchObject({ is_valid: false, error_code: 'session_not_found' })
})

describe('a token that is not ours is refused', () => {
  const tampered: [string, (token: string, publicKey: string) => string | Promise<string>][] = [
    ['with the algorithm none', (token) => `${encode({ ...partOf(token, 0), alg: 'none' })}.${token.split('.')[1]}.`],
    ['with the algorithm None', (token) => `${encode({ ...partOf(token, 0), alg: 'None' })}.${token.split('.')[1]}.${token.split('.')[2]}`],
    [
      'with the public key as a shared secret',
      (token, publicKey) => {
        const input = `${encode({ alg: 'HS256', typ: 'JWT', kid: partOf(token, 0).kid })}.${token.split('.')[1]}`
        return `${input}.${createHmac('sha256', publicKey).update(input).digest('base64url')}`
      },
    ],
    [
      'with other claims',
      (token) => [token.split('.')[0], encode({ ...partOf(token, 1), role_name: 'admin' }), token.split('.')[2]].join('.'),
    ],
    [
      'with another key id',
      (token) => [encode({ ...partOf(token, 0), kid: 'key_0000000000000000' }), token.split('.')[1], token.split('.')[2]].join('.'),
    ],
    ['without a key id', (token) => [encode({ alg: 'EdDSA', typ: 'JWT' }), token.split('.')[1], token.split('.')[2]].join('.')],
    [
      'signed by somebody else',
      (token) =>
        new SignJWT(partOf(token, 1))
          .setProtectedHeader({ alg: 'HS256', kid: partOf(token, 0).kid })
          .sign(new TextEncoder().encode('x'.repeat(64))),
    ],
    ['without a signature', (token) => `${token.split('.').slice(0, 2).join('.')}.`],
    ['cut off', (token) => token.slice(0, -5)],
    ['with a part more', (token) => `${token}.e30`],
    ['that is no JWT', () => 'nonsense'],
    ['of dots', () => '...'],
    ['whose header is a list', (token) => `${encode(['alg'])}.${token.split('.')[1]}.${token.split('.')[2]}`],
    [
      'with huge claims',
      (token) => [token.split('.')[0], encode({ ...partOf(token, 1), more: 'x'.repeat(10_000) }), token.split('.')[2]].join('.'),
    ],
  ]
  test.each(tampered)('%s', async (_, tamper) => {
    const logins = await keyed('EdDSA')
    const { token } = await logins.login()
    const published = (await logins.call('GET', '/.well-known/jwks.json')).body.keys[0].x
    const changed = await tamper(token, published)
    expect(changed).not.toBe(token)
    expect(await logins.validate(changed)).toMatchObject({ status: 401, body: { is_valid: false, error_code: 'session_not_found' } })
    expect((await logins.call('POST', '/introspect', `token=${changed}`, form)).body).toEqual({ active: false })
    expect((await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(changed))).status).toBeGreaterThanOrEqual(400)
    expect((await logins.validate(token)).body.is_valid).toBe(true)
  })
})

test('introspection (RFC 7662) tells what a token is worth and changes nothing', async () => {
  const logins = await startLogins()
  const { token, session_id } = await logins.login()
  logins.clock.advance(27 * 60_000)
  const before = logins.events.emitted.length
  expect((await logins.call('POST', '/introspect', `token=${token}&token_type_hint=access_token`, form)).body).toMatchObject({
    active: true,
    sub: 'user-uuid',
    username: 'john_doe',
    scope: 'read write',
    sid: session_id,
    token_type: 'Bearer',
  })
  expect(logins.events.emitted).toHaveLength(before)
  expect(await logins.call('POST', '/introspect', 'x=1', form)).toMatchObject({ status: 400, body: { error_code: 'missing_token' } })
})

test('introspection tells of the very token: one that was replaced ends with its grace', async () => {
  const logins = await startLogins()
  const { token } = await logins.login()
  logins.clock.advance(27 * 60_000)
  const { body } = await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))
  const facts = async (each: string) => (await logins.call('POST', '/introspect', `token=${each}`, form)).body
  expect(await facts(token)).toMatchObject({
    active: true,
    jti: partOf(token, 1).jti,
    iat: partOf(token, 1).iat,
    exp: Math.floor((logins.clock.now() + 10_000) / 1_000),
  })
  expect(await facts(body.token)).toMatchObject({ active: true, jti: partOf(body.token, 1).jti, exp: partOf(body.token, 1).exp })
  logins.clock.advance(10_000)
  expect(await facts(token)).toEqual({ active: false })
})

test('revocation (RFC 7009) ends the session, and answers 200 for what is not known', async () => {
  const logins = await startLogins()
  const { token } = await logins.login()
  expect((await logins.call('POST', '/revoke', `token=${token}`, form)).status).toBe(200)
  expect((await logins.validate(token)).body.is_valid).toBe(false)
  expect((await logins.call('POST', '/revoke', `token=${token}`, form)).status).toBe(200)
  expect((await logins.call('POST', '/revoke', 'token=unknown', form)).status).toBe(200)
})

test('gateways hear at once of endings and of new keys, and first of what they missed', async () => {
  const logins = await startLogins()
  const missed = await logins.login()
  await logins.call('POST', '/api/v1/sessions/logout', { token: missed.token })
  const stream = await connectStream(logins.url)
  expect(stream.messages[0]).toMatchObject({
    type: 'ended',
    sessions: [{ session_id: missed.session_id, user_id: 'user-uuid', reason: 'logout' }],
  })
  const [one, two] = [await logins.login(), await logins.login()]
  await logins.call('DELETE', '/api/v1/sessions/user/user-uuid', undefined, key)
  await stream.until(
    (message) =>
      message.type === 'ended' &&
      [one, two].every(({ session_id }) =>
        message.sessions.some((session) => session.session_id === session_id && session.reason === 'revoked'),
      ),
  )
  await logins.call('POST', '/v1/keys', { algorithm: 'EdDSA' }, key)
  await stream.until(({ type }) => type === 'keys')
  const later = await connectStream(logins.url, { since: logins.clock.now() + 1 })
  expect(later.messages.filter(({ type }) => type === 'ended')).toEqual([])
})

test('the inspector says at which step a token fails, and keeps nothing', async () => {
  const logins = await startLogins()
  const { token } = await logins.login()
  const inspect = async (text: string) => (await logins.call('POST', '/v1/inspect-token', { token: text }, key)).body
  const failedAt = async (text: string) => (await inspect(text)).checks.find(({ result }: { result: string }) => result === 'failed')?.name
  expect(await inspect(token)).toMatchObject({
    valid: true,
    claims: { sub: 'user-uuid' },
    header: { alg: 'HS256' },
    session: { state: 'active' },
  })
  expect(await failedAt('nonsense')).toBe('Form')
  expect(await failedAt(token.slice(0, -6))).toBe('Signature')
  expect(await failedAt(`${encode({ alg: 'HS256', kid: 'key_x' })}.${token.split('.')[1]}.x`)).toBe('Key')
  logins.clock.advance(27 * 60_000)
  await logins.call('POST', '/api/v1/sessions/refresh', undefined, bearer(token))
  logins.clock.advance(10_000)
  expect(await failedAt(token)).toBe('Place')
  const fresh = await logins.login({ user_id: 'other' })
  await logins.call('POST', '/api/v1/sessions/logout', { token: fresh.token })
  expect(await failedAt(fresh.token)).toBe('State')
  expect((await logins.call('GET', '/v1/sessions?state=live', undefined, key)).body.total).toBe(1)
})
