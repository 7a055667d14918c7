/** The published document's examples, and what it says of errors and security. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { temporaryFolder, testClock, type TestClock } from '../../fakes/kernel.ts'

const day = 86_400_000
let clock: TestClock
let relay: ServedRelay

beforeEach(async () => {
  clock = testClock(Date.parse('2024-01-30T12:00:00.000Z'))
  relay = await serveRelay({ clock })
})
afterEach(() => relay.stop())

describe('creating a session', () => {
  test('answers with a 36-character id, its address and a life of 30 days', async () => {
    const { status, body } = await relay.call('POST', '/api/sessions', {
      body: { metadata: { userAgent: 'Mozilla/5.0', ipAddress: '192.168.1.1', origin: 'https://example.test' } },
    })
    expect(status).toBe(200)
    expect(body).toEqual({
      success: true,
      data: {
        sessionId: expect.stringMatching(/^[\w-]{36}$/),
        sessionUrl: `${relay.url}/mcp/${body.data.sessionId}`,
        createdAt: '2024-01-30T12:00:00.000Z',
        expiresAt: '2024-02-29T12:00:00.000Z',
      },
    })
  })

  test('takes the days asked for, no body at all, and puts the address on the public base', async () => {
    const { body } = await relay.call('POST', '/api/sessions', { body: { expiresIn: 60 } })
    expect(Date.parse(body.data.expiresAt) - Date.parse(body.data.createdAt)).toBe(60 * day)
    expect((await relay.call('POST', '/api/sessions')).status).toBe(200)
    const behindProxy = await serveRelay({ given: { publicUrl: () => 'https://relay.example.test/' } })
    expect((await behindProxy.session()).sessionUrl).toMatch(/^https:\/\/relay\.example\.test\/mcp\/[\w-]{36}$/)
    await behindProxy.stop()
  })

  test('refuses a missing user, an unknown one, and lives that are none', async () => {
    expect(await relay.call('POST', '/api/sessions', { user: null, body: {} })).toMatchObject({
      status: 400,
      body: { error: 'The x-user-id header is required', statusCode: 400 },
    })
    expect(await relay.call('POST', '/api/sessions', { user: 'nobody', body: {} })).toMatchObject({
      status: 404,
      body: { error: 'User not found', statusCode: 404 },
    })
    for (const expiresIn of [0, -1, 'soon', 1e9])
      expect((await relay.call('POST', '/api/sessions', { body: { expiresIn } })).status).toBe(400)
    expect(await relay.call('POST', '/api/sessions', { body: '{"expiresIn":' })).toMatchObject({ status: 400, body: { statusCode: 400 } })
  })
})

describe('an account’s sessions', () => {
  test('are listed with what the server saw of the client, newest first', async () => {
    const first = await relay.session({ body: { metadata: { userAgent: 'Mozilla/5.0', ipAddress: '192.168.1.1' } } })
    clock.advance(1_000)
    const second = await relay.session()
    await relay.call('GET', `/api/sessions/${first.sessionId}/validate`, { user: null })
    const { body } = await relay.call('GET', '/api/sessions')
    expect(body.data.map(({ sessionId }: { sessionId: string }) => sessionId)).toEqual([second.sessionId, first.sessionId])
    expect(body.data[1]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sessionId: first.sessionId,
      createdAt: '2024-01-30T12:00:00.000Z',
      expiresAt: '2024-02-29T12:00:00.000Z',
      lastAccessedAt: '2024-01-30T12:00:01.000Z',
      metadata: { userAgent: 'Mozilla/5.0', ipAddress: '127.0.0.1' },
    })
    expect(body.data[0].lastAccessedAt).toBeNull()
  })

  test('are counted, and the expired ones are cleaned up', async () => {
    await relay.session({ body: { expiresIn: 1 } })
    const kept = await relay.session()
    clock.advance(2 * day)
    await relay.call('GET', `/api/sessions/${kept.sessionId}/validate`)
    expect((await relay.call('GET', '/api/sessions/stats')).body).toEqual({
      success: true,
      data: { totalSessions: 2, activeSessions: 1, expiredSessions: 1, lastActivity: '2024-02-01T12:00:00.000Z' },
    })
    expect((await relay.call('GET', '/api/sessions')).body.data).toHaveLength(1)
    expect((await relay.call('POST', '/api/sessions/cleanup', { user: null })).body).toEqual({
      success: true,
      message: 'Cleaned up 1 expired sessions',
      data: { count: 1 },
    })
    expect((await relay.call('GET', '/api/sessions/stats')).body.data.totalSessions).toBe(1)
  })
})

test('what has expired is removed by itself', async () => {
  const dataDir = temporaryFolder()
  const before = await serveRelay({ clock, dataDir })
  await before.session({ body: { expiresIn: 1 } })
  const kept = await before.session()
  await before.stop()
  clock.advance(2 * day)
  const after = await serveRelay({ clock, dataDir })
  expect((await after.call('GET', '/api/sessions/stats')).body.data).toMatchObject({
    totalSessions: 1,
    activeSessions: 1,
    expiredSessions: 0,
  })
  // Found by its hash: the secret itself was never needed.
  expect((await after.call('GET', `/api/sessions/${kept.sessionId}/validate`)).status).toBe(200)
  await after.stop()
})

test('the window can have an address once more; that it was shown stands in the audit', async () => {
  const { sessionId, sessionUrl } = await relay.session()
  const [{ id }] = (await relay.call('GET', '/v1/relay-sessions')).body.sessions
  expect((await relay.call('POST', `/v1/relay-sessions/${id}/address`)).body).toEqual({
    sessionId,
    sessionUrl,
    bearerUrl: `${relay.url}/mcp`,
  })
  expect((await relay.call('POST', `/v1/relay-sessions/${id}/address`, { headers: { 'x-api-key': 'wrong' } })).status).toBe(401)
  expect(relay.context.emitted.filter(({ type }) => type === 'session-address-shown')).toHaveLength(1)
  expect(JSON.stringify([relay.context.emitted, (await relay.call('GET', '/v1/relay-sessions')).body])).not.toContain(sessionId)
})

describe('validating a session', () => {
  test('names the account with the credits it has now, not those it had when it was first asked', async () => {
    const { sessionId } = await relay.session()
    const validate = () => relay.call('GET', `/api/sessions/${sessionId}/validate`, { user: null })
    expect((await validate()).body).toEqual({
      success: true,
      data: { userId: 'ann', user: { id: 'ann', primaryEmail: 'ann@example.test', credits: 350 } },
    })
    relay.users.change('ann', { credits: 7 }, 'owner')
    expect((await validate()).body.data.user.credits).toBe(7)
  })

  test('refuses expired ones with 401, and unknown or ill-formed ones with 404', async () => {
    const { sessionId } = await relay.session({ body: { expiresIn: 1 } })
    await relay.call('GET', `/api/sessions/${sessionId}/validate`)
    clock.advance(day)
    expect(await relay.call('GET', `/api/sessions/${sessionId}/validate`)).toMatchObject({
      status: 401,
      body: { error: 'Session has expired', statusCode: 401 },
    })
    for (const unknown of ['A'.repeat(36), 'short', '..%2f..%2fetc%2fpasswd'.padEnd(36, 'a')]) {
      expect(await relay.call('GET', `/api/sessions/${unknown}/validate`)).toMatchObject({
        status: 404,
        body: { error: 'Session not found', statusCode: 404 },
      })
    }
  })

  test('refuses a revoked session and that of a removed account at the next request', async () => {
    const { sessionId } = await relay.session()
    expect((await relay.call('GET', `/api/sessions/${sessionId}/validate`)).status).toBe(200)
    expect((await relay.call('DELETE', `/api/sessions/${sessionId}`)).body).toEqual({
      success: true,
      message: 'Session revoked successfully',
    })
    expect((await relay.call('GET', `/api/sessions/${sessionId}/validate`)).status).toBe(404)
    const other = await relay.session()
    expect((await relay.call('GET', `/api/sessions/${other.sessionId}/validate`)).status).toBe(200)
    relay.users.remove('ann', 'owner')
    expect((await relay.call('GET', `/api/sessions/${other.sessionId}/validate`)).status).toBe(404)
  })
})

describe('refreshing and revoking', () => {
  test('extends from now and never shortens', async () => {
    const { sessionId, sessionUrl } = await relay.session()
    const refresh = async (body?: unknown) => (await relay.call('POST', `/api/sessions/${sessionId}/refresh`, { body })).body
    expect(await refresh({ expiresIn: 60 })).toEqual({
      success: true,
      data: { sessionId, sessionUrl, createdAt: '2024-01-30T12:00:00.000Z', expiresAt: '2024-03-30T12:00:00.000Z' },
    })
    expect((await refresh({ expiresIn: 1 })).data.expiresAt).toBe('2024-03-30T12:00:00.000Z')
    clock.advance(50 * day)
    expect((await refresh()).data.expiresAt).toBe('2024-04-19T12:00:00.000Z')
  })

  test('another account’s session stays out of reach, an expired one cannot come back', async () => {
    relay.users.create({ id: 'bob', primaryEmail: 'bob@example.test', credits: 0 }, 'owner')
    const { sessionId } = await relay.session()
    for (const [method, path] of [
      ['POST', '/refresh'],
      ['DELETE', ''],
    ] as const) {
      expect(await relay.call(method, `/api/sessions/${sessionId}${path}`, { user: 'bob' })).toMatchObject({
        status: 403,
        body: { error: 'This session belongs to another user', statusCode: 403 },
      })
      expect((await relay.call(method, `/api/sessions/${sessionId}${path}`, { user: null })).status).toBe(400)
    }
    clock.advance(31 * day)
    expect(await relay.call('POST', `/api/sessions/${sessionId}/refresh`)).toMatchObject({ status: 401, body: { statusCode: 401 } })
  })

  test('revokes all at once, and a second time none', async () => {
    for (let index = 0; index < 3; index += 1) await relay.session()
    expect((await relay.call('DELETE', '/api/sessions')).body).toEqual({ success: true, message: 'Revoked 3 sessions', data: { count: 3 } })
    expect((await relay.call('DELETE', '/api/sessions')).body.data.count).toBe(0)
  })
})

test('no session id stands in the database, the events or the log in the clear', async () => {
  const { sessionId } = await relay.session()
  await relay.call('GET', `/api/sessions/${sessionId}/validate`)
  await relay.call('DELETE', `/api/sessions/${sessionId}`)
  const again = await relay.session()
  relay.room.sessions.flush()
  const rows = JSON.stringify(
    relay.context.database
      .prepare('SELECT * FROM relay_sessions')
      .all()
      .map((row) => Object.values(row as object).map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : value))),
  )
  const told = JSON.stringify([relay.context.emitted, relay.context.log.lines])
  for (const secret of [sessionId, again.sessionId]) {
    expect(rows).not.toContain(secret)
    expect(told).not.toContain(secret)
  }
})
