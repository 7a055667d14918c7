/** A gateway over time: renewal, idle limits, who is evicted, streams that die without a word. Every clock is the test's. */
import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createGateway, type Gateway, type GatewayOptions, type Verdict } from '../../../../client/logins/src/index.ts'
import { elapsedOf } from '../../../../client/logins/src/time.ts'
import { bearer, ownerKey, startLogins, type TestLogins, type TestLoginsOptions } from '../../../fakes/logins.ts'
import { testClock, until, type TestClock } from '../../../fakes/kernel.ts'
import { testTicks } from '../../../fakes/ticks.ts'
import { patience } from '../../../fixtures/patience.ts'

const minutes = 60_000
const key = { 'x-api-key': ownerKey }
const algorithms = ['HS256', 'ES256', 'EdDSA'] as const
/** Far above every limit of the service: what has to happen earlier must not depend on it. */
const neverAskAgain = { askAgainAfter: 365 * 24 * 60 * minutes }

interface House {
  logins: TestLogins
  gateway: Gateway
  clock: TestClock
  /** Time goes by as it does, with the service's signs of life and the gateway's reports in it. */
  pass(ms: number): Promise<void>
  /** The gateway's timers, run once, to the end of what they begin. */
  tick(): Promise<void>
  lastActivity(id: string): Promise<number>
}

async function start({
  settings,
  variables,
  algorithm = 'HS256',
  gateway: options = {},
  through,
}: TestLoginsOptions & {
  algorithm?: string
  gateway?: Partial<GatewayOptions>
  through?: (url: string) => Promise<string>
} = {}): Promise<House> {
  const clock = testClock()
  const service = testTicks(clock)
  const own = testTicks(clock)
  const logins = await startLogins({
    clock,
    every: service.every,
    ...(settings === undefined ? {} : { settings }),
    ...(variables === undefined ? {} : { variables }),
  })
  if (algorithm !== 'HS256') await logins.call('POST', '/v1/keys', { algorithm }, key)
  const gateway = createGateway({
    url: through === undefined ? logins.url : await through(logins.url),
    time: { now: clock.now, monotonic: clock.monotonic, every: own.every, after: own.after },
    timeout: patience,
    ...options,
  })
  onTestFinished(() => gateway.close())
  const pings = watchPings()
  await gateway.ready()
  if (algorithm !== 'HS256') await keysAreThere(logins, gateway)

  return {
    ...{ logins, gateway, clock, tick: own.run },
    async pass(ms) {
      const end = clock.now() + ms
      while (clock.now() < end) {
        clock.advance(Math.min(2_000, end - clock.now()))
        const { heard } = gateway.counts()
        const wasListening = gateway.listening()
        await service.run()
        if (wasListening && (end - clock.now()) % 2_000 === 0)
          await until('the gateway hears that the service is there', () => gateway.counts().heard > heard)
        await until('the service hears that the gateway is there', () => pings.unanswered() === 0)
        // A use is told as so many ms ago: the clock stands still until the service has heard it.
        await own.run()
      }
    },
    lastActivity: async (id) => Date.parse((await logins.call('GET', `/v1/sessions/${id}`, undefined, key)).body.session.lastActivity),
  }
}

/** The service gives up who leaves several pings without an answer: by a time that a test lets run they must not pile up. */
function watchPings(): { unanswered(): number } {
  let unanswered = 0
  const { ping } = WebSocket.prototype
  vi.spyOn(WebSocket.prototype, 'ping').mockImplementation(function (this: WebSocket) {
    unanswered += 1
    this.once('pong', () => (unanswered -= 1))
    ping.call(this)
  })
  onTestFinished(() => void vi.restoreAllMocks())
  return { unanswered: () => unanswered }
}

/** The gateway has the public keys when it refuses by itself what they did not sign. */
async function keysAreThere(logins: TestLogins, gateway: Gateway): Promise<void> {
  const { token } = await logins.login({ user_id: 'somebody else' })
  await until('the keys are there', async () => {
    const { here } = gateway.counts()
    await gateway.check(`${token.slice(0, -8)}AAAAAAAA`)
    return gateway.counts().here > here
  })
}

/** The gateway has heard that the session began. */
async function login({ logins, gateway }: House, more: object = {}): Promise<{ session_id: string; token: string }> {
  const { heard } = gateway.counts()
  const made = await logins.login(more)
  await until('the gateway hears of the login', () => gateway.counts().heard > heard)
  return made
}

const newTokenOf = (verdict: Verdict): string | null => (verdict.ok ? verdict.newToken : null)

test.each(algorithms)('%s: who goes on using a login is renewed again and again, up to its longest life', async (algorithm) => {
  const house = await start({ algorithm, settings: { expiration: 120, refreshThreshold: 30, absoluteLimit: 720 }, gateway: neverAskAgain })
  const { gateway, logins } = house
  let { token } = await login(house)
  const begun = house.clock.now()
  let renewals = 0
  while (house.clock.now() < begun + 11 * minutes + 50_000) {
    const verdict = await gateway.check(token)
    expect([house.clock.now() - begun, verdict.ok]).toEqual([house.clock.now() - begun, true])
    const next = newTokenOf(verdict)
    if (next !== null && next !== token) {
      token = next
      renewals += 1
    }
    await house.pass(4_000)
  }
  expect(renewals).toBeGreaterThanOrEqual(6)
  expect(gateway.counts().here).toBeGreaterThan(100)
  await house.pass(20_000)
  expect(await gateway.check(token)).toMatchObject({ ok: false, status: 401 })
  expect((await logins.validate(token)).body.error_code).toBe('session_expired')
})

test.each(algorithms)('%s: a remembered login is renewed in its own share of time', async (algorithm) => {
  const house = await start({
    algorithm,
    settings: { expiration: 120, refreshThreshold: 20, rememberMeExpiration: 240 },
    gateway: neverAskAgain,
  })
  const { token } = await login(house, { remember_me: true })
  expect(newTokenOf(await house.gateway.check(token))).toBeNull()
  await house.pass(198_000)
  expect(newTokenOf(await house.gateway.check(token))).toBeNull()
  await house.pass(2_000)
  expect(newTokenOf(await house.gateway.check(token))).toEqual(expect.any(String))
})

test.each(algorithms)('%s: use through the gateway keeps a login from its idle limit, and a pause as long ends it', async (algorithm) => {
  const house = await start({ algorithm, settings: { idleTimeout: 50 }, gateway: neverAskAgain })
  const { gateway } = house
  const { token } = await login(house)
  for (let use = 0; use < 5; use += 1) {
    expect((await gateway.check(token)).ok).toBe(true)
    await house.pass(40_000)
  }
  const asked = gateway.counts().asked
  for (let use = 0; use < 40; use += 1) {
    expect((await gateway.check(token)).ok).toBe(true)
    await house.pass(2_000)
  }
  // Every two seconds: no pause is long enough to ask, the uses are reported.
  expect(gateway.counts().asked).toBeLessThanOrEqual(asked + 1)
  await house.pass(50_000)
  expect(await gateway.check(token)).toMatchObject({ ok: false, status: 401, code: 'session_expired' })
})

test.each(algorithms)('%s: the device in use stays when the least recently used one has to go', async (algorithm) => {
  const house = await start({
    algorithm,
    variables: { sessionMaxConcurrent: 2 },
    settings: { whenFull: 'evict-least-recently-used' },
    gateway: neverAskAgain,
  })
  const { gateway, logins } = house
  const inUse = await login(house)
  await house.pass(2_000)
  const left = await login(house)
  for (const { token } of [inUse, left]) expect((await gateway.check(token)).ok).toBe(true)
  for (let use = 0; use < 5; use += 1) {
    await house.pass(2_000)
    expect((await gateway.check(inUse.token)).ok).toBe(true)
  }
  await house.pass(2_000)
  await until(
    'the service knows of the use',
    async () => (await house.lastActivity(inUse.session_id)) > (await house.lastActivity(left.session_id)),
  )
  await logins.login()
  expect((await logins.validate(inUse.token)).body.is_valid).toBe(true)
  expect((await logins.validate(left.token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
  await until('the gateway refuses what was evicted', async () => !(await gateway.check(left.token)).ok)
  expect((await gateway.check(inUse.token)).ok).toBe(true)
})

test.each(algorithms)('%s: however sure the gateway is, it asks again after askAgainAfter', async (algorithm) => {
  const house = await start({ algorithm, gateway: { askAgainAfter: 20_000 } })
  const { token } = await login(house)
  await house.gateway.check(token)
  await house.pass(20_000)
  const { asked } = house.gateway.counts()
  await house.gateway.check(token)
  expect(house.gateway.counts().asked).toBe(asked + 1)
})

test('uses are reported with the time they happened at, also when the service was away for a while', async () => {
  const house = await start({ gateway: neverAskAgain })
  const { gateway, logins, clock } = house
  const { token, session_id } = await login(house)
  await gateway.check(token)
  clock.advance(1_500)
  expect((await gateway.check(token)).ok).toBe(true)
  const usedAt = clock.now()
  clock.advance(1_200)
  await house.tick()
  await until('the use is noted', async () => (await house.lastActivity(session_id)) === usedAt)
  expect((await logins.call('POST', '/api/v1/sessions/activity', { sessions: [] })).status).toBe(400)
  // Earlier ones change nothing.
  expect((await logins.call('POST', '/api/v1/sessions/activity', { sessions: [{ session_id, used_ms_ago: 60_000 }] })).body).toMatchObject({
    success: true,
    over: [],
  })
  expect(await house.lastActivity(session_id)).toBe(usedAt)
})

test('a report revives nothing: what was idle for too long, ended or never there is named as over', async () => {
  const house = await start({ settings: { idleTimeout: 300 } })
  const { logins, clock } = house
  const [idle, ended] = [await logins.login(), await logins.login()]
  await logins.call('POST', '/api/v1/sessions/logout', { token: ended.token })
  clock.advance(301_000)
  const live = await logins.login()
  const sessions = [idle, ended, live].map(({ session_id }) => ({ session_id }))
  const reply = await logins.call('POST', '/api/v1/sessions/activity', { sessions: [...sessions, { session_id: 'never-there' }] })
  expect(reply).toMatchObject({ status: 200, body: { over: [idle.session_id, ended.session_id, 'never-there'] } })
  expect((await logins.validate(idle.token)).body.error_code).toBe('session_expired')
})

test('a stream that died without a word is noticed within seconds: from then on the service is asked, and the stream is opened anew', async () => {
  const wire = silentWire()
  const house = await start({ through: wire.open, gateway: neverAskAgain })
  const { gateway, logins, clock } = house
  const { token } = await login(house)
  await gateway.check(token)
  expect((await gateway.check(token)).ok).toBe(true)
  expect(gateway.counts()).toMatchObject({ asked: 1, here: 1 })
  wire.cut()
  await logins.call('POST', '/api/v1/sessions/logout', { token })
  clock.advance(5_000)
  expect(gateway.listening()).toBe(false)
  expect(await gateway.check(token)).toMatchObject({ ok: false, status: 401 })
  await house.tick()
  await until('the dead connection is given up', () => wire.closedByClient() > 0)
  clock.advance(200)
  await house.tick()
  await gateway.ready()
  await until('it is open again', async () => {
    clock.advance(200)
    await house.tick()
    return gateway.listening()
  })
})

test('a session that ended while clocks disagreed is not vouched for by a gateway that began to listen later', async () => {
  const house = await start({ algorithm: 'EdDSA' })
  const { gateway, logins, clock } = house
  await gateway.close()
  // Signed by a server whose clock is an hour ahead, then ended.
  clock.setWall(clock.now() + 60 * minutes)
  const { token } = await logins.login()
  await logins.call('POST', '/api/v1/sessions/logout', { token })
  clock.setWall(clock.now() - 60 * minutes)
  const later = createGateway({ url: logins.url, timeout: patience })
  onTestFinished(() => later.close())
  await later.ready()
  await keysAreThere(logins, later)
  clock.setWall(clock.now() + 61 * minutes)
  expect(await later.check(token)).toMatchObject({ ok: false, status: 401 })
})

test('a login with more permissions than its token holds is always asked about first', async () => {
  const house = await start({ algorithm: 'ES256' })
  const permissions = Array.from({ length: 100 }, (_, index) => `a-permission-with-a-long-name-${index}`)
  const { token } = await login(house, { permissions })
  const { asked } = house.gateway.counts()
  expect(await house.gateway.check(token)).toMatchObject({ ok: true, session: { permissions } })
  expect(house.gateway.counts().asked).toBe(asked + 1)
})

test('time that only one of two clocks knows of counts, and none goes back', () => {
  const clock = testClock()
  const elapsed = elapsedOf(clock)
  clock.advance(1_000)
  expect(elapsed()).toBe(1_000)
  // A machine that slept: its rising clock stood still.
  clock.setWall(clock.now() + 60_000)
  expect(elapsed()).toBe(61_000)
  clock.setWall(clock.now() - 3_600_000)
  expect(elapsed()).toBe(61_000)
  clock.advance(500)
  expect(elapsed()).toBe(61_500)
})

test.each([
  ['no JSON', 'nonsense {'],
  ['null', 'null'],
  ['an ending without an id', '{"type":"ended","sessions":[null]}'],
  ['an id that is a number', '{"type":"ended","sessions":[{"session_id":7}]}'],
])('%s from the other end of the stream ends that connection, not the process', async (_, garbage) => {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const closed = new Promise((resolve) =>
    server.on('connection', (socket) => {
      socket.on('close', resolve)
      socket.send(garbage)
    }),
  )
  const address = server.address()
  const gateway = createGateway({
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    timeout: 500,
  })
  onTestFinished(() => gateway.close())
  await closed
  expect(gateway.listening()).toBe(false)
})

test.each(['not an address', 'http://127.0.0.1:1', 'http://[::bad'])('a gateway to %j lets nothing through and goes on', async (url) => {
  const gateway = createGateway({ url, timeout: 500 })
  onTestFinished(() => gateway.close())
  expect(await gateway.check('a.b.c')).toMatchObject({ ok: false, status: 503 })
  expect(await gateway.check('a.b.c')).toMatchObject({ ok: false, status: 503 })
})

test('the use of a login behind a gateway without a stream is noted by asking', async () => {
  const house = await start()
  const { token, session_id } = await house.logins.login()
  house.clock.advance(10_000)
  expect(house.gateway.listening()).toBe(false)
  expect((await house.gateway.check(token)).ok).toBe(true)
  expect(await house.lastActivity(session_id)).toBe(house.clock.now())
  expect((await house.logins.call('GET', '/api/v1/sessions/user/user-uuid', undefined, bearer(token))).status).toBe(200)
})

/** A TCP wire to the service whose stream can be cut so that neither end hears of it; what is opened after that works. */
function silentWire() {
  const pairs: { client: Socket; service: Socket; isStream: boolean }[] = []
  let closedByClient = 0
  return {
    async open(url: string): Promise<string> {
      const { hostname, port } = new URL(url)
      const server = createServer((client) => {
        const service = connect(Number(port), hostname)
        const pair = { client, service, isStream: false }
        pairs.push(pair)
        client.once('data', (data: Buffer) => (pair.isStream = data.includes('Upgrade: websocket')))
        for (const [one, other] of [
          [client, service],
          [service, client],
        ] as const) {
          one.on('data', (data) => void other.write(data))
          one.on('error', () => undefined)
          one.on('end', () => void other.end())
        }
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => {
        for (const { client, service } of pairs) for (const socket of [client, service]) socket.destroy()
        server.close()
      })
      const address = server.address()
      return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    },
    /** Nothing goes through the stream that is open now. */
    cut() {
      for (const { client, service } of pairs.filter(({ isStream }) => isStream)) {
        for (const socket of [client, service]) {
          socket.removeAllListeners('data')
          socket.removeAllListeners('end')
          socket.on('data', () => undefined)
        }
        client.on('close', () => (closedByClient += 1))
      }
    },
    closedByClient: () => closedByClient,
  }
}
