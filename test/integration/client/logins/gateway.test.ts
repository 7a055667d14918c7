import { createServer, request as send, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import Koa from 'koa'
import { expect, onTestFinished, test } from 'vitest'
import { createGateway, type Gateway, type GatewayOptions } from '../../../../client/logins/src/index.ts'
import { systemTime } from '../../../../client/logins/src/time.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'
import { patience } from '../../../fixtures/patience.ts'
import { until } from '../../../fakes/kernel.ts'
import { bearer, ownerKey, startLogins } from '../../../fakes/logins.ts'
import { testClock } from '../../../fakes/kernel.ts'

/** Of the service: about the time it is, for what tokens say of it, and no sign of life, which would be a message more. */
const service = () => ({ clock: testClock(Date.now()), every: () => () => undefined })

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  onTestFinished(() => stopServer(server))
  return listenOnLoopback(server)
}

/** What stands behind the gateway: says who it was told calls. */
const upstream = (): Promise<string> =>
  serve((request, response) =>
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        path: request.url,
        user: request.headers['x-user-id'],
        role: request.headers['x-user-role'],
        permissions: request.headers['x-user-permissions'],
      }),
    ),
  )

function forward(address: string, request: IncomingMessage, response: ServerResponse): void {
  const onward = send(`${address}${request.url ?? '/'}`, { method: request.method ?? 'GET', headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  request.pipe(onward)
}

/** Its timers run, and its clocks stand: however long a step takes here, the service was not silent meanwhile. */
function gatewayTo(options: GatewayOptions): Gateway {
  const gateway = createGateway({ timeout: patience, time: { ...systemTime, ...testClock(Date.now()) }, ...options })
  onTestFinished(gateway.close)
  return gateway
}

const makers: [string, (gateway: Gateway, behind: string) => Promise<string>][] = [
  [
    'Koa',
    (gateway, behind) => {
      const app = new Koa()
      app.use(gateway.koa())
      app.use((ctx) => {
        ctx.respond = false
        forward(behind, ctx.req, ctx.res)
      })
      return serve(app.callback())
    },
  ],
  [
    'Express',
    (gateway, behind) => {
      const middleware = gateway.express()
      return serve((request, response) => middleware(request, response, () => forward(behind, request, response)))
    },
  ],
  [
    'fetch',
    (gateway, behind) => {
      const handler = gateway.fetch((request) => fetch(`${behind}${new URL(request.url).pathname}`, { headers: request.headers }))
      return serve((request, response) => {
        const headers = new Headers(
          Object.entries(request.headers).flatMap(([name, value]) =>
            typeof value === 'string' ? [[name, value] as [string, string]] : [],
          ),
        )
        void handler(new Request(`http://gateway${request.url ?? '/'}`, { headers })).then(async (answer) =>
          response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text()),
        )
      })
    },
  ],
]

test.each(makers)(
  'a %s gateway lets a good token through to a real upstream as its user, and stops it the moment it is revoked',
  async (_, make) => {
    const logins = await startLogins(service())
    const gateway = gatewayTo({ url: logins.url })
    await gateway.ready()
    const address = await make(gateway, await upstream())
    const { token, session_id } = await logins.login({ user_id: 'usér 1' })
    const call = async () => {
      const response = await fetch(`${address}/orders`, { headers: { ...bearer(token), 'x-user-id': 'forged', 'x-user-role': 'admin' } })
      return { status: response.status, body: (await response.json()) as object }
    }
    for (let round = 0; round < 5; round += 1)
      expect(await call()).toEqual({
        status: 200,
        body: { path: '/orders', user: 'us%C3%A9r%201', role: 'clerk', permissions: 'read,write' },
      })
    expect(gateway.counts()).toMatchObject({ here: 4, asked: 1 })
    await logins.call('DELETE', `/api/v1/sessions/${session_id}`, undefined, bearer(token))
    await until('the gateway refuses it', async () => (await call()).status === 401)
    expect((await fetch(`${address}/orders`)).status).toBe(401)
  },
)

test('a token near its end is renewed through the gateway, and the old one is asked about again', async () => {
  const logins = await startLogins(service())
  const gateway = gatewayTo({ url: logins.url })
  await gateway.ready()
  const { token } = await logins.login({ expires_at: new Date(Date.now() + 60_000).toISOString() })
  const first = await gateway.check(token)
  expect(first).toMatchObject({ ok: true, newToken: expect.any(String) })
  const next = first.ok ? (first.newToken ?? '') : ''
  expect(await gateway.check(next)).toMatchObject({ ok: true, newToken: null })
  logins.clock.advance(10_000)
  expect(await gateway.check(token)).toMatchObject({ ok: false, status: 401 })
})

test('without the stream every request asks, and without the service nothing passes', async () => {
  const logins = await startLogins(service())
  const gateway = gatewayTo({ url: logins.url })
  await gateway.ready()
  const { token } = await logins.login()
  expect((await gateway.check(token)).ok).toBe(true)
  expect((await gateway.check(token)).ok).toBe(true)
  expect(gateway.counts().asked).toBe(1)
  await logins.stop()
  await until('the gateway knows that it is deaf', async () => !(await gateway.check(token)).ok)
  expect(await gateway.check(token)).toMatchObject({ ok: false, status: 503 })
})

test('a token of a session that began since the stream opened is verified here, and an ending still stops it', async () => {
  const logins = await startLogins(service())
  const before = await logins
    .call('POST', '/v1/keys', { algorithm: 'ES256' }, { 'x-api-key': ownerKey })
    .then(() => logins.login({ user_id: 'earlier' }))
  const gateway = gatewayTo({ url: logins.url })
  await gateway.ready()
  // The gateway has the keys when it refuses by itself what they did not sign.
  await until('the keys are there', async () => {
    await gateway.check(`${before.token.slice(0, -8)}AAAAAAAA`)
    return gateway.counts().here > 0
  })
  const { asked, here } = gateway.counts()
  expect(await gateway.check(before.token)).toMatchObject({ ok: true })
  expect(gateway.counts()).toMatchObject({ asked: asked + 1, here })
  const { heard } = gateway.counts()
  const { token, session_id } = await logins.login()
  await until('the gateway hears that it began', () => gateway.counts().heard > heard)
  expect(await gateway.check(token)).toEqual({
    ok: true,
    newToken: null,
    session: {
      session_id,
      user_id: 'user-uuid',
      username: 'john_doe',
      role_name: 'clerk',
      permissions: ['read', 'write'],
      expires_at: expect.any(String),
    },
  })
  expect(gateway.counts()).toMatchObject({ asked: asked + 1, here: here + 1 })
  await logins.call('DELETE', `/api/v1/sessions/${session_id}`, undefined, bearer(token))
  await until('the gateway refuses it', async () => !(await gateway.check(token)).ok)
})

test('what a private key of the service did not sign is refused without asking', async () => {
  const logins = await startLogins(service())
  await logins.call('POST', '/v1/keys', { algorithm: 'EdDSA' }, { 'x-api-key': ownerKey })
  const gateway = gatewayTo({ url: logins.url })
  await gateway.ready()
  const { token } = await logins.login()
  await until('the keys are there', async () => {
    await gateway.check(`${token.slice(0, -8)}AAAAAAAA`)
    return gateway.counts().here > 0
  })
  expect((await gateway.check(token)).ok).toBe(true)
})
