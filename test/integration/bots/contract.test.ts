/** The published API, route by route, through the unmodified library and the protocol double. */
import { afterEach, expect, test } from 'vitest'
import { serveBots, type ServeBotsOptions, type ServedBots } from '../../fakes/served-bots.ts'
import { patience } from '../../fixtures/patience.ts'

const key = 'a-key-of-at-least-thirty-two-characters'
const john = { userId: 'bot_1234567890', phoneNumber: '1234567890' }
let bots: ServedBots

async function serve(options: ServeBotsOptions = {}): Promise<ServedBots> {
  bots = await serveBots(options)
  return bots
}

afterEach(async () => {
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const online = (userId = john.userId) => expect.poll(() => bots.state(userId)).toBe('online')

test('creating a session answers with a pairing code that links it', async () => {
  await serve()
  const before = Date.now()
  const created = await bots.call('POST', '/api/sessions', john)
  expect(created).toMatchObject({
    status: 200,
    body: { success: true, message: 'Session created. Use the pairing code to connect.', userId: john.userId },
  })
  expect(created.body.pairingCode).toMatch(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/)
  expect((await bots.call('GET', '/api/sessions/bot_1234567890')).body).toEqual({ success: true, ...john, status: 'offline', name: null })

  const pairing = await bots.call('GET', '/api/sessions/bot_1234567890/pairing')
  expect(pairing.body).toEqual({
    success: true,
    pairingCode: created.body.pairingCode,
    expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
  })
  // Six QR codes of one minute and five of twenty seconds, from when the server gave them.
  const expiresAt = Date.parse(pairing.body.expiresAt)
  expect(expiresAt).toBeGreaterThanOrEqual(before + 160_000)
  expect(expiresAt).toBeLessThanOrEqual(Date.now() + 160_000)

  expect(await bots.double.enterCode(john.phoneNumber, created.body.pairingCode)).toBe('linked')
  await online()
  expect((await bots.call('GET', '/api/stats')).body).toEqual({ success: true, activeSessions: 1, totalUsers: 1 })
  expect((await bots.call('GET', '/api/sessions')).body).toEqual({
    success: true,
    count: 1,
    sessions: [{ ...john, status: 'online', name: null }],
  })
  expect((await bots.call('GET', '/api/sessions/bot_1234567890/pairing')).status).toBe(404)
})

test('a session is stopped, started, backed up, restored and deleted in the words of the document', async () => {
  await serve()
  await bots.linked(john.userId)
  const at = (verb: string) => bots.call('POST', `/api/sessions/${john.userId}/${verb}`)
  expect(await at('backup')).toMatchObject({
    status: 200,
    body: { success: true, userId: john.userId, backup: { checksum: expect.stringMatching(/^[0-9a-f]{64}$/) } },
  })
  expect(await at('restore')).toMatchObject({ status: 409, body: { success: false, message: 'Stop the session before restoring it' } })
  expect(await at('stop')).toMatchObject({ status: 200, body: { success: true, message: 'Session bot_1234567890 stopped' } })
  expect((await bots.call('GET', `/api/sessions/${john.userId}`)).body.status).toBe('offline')
  expect(await at('stop')).toMatchObject({ status: 200 })
  expect(await at('restore')).toMatchObject({ status: 200, body: { success: true, message: 'Session bot_1234567890 restored' } })
  expect((await bots.call('GET', `/api/sessions/${john.userId}`)).body.status).toBe('offline')
  expect(await at('start')).toMatchObject({
    status: 200,
    body: { success: true, message: 'Session started successfully', userId: john.userId },
  })
  await online()
  expect(await bots.call('DELETE', `/api/sessions/${john.userId}`)).toMatchObject({
    status: 200,
    body: { success: true, message: 'Session bot_1234567890 deleted' },
  })
  expect(await bots.call('GET', `/api/sessions/${john.userId}`)).toMatchObject({
    status: 404,
    body: { success: false, message: 'Session not found' },
  })
  expect(
    bots.context.database
      .prepare('SELECT (SELECT count(*) FROM bots) + (SELECT count(*) FROM bot_auth) + (SELECT count(*) FROM bot_backups) AS rows')
      .get(),
  ).toEqual({ rows: 0 })
  expect(bots.double.account(john.phoneNumber).devices.size).toBe(1)
})

test('logging out unlinks the device at WhatsApp and deletes the session', async () => {
  await serve()
  await bots.linked(john.userId)
  expect(await bots.call('POST', `/api/sessions/${john.userId}/logout`)).toMatchObject({
    status: 200,
    body: { success: true, message: 'Session bot_1234567890 logged out and deleted' },
  })
  expect(bots.double.account(john.phoneNumber).devices.size).toBe(0)
  expect((await bots.call('GET', `/api/sessions/${john.userId}`)).status).toBe(404)
})

test('a logout that WhatsApp does not confirm answers 502 and keeps the session with its credentials', async () => {
  await serve({ timing: { patience: { code: patience, unlink: 300 } } })
  await bots.linked(john.userId)
  bots.double.mute(
    ({ attrs, content }) => attrs['xmlns'] === 'md' && Array.isArray(content) && content[0]?.tag === 'remove-companion-device',
  )
  expect(await bots.call('POST', `/api/sessions/${john.userId}/logout`)).toMatchObject({
    status: 502,
    body: { success: false, message: expect.stringContaining('did not confirm') },
  })
  expect(bots.room.service.get(john.userId).isLinked).toBe(true)
  expect(bots.state(john.userId)).toBe('online')
})

test('a stopped session is connected once more to be logged out', async () => {
  await serve()
  await bots.linked(john.userId)
  await bots.call('POST', `/api/sessions/${john.userId}/stop`)
  expect((await bots.call('POST', `/api/sessions/${john.userId}/logout`)).status).toBe(200)
  expect(bots.double.account(john.phoneNumber).devices.size).toBe(0)
})

test('what the document calls an error is answered in its words', async () => {
  await serve()
  await bots.linked(john.userId)
  const create = (body: unknown) => bots.call('POST', '/api/sessions', body)
  expect(await create(john)).toMatchObject({
    status: 409,
    body: { success: false, message: 'Session already exists for this user. Delete it first or use a different userId.' },
  })
  expect(await create({ ...john, userId: 'a b' })).toMatchObject({
    status: 400,
    body: { success: false, message: 'userId must be alphanumeric (a-z, 0-9, _, -)' },
  })
  expect(await create({ userId: 'other' })).toMatchObject({ status: 400, body: { message: 'userId and phoneNumber are required' } })
  expect(await create({ userId: 'other', phoneNumber: '+1 555' })).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('digits only') },
  })
  expect(await create({ userId: 'other', phoneNumber: john.phoneNumber })).toMatchObject({
    status: 409,
    body: { message: expect.stringContaining('already linked as session bot_1234567890') },
  })
  expect((await create('{')).status).toBe(400)
  expect(bots.room.service.list()).toHaveLength(1)
})

test('no route takes an id that is a path', async () => {
  await serve()
  for (const id of ['..%2F..%2Fetc', '%2e%2e', 'a%00b', 'x'.repeat(101), 'a.b']) {
    for (const [method, verb] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/pairing'],
      ['POST', '/start'],
      ['POST', '/stop'],
      ['POST', '/logout'],
      ['POST', '/backup'],
      ['POST', '/restore'],
    ] as const) {
      const reply = await bots.call(method, `/api/sessions/${id}${verb}`)
      expect([400, 404], `${method} ${id}${verb}`).toContain(reply.status)
      expect(reply.body.success).toBe(false)
    }
  }
})

test('without API_KEY the routes are open to this machine; with it, all but the four public ones ask for it', async () => {
  await serve({ variables: { apiKey: key, databaseFile: null } })
  for (const path of ['/api/stats', '/api/sessions']) expect((await bots.call('GET', path)).status).toBe(200)
  expect((await bots.call('GET', '/')).status).toBe(200)
  expect((await bots.call('GET', '/api/sessions/nobody')).status).toBe(404)
  const routes = [
    ['POST', ''],
    ['DELETE', '/x'],
    ['GET', '/x/pairing'],
    ['POST', '/x/start'],
    ['POST', '/x/stop'],
    ['POST', '/x/logout'],
    ['POST', '/x/backup'],
    ['POST', '/x/restore'],
  ] as const
  for (const [method, path] of routes) {
    for (const headers of [undefined, { 'x-api-key': 'wrong' }]) {
      expect(await bots.call(method, `/api/sessions${path}`, undefined, headers), `${method} ${path}`).toMatchObject({
        status: 401,
        body: { success: false, message: expect.stringContaining('X-API-Key') },
      })
    }
    expect([400, 404]).toContain(
      (await bots.call(method, `/api/sessions${path}`, path === '' ? {} : undefined, { 'x-api-key': key })).status,
    )
  }
})

test('pages of any origin may call once a key is set, and none before', async () => {
  await serve({ variables: { apiKey: key, databaseFile: null } })
  const origin = { origin: 'https://elsewhere.test' }
  expect((await bots.call('GET', '/api/sessions', undefined, origin)).headers.get('access-control-allow-origin')).toBe('*')
  const preflight = await bots.call('OPTIONS', '/api/sessions', undefined, {
    ...origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-api-key,content-type',
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-headers')).toContain('x-api-key')
  await bots.stop()
  await serve()
  expect((await bots.call('GET', '/api/sessions', undefined, origin)).status).toBe(403)
})
