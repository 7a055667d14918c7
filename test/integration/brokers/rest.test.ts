import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../../server/store/database.ts'
import { engineOf } from '../../fakes/broker-engine.ts'
import { countsIn, FrameClient, openBrokers } from '../../fakes/broker-house.ts'
import { temporaryFolder, testClock, until } from '../../fakes/kernel.ts'

describe('the published calls', () => {
  it('creates a session with the body of the document and answers in its shape', async () => {
    const house = await openBrokers()
    const { status, body } = await house.call('/api/createSession', {
      sessionName: 'my-service-prod',
      password: 'secure-password-123',
      retryInterval: 5_000,
      maxRetryLimit: 100,
      messageExpiryTime: 3_600_000,
      sessionExpiry: null,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      success: true,
      sessionName: 'my-service-prod',
      password: 'secure-password-123',
      secretKey: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('takes name and password alone, with the defaults of the document', async () => {
    const house = await openBrokers()
    await house.call('/api/createSession', { sessionName: 'plain', password: 'p' })
    const { body } = await house.call('/v1/sessions/plain')
    expect(body['session']).toMatchObject({
      policy: { retryInterval: 5_000, maxRetryLimit: 100, messageExpiryTime: null },
      expiresAt: null,
    })
  })

  it.each([0, null, ''])('takes %j for the default of each number, as the published server does', async (nothing) => {
    const house = await openBrokers()
    const { status } = await house.call('/api/createSession', {
      sessionName: 'plain',
      password: 'p',
      retryInterval: nothing,
      maxRetryLimit: nothing,
      messageExpiryTime: nothing,
      sessionExpiry: nothing,
    })
    expect(status).toBe(200)
    expect((await house.call('/v1/sessions/plain')).body['session']).toMatchObject({
      policy: { retryInterval: 5_000, maxRetryLimit: 100, messageExpiryTime: null },
      expiresAt: null,
    })
  })

  it.each([
    [{}, 'sessionName and password are required'],
    [{ sessionName: 'a' }, 'sessionName and password are required'],
    [{ sessionName: '', password: 'p' }, 'sessionName and password are required'],
    [null, 'sessionName and password are required'],
    [[], 'sessionName and password are required'],
    ['text', 'sessionName and password are required'],
    [{ sessionName: null, password: null }, 'sessionName must be a text'],
    [{ sessionName: 'a', password: '' }, 'sessionName and password are required'],
    [{ sessionName: 'a', password: 12_345 }, 'password must be a text'],
    [{ sessionName: { $ne: '' }, password: 'p' }, 'sessionName must be a text'],
    [{ sessionName: 'a'.repeat(129), password: 'p' }, 'sessionName may have at most 128 characters'],
    [{ sessionName: 'a', password: 'p'.repeat(1_025) }, 'password may have at most 1024 characters'],
    [{ sessionName: 5, password: 'p' }, 'sessionName must be a text'],
    [{ sessionName: 'a\n', password: 'p' }, 'sessionName may not contain control characters'],
    [{ sessionName: 'a', password: 'p', retryInterval: -5 }, 'retryInterval must be at least 10'],
    [{ sessionName: 'a', password: 'p', retryInterval: 1e12 }, 'retryInterval must be at most 86400000'],
    [{ sessionName: 'a', password: 'p', retryInterval: '5000' }, 'retryInterval must be a whole number'],
    [{ sessionName: 'a', password: 'p', maxRetryLimit: -1 }, 'maxRetryLimit must be at least 1'],
    [{ sessionName: 'a', password: 'p', maxRetryLimit: 1e9 }, 'maxRetryLimit must be at most 1000000'],
    [{ sessionName: 'a', password: 'p', maxRetryLimit: true }, 'maxRetryLimit must be a whole number'],
    [{ sessionName: 'a', password: 'p', messageExpiryTime: -1 }, 'messageExpiryTime must be at least 1'],
    [{ sessionName: 'a', password: 'p', messageExpiryTime: '1h' }, 'messageExpiryTime must be a whole number'],
    [{ sessionName: 'a', password: 'p', messageExpiryTime: 1e15 }, 'messageExpiryTime must be at most 315360000000'],
    [{ sessionName: 'a', password: 'p', maxRetryLimit: 'x' }, 'maxRetryLimit must be a whole number'],
    [{ sessionName: 'a', password: 'p', maxRetryLimit: 1.5 }, 'maxRetryLimit must be a whole number'],
    [{ sessionName: 'a', password: 'p', durability: 'disk' }, 'durability: Invalid option: expected one of "fsync"|"crash-safe"|"memory"'],
    [
      { sessionName: 'a', password: 'p', sessionExpiry: -3_600_000 },
      'sessionExpiry must be an ISO time, ms since the epoch or a duration in ms',
    ],
    [{ sessionName: 'a', password: 'p', sessionExpiry: true }, 'sessionExpiry must be an ISO time, ms since the epoch or a duration in ms'],
    [{ sessionName: 'a', password: 'p', sessionExpiry: 200_000_000_000 }, 'sessionExpiry lies in the past'],
    [
      { sessionName: 'a', password: 'p', sessionExpiry: 'soon' },
      'sessionExpiry must be an ISO time, ms since the epoch or a duration in ms',
    ],
    [{ sessionName: 'a', password: 'p', sessionExpiry: '2001-01-01T00:00:00Z' }, 'sessionExpiry lies in the past'],
  ])('refuses %j with "%s"', async (body, error) => {
    const house = await openBrokers()
    expect(await house.call('/api/createSession', body)).toEqual({ status: 400, body: { success: false, error } })
  })

  it('refuses a name that is taken', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    expect(await house.call('/api/createSession', { sessionName: session.sessionName, password: 'other' })).toEqual({
      status: 400,
      body: { success: false, error: 'Session already exists' },
    })
  })

  it('reads an expiry as ISO text, as ms since the epoch and as a duration, and echoes the moment', async () => {
    const clock = testClock()
    const house = await openBrokers({ clock })
    const later = clock.now() + 3_600_000
    for (const sessionExpiry of [new Date(later).toISOString(), later, 3_600_000]) {
      expect(await house.createSession({ sessionExpiry })).toMatchObject({ sessionExpiry: new Date(later).toISOString() })
    }
  })

  it('drops a session when its time is over', async () => {
    const clock = testClock()
    const house = await openBrokers({ clock })
    const session = await house.createSession({ sessionExpiry: 60_000 })
    const client = await FrameClient.join(house.url, session)
    clock.advance(60_000)
    expect(await client.ended()).toMatchObject({ code: 4410 })
    expect((await house.call(`/v1/sessions/${session.sessionName}`)).status).toBe(404)
  })

  it('lives on when it cannot remove a session whose time is over, and removes it when it can', async () => {
    const dataDir = temporaryFolder()
    const clock = testClock()
    const house = await openBrokers({ dataDir, clock })
    const { sessionName } = await house.createSession({ sessionExpiry: 60_000 })
    const disk = openDatabase(join(dataDir, 'wheelhouse.db'))
    disk.exec("CREATE TRIGGER disk_is_full BEFORE DELETE ON broker_sessions BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    clock.advance(60_000)
    await until('the fault is logged', () => house.faults.length > 0)
    expect((await house.call(`/v1/sessions/${sessionName}`)).status).toBe(200)
    disk.exec('DROP TRIGGER disk_is_full')
    disk.close()
    await until('it is dropped', () => house.events.some(({ type, subject }) => type === 'session-dropped' && subject === sessionName))
  })

  it('suspends: clients are disconnected with 4403, logins refused, until it is resumed', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = await FrameClient.join(house.url, session)
    const silent = await FrameClient.join(house.url, session, 'named')
    expect(await house.call('/api/suspendSession', { ...session, suspend: true })).toEqual({
      status: 200,
      body: { success: true, suspended: true },
    })
    expect(await client.ended()).toEqual({ code: 4403, reason: 'Session is suspended' })
    expect(await silent.ended()).toMatchObject({ code: 4403 })
    await expect(FrameClient.join(house.url, session)).rejects.toThrow('Session is suspended')
    expect(await house.call('/api/suspendSession', { ...session, suspend: false })).toEqual({
      status: 200,
      body: { success: true, suspended: false },
    })
    await FrameClient.join(house.url, session)
  })

  it('asks for the right password and the right secret key before it suspends or drops', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    for (const path of ['/api/suspendSession', '/api/dropSession']) {
      expect(await house.call(path, { ...session, secretKey: 'wrong', suspend: true })).toEqual({
        status: 400,
        body: { success: false, error: 'Invalid credentials' },
      })
      expect(await house.call(path, { ...session, password: 'wrong', suspend: true })).toEqual({
        status: 400,
        body: { success: false, error: 'Invalid credentials' },
      })
      expect(await house.call(path, { ...session, sessionName: 'nobody', suspend: true })).toEqual({
        status: 400,
        body: { success: false, error: 'Session not found' },
      })
    }
  })

  it.each([
    ['/api/suspendSession', {}, 'sessionName and password are required'],
    ['/api/suspendSession', { sessionName: 'a', password: 'p' }, 'secretKey is required'],
    ['/api/suspendSession', { sessionName: 'a', password: 'p', secretKey: 7 }, 'secretKey must be a text'],
    ['/api/suspendSession', { sessionName: 'a', password: 'p', secretKey: 's', suspend: 'yes' }, 'suspend must be true or false'],
    ['/api/suspendSession', { sessionName: 'a', password: 'p', secretKey: 's', suspend: null }, 'suspend must be true or false'],
    ['/api/suspendSession', { sessionName: 'a', password: 'p', secretKey: 's' }, 'Session not found'],
    ['/api/dropSession', { sessionName: 'a', password: 'p' }, 'secretKey is required'],
    ['/api/dropSession', { sessionName: 'a', password: 'p', secretKey: [] }, 'secretKey must be a text'],
    ['/api/dropSession', { sessionName: 'a', password: 'p', secretKey: 's' }, 'Session not found'],
  ])('%s answers %j with "%s"', async (path, body, error) => {
    const house = await openBrokers()
    expect(await house.call(path, body)).toEqual({ status: 400, body: { success: false, error } })
  })

  it('answers a body that is no JSON, and one that is too large, in the same shape', async () => {
    const house = await openBrokers()
    for (const [body, status] of [
      ['{"sessionName":', 400],
      [`{"sessionName":"${'x'.repeat(20_000_000)}"}`, 413],
    ] as const) {
      const answer = await fetch(`${house.url}/api/createSession`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(answer.status).toBe(status)
      expect(await answer.json()).toMatchObject({ success: false, error: expect.any(String) })
    }
  })

  it('makes one session of two calls that ask for the same name at once', async () => {
    const house = await openBrokers()
    const answers = await Promise.all([1, 2, 3].map(() => house.call('/api/createSession', { sessionName: 'same', password: 'p' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    expect(answers.filter(({ status }) => status === 400).map(({ body }) => body['error'])).toEqual([
      'Session already exists',
      'Session already exists',
    ])
  })

  it('drops: everybody is disconnected, those who only logged in too, and nothing of it comes back', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = await FrameClient.join(house.url, session, 'reader')
    await client.subscribe('secrets')
    client.socket.terminate()
    await until('it is away', () => countsIn(house)?.clients === 0)
    const writer = await FrameClient.join(house.url, session)
    const mark = randomBytes(8).toString('hex')
    writer.publish('secrets', 'm1', mark)
    expect(await writer.next('publish_response')).toMatchObject({ success: true, queuedFor: 1 })
    expect(await house.call('/api/dropSession', session)).toEqual({ status: 200, body: { success: true } })
    expect(await writer.ended()).toMatchObject({ code: 4410 })
    await house.restart()
    expect(engineOf(house.room).parts.store.messages.size).toBe(0)
    await expect(FrameClient.join(house.url, session)).rejects.toThrow('Session not found')
    // The name is free again, and the new session knows nothing of the old one.
    await house.createSession({ sessionName: session.sessionName })
    expect((await house.call(`/v1/sessions/${session.sessionName}`)).body['session']).toMatchObject({ subscribers: 0, queued: 0 })
  })

  it('keeps neither password nor secret key where anybody could read them', async () => {
    const dataDir = temporaryFolder()
    const house = await openBrokers({ dataDir })
    const session = await house.createSession({ password: 'a-password-to-look-for' })
    const list = JSON.stringify([(await house.call('/api/admin/sessions')).body, (await house.call('/v1/sessions')).body, house.events])
    await house.stop()
    for (const secret of [session.secretKey, 'a-password-to-look-for']) {
      expect(list).not.toContain(secret)
      for (const file of ['wheelhouse.db', 'wheelhouse.db-wal'].filter((name) => existsSync(join(dataDir, name))))
        expect(readFileSync(join(dataDir, file)).includes(secret)).toBe(false)
    }
  })

  it('shows the portal lists only to who has a key', async () => {
    const house = await openBrokers()
    for (const path of ['/api/admin/sessions', '/api/admin/stats']) {
      expect((await fetch(`${house.url}${path}`)).status).toBe(401)
      expect((await house.call(path)).body).toMatchObject({ success: true })
    }
  })
})

describe('the native calls', () => {
  it('rotates the secret key: the old one ends at once', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const { body } = await house.call(`/v1/sessions/${session.sessionName}/secret`, {})
    expect(await house.call('/api/suspendSession', { ...session, suspend: true })).toMatchObject({ status: 400 })
    expect(await house.call('/api/suspendSession', { ...session, secretKey: body['secretKey'], suspend: true })).toMatchObject({
      status: 200,
    })
  })

  it('gives a pass that lets one client in, once, and into no other session', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const other = await house.createSession()
    const pass = String((await house.call(`/v1/sessions/${session.sessionName}/passes`, {})).body['password'])
    await expect(FrameClient.join(house.url, { sessionName: other.sessionName, password: pass })).rejects.toThrow('Invalid password')
    await FrameClient.join(house.url, { sessionName: session.sessionName, password: pass })
    await expect(FrameClient.join(house.url, { sessionName: session.sessionName, password: pass })).rejects.toThrow('Invalid password')
  })

  it('shows clients, topics and waiting messages, without consuming them', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const reader = await FrameClient.join(house.url, session, 'erp-sync')
    await reader.subscribe('orders/paid')
    const writer = await FrameClient.join(house.url, session)
    writer.publish('orders/paid', 'm1', 'hello')
    await reader.next('message')
    for (let look = 0; look < 2; look += 1) {
      const { body } = await house.call(`/v1/sessions/${session.sessionName}/messages`)
      expect(body['messages']).toMatchObject([
        { messageId: 'm1', topic: 'orders/paid', preview: 'hello', waitingFor: [{ key: 'user:erp-sync', tries: 1, state: 'sent' }] },
      ])
    }
    const { body } = await house.call(`/v1/sessions/${session.sessionName}`)
    expect(body['clients']).toMatchObject([
      { name: 'erp-sync', protocol: 'json', address: '127.0.0.1', topics: ['orders/paid'], unacked: 1 },
      { unacked: 0 },
    ])
    expect(body['topics']).toMatchObject([{ topic: 'orders/paid', subscribers: 1, publishedTotal: 1, queued: 1 }])
    expect(body['session']).toMatchObject({ clients: 2, queued: 1, state: 'running' })
  })

  it('changes nothing of a session when one part of the change is wrong', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const path = `/v1/sessions/${session.sessionName}`
    for (const body of [
      { suspended: true, expiry: 200_000_000_000 },
      { suspended: true, policy: { maxRetryLimit: 0 } },
    ]) {
      expect((await house.call(path, body, 'PATCH')).status).toBe(400)
      expect((await house.call(path)).body['session']).toMatchObject({ state: 'running', expiresAt: null })
    }
  })

  it('tells the audit trail of a new end of a session, as of any other change', async () => {
    const house = await openBrokers()
    const { sessionName } = await house.createSession()
    await house.call(`/v1/sessions/${sessionName}`, { expiry: 3_600_000 }, 'PATCH')
    expect(house.events).toContainEqual(expect.objectContaining({ type: 'session-changed', subject: sessionName }))
  })

  it('kicks a client with 4404 and forgets one that is away together with its queue', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const path = `/v1/sessions/${session.sessionName}`
    const reader = await FrameClient.join(house.url, session, 'reader')
    await reader.subscribe('t')
    const [client] = (await house.call(path)).body['clients'] as { linkId: number; subscriberId: number }[]
    expect((await house.call(`${path}/clients/${client?.linkId}`, undefined, 'DELETE')).status).toBe(204)
    expect(await reader.ended()).toMatchObject({ code: 4404 })
    expect((await house.call(path)).body['session']).toMatchObject({ clients: 0, subscribers: 1 })
    expect((await house.call(`${path}/subscribers/${client?.subscriberId}`, undefined, 'DELETE')).status).toBe(204)
    expect((await house.call(path)).body['session']).toMatchObject({ subscribers: 0 })
    expect((await house.call(`${path}/clients/999`, undefined, 'DELETE')).status).toBe(404)
  })

  it('keeps sessions, policies and suspensions over a restart', async () => {
    const dataDir = temporaryFolder()
    const house = await openBrokers({ dataDir })
    const session = await house.createSession({ maxRetryLimit: 7 })
    await house.call(`/v1/sessions/${session.sessionName}`, { suspended: true, policy: { overflow: 'reject' } }, 'PATCH')
    await house.stop()
    const again = await openBrokers({ dataDir })
    await until('the room is ready', () => again.room.service.isReady)
    expect((await again.call(`/v1/sessions/${session.sessionName}`)).body['session']).toMatchObject({
      state: 'suspended',
      policy: { maxRetryLimit: 7, overflow: 'reject' },
    })
    expect(await again.call('/api/suspendSession', { ...session, suspend: false })).toMatchObject({ status: 200 })
    await FrameClient.join(again.url, session)
  })
})
