import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { Fault } from '../../../server/fault.ts'
import { implement } from '../../../server/http/api.ts'
import { defineContract } from '../../../server/http/contract.ts'
import type { Authority, Demand } from '../../../server/http/guards.ts'
import { ownerStanding } from '../../../server/http/rights.ts'
import { fakeExposure } from '../../fakes/exposure.ts'
import { serveApi, type ServedApi } from '../../fakes/served-api.ts'

class TestFault extends Fault {}

const contract = defineContract({
  api: 'browsers',
  title: 'Test',
  version: '1.0.0',
  description: '',
  routes: {
    echo: {
      method: 'POST',
      path: '/echo/:name',
      summary: '',
      access: 'local',
      right: 'browsers:use',
      params: z.object({ name: z.string().regex(/^[a-z]+$/) }),
      query: z.object({ times: z.coerce.number().default(1) }),
      body: z.object({ text: z.string() }),
      responses: { 200: { description: '', body: z.object({ said: z.string(), by: z.string() }) } },
    },
    open: {
      method: 'GET',
      path: '/open',
      summary: '',
      access: 'public',
      right: 'anyone',
      responses: { 200: { description: '', body: z.object({ ok: z.boolean() }) } },
    },
    secret: {
      method: 'GET',
      path: '/secret',
      summary: '',
      access: 'key',
      right: 'browsers:use',
      responses: { 200: { description: '', body: z.object({ ok: z.boolean() }) } },
    },
    change: {
      method: 'POST',
      path: '/secret',
      summary: '',
      access: 'key',
      right: 'browsers:manage',
      responses: { 204: { description: '' } },
    },
    fails: {
      method: 'GET',
      path: '/fails/:how',
      summary: '',
      access: 'public',
      right: 'anyone',
      params: z.object({ how: z.string() }),
      responses: { 204: { description: '' } },
    },
    back: {
      method: 'GET',
      path: '/back',
      summary: '',
      access: 'public',
      right: 'anyone',
      fromElsewhere: true,
      responses: { 200: { description: '', body: z.object({ ok: z.boolean() }) } },
    },
    picture: {
      method: 'GET',
      path: '/picture',
      summary: '',
      access: 'public',
      right: 'anyone',
      responses: { 200: { description: '', contentType: 'image/png' } },
    },
  },
  sockets: {
    line: {
      path: '/line/:name',
      summary: '',
      access: 'key',
      right: 'browsers:use',
      params: z.object({ name: z.string().regex(/^[a-z]+$/) }),
    },
  },
  faults: { 'gone-fishing': { status: 409, message: 'Gone fishing', remedy: 'Come back later.' } },
  errorSchema: z.object({ oops: z.string() }),
  errorBody: (problem) => ({ oops: problem.message, code: problem.code, id: problem.requestId }),
})

const api = implement(
  contract,
  {
    echo: ({ params, query, body }, call) => ({
      status: 200,
      body: { said: Array(query.times).fill(`${params.name}: ${body.text}`).join(' '), by: call.caller.kind },
    }),
    open: () => ({ status: 200, body: { ok: true } }),
    back: () => ({ status: 200, body: { ok: true } }),
    secret: () => ({ status: 200, body: { ok: true } }),
    change: () => ({ status: 204, body: null }),
    fails: ({ params }) => {
      if (params.how === 'expected') throw new TestFault('gone-fishing')
      throw new Error('database password is hunter2')
    },
    picture: () => ({ status: 200, body: new Uint8Array([1, 2, 3]) }),
  },
  { line: (socket, { params }) => socket.on('message', (data) => socket.send(`${String(params['name'])} heard ${String(data)}`)) },
)

const reader = {
  caller: { kind: 'key' as const, id: 'key_1', name: 'reader' },
  standing: ownerStanding,
  may: ({ right }: Demand) => right === 'browsers:use' || right === 'anyone',
  used: () => undefined,
}
const authority: Authority = {
  byKey: (secret) => (secret === 'good' ? reader : null),
  byCookie: (cookie) => (cookie === 'signed-in' ? { ...reader, caller: { kind: 'owner' }, may: () => true } : null),
}

let served: ServedApi | undefined
afterEach(() => served?.stop())
const serve = async (options: Parameters<typeof serveApi>[1] = {}): Promise<string> => {
  served = await serveApi(api, { authority, ...options })
  return served.url
}
const post = (url: string, body: BodyInit, headers: Record<string, string> = { 'content-type': 'application/json' }): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers })

/** fetch forbids a Host of one's own choosing; this does not. */
function rawGet(url: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })
}

test('a valid call reaches its handler with parsed params, query and body', async () => {
  const answer = await post(`${await serve()}/echo/ada?times=2`, '{"text":"hi"}')
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ said: 'ada: hi ada: hi', by: 'local' })
  expect(answer.headers.get('x-request-id')).toMatch(/.{8}/)
})

test.each([
  ['no JSON', '{"text":', 400, 'invalid-json'],
  ['wrong type', '{"text":5}', 400, 'invalid-body'],
  ['nothing', '', 400, 'invalid-body'],
  ['an array', '[]', 400, 'invalid-body'],
  ['too deep', '['.repeat(40) + ']'.repeat(40), 400, 'body-too-deep'],
  ['bad UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22]), 400, 'invalid-json'],
  ['five megabytes', `{"text":"${'x'.repeat(5_000_000)}"}`, 413, 'body-too-large'],
])("a body that is %s is refused in the API's own shape", async (_, body, status, code) => {
  const answer = await post(`${await serve()}/echo/ada`, body as BodyInit)
  expect(answer.status).toBe(status)
  expect(await answer.json()).toMatchObject({ code, oops: expect.any(String) })
})

test('a client that listens only when it has sent everything hears that its body is too large', async () => {
  const { port } = new URL(await serve())
  const socket = connect(Number(port), '127.0.0.1')
  const body = `{"text":"${'x'.repeat(5_000_000)}"}`
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.write(
      `POST /echo/ada HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      () => resolve(),
    )
  })
  expect(await text(socket)).toMatch(/^HTTP\/1.1 413 [^]*body-too-large/)
})

test('a body that is not JSON by its type is refused, so that no page can post one as a simple form', async () => {
  const answer = await post(`${await serve()}/echo/ada`, '{"text":"hi"}', { 'content-type': 'text/plain' })
  expect(answer.status).toBe(415)
})

test('an id that is no id is refused before anything is looked up', async () => {
  const answer = await post(`${await serve()}/echo/..%2f..%2fetc`, '{"text":"hi"}')
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ code: 'invalid-params' })
})

test("an expected failure has the contract's status and words", async () => {
  const answer = await fetch(`${await serve()}/fails/expected`)
  expect(answer.status).toBe(409)
  expect(await answer.json()).toMatchObject({ oops: 'Gone fishing' })
})

test('an unexpected failure tells a request id and nothing else', async () => {
  const answer = await fetch(`${await serve()}/fails/badly`)
  const body = await answer.text()
  expect(answer.status).toBe(500)
  expect(body).not.toContain('hunter2')
  expect(body).toContain(answer.headers.get('x-request-id'))
})

test('an unknown path is 404 and a known path with another method 405 with what is allowed', async () => {
  const url = await serve()
  expect((await fetch(`${url}/nowhere`)).status).toBe(404)
  const other = await fetch(`${url}/open`, { method: 'DELETE' })
  expect(other.status).toBe(405)
  expect(other.headers.get('allow')).toContain('GET')
})

test('bytes are answered as bytes with their type', async () => {
  const answer = await fetch(`${await serve()}/picture`)
  expect(answer.headers.get('content-type')).toBe('image/png')
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]))
})

test('a foreign Host is refused on loopback, which stops DNS rebinding', async () => {
  const url = await serve()
  expect((await rawGet(`${url}/open`, { host: 'evil.example' })).status).toBe(403)
  expect((await rawGet(`${url}/open`, { host: 'localhost:1' })).status).toBe(200)
})

test('once open to the LAN the machine answers by its address, and by a foreign name only to a caller with a key', async () => {
  const url = await serve({ exposure: fakeExposure({ exposed: true }) })
  expect((await rawGet(`${url}/open`, { host: '192.168.1.20:5010' })).status).toBe(200)
  expect((await rawGet(`${url}/open`, { host: 'evil.example' })).status).toBe(403)
  expect((await rawGet(`${url}/secret`, { host: 'proxy.example', 'x-api-key': 'good' })).status).toBe(200)
})

test('a page of a foreign origin may not call a route that asks for no key', async () => {
  const url = await serve()
  const foreign = await fetch(`${url}/open`, { headers: { origin: 'https://evil.example' } })
  expect(foreign.status).toBe(403)
  const preflight = await fetch(`${url}/echo/ada`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  expect(preflight.status).toBe(403)
})

const fromElsewhere = { 'sec-fetch-site': 'cross-site' }
const followedLink = { ...fromElsewhere, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

test('an image, a script or a frame of a page of another site may not even read without a key', async () => {
  const url = await serve()
  for (const headers of [
    fromElsewhere,
    { ...fromElsewhere, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    followedLink,
    { ...followedLink, 'sec-fetch-dest': 'iframe' },
  ]) {
    const answer = await rawGet(`${url}/open`, headers)
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'foreign-origin' })
  }
  expect((await rawGet(`${url}/openapi.json`, { ...fromElsewhere, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' })).status).toBe(
    403,
  )
  for (const site of ['same-origin', 'same-site', 'none'])
    expect((await rawGet(`${url}/open`, { 'sec-fetch-site': site })).status).toBe(200)
  expect((await rawGet(`${url}/secret`, { ...fromElsewhere, 'x-api-key': 'good' })).status).toBe(200)
})

test('a person may follow a link to the reference, and comes back from signing in elsewhere; a frame does not', async () => {
  const url = await serve()
  expect((await rawGet(`${url}/docs`, followedLink)).status).toBe(200)
  expect((await rawGet(`${url}/back`, followedLink)).status).toBe(200)
  for (const path of ['/docs', '/back'])
    expect((await rawGet(`${url}${path}`, { ...followedLink, 'sec-fetch-dest': 'iframe' })).status).toBe(403)
})

test.each([
  ['two of the same', 'host: 127.0.0.1\r\nhost: 127.0.0.1', ''],
  ['a good one before a bad one', 'host: 127.0.0.1\r\nHost: evil.example', ''],
  ['a bad one before a good one', 'HOST: evil.example\r\nhost: 127.0.0.1', ''],
  [
    'two on the way to a WebSocket',
    'host: 127.0.0.1\r\nhost: 127.0.0.1',
    'x-api-key: good\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  ],
])('a request with two Hosts (%s) is refused as malformed', async (_, hosts, more) => {
  const { port } = new URL(await serve())
  const socket = connect(Number(port), '127.0.0.1')
  socket.end(`GET ${more === '' ? '/open' : '/line/ada'} HTTP/1.1\r\n${hosts}\r\n${more === '' ? 'connection: close\r\n' : more}\r\n`)
  expect(await text(socket)).toMatch(/^HTTP\/1.1 400 [^]*two-hosts/)
})

test('a page of ours and a page that was allowed may call', async () => {
  const url = await serve({ ownOrigins: ['app://wheelhouse'] })
  for (const origin of [url, 'app://wheelhouse']) {
    const answer = await fetch(`${url}/open`, { headers: { origin } })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  }
})

test('where a key is demanded, pages of all origins may call with one', async () => {
  const url = await serve()
  const preflight = await fetch(`${url}/secret`, {
    method: 'OPTIONS',
    headers: { origin: 'https://any.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-api-key' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
  expect(preflight.headers.get('access-control-allow-headers')).toContain('x-api-key')
  const call = await fetch(`${url}/secret`, { headers: { origin: 'https://any.example', 'x-api-key': 'good' } })
  expect(call.status).toBe(200)
})

test('a keyed route answers 401 without a key, 401 to a wrong one, 403 to one that may not', async () => {
  const url = await serve()
  const without = await fetch(`${url}/secret`)
  expect(without.status).toBe(401)
  expect(without.headers.get('www-authenticate')).toBe('Bearer')
  expect((await fetch(`${url}/secret`, { headers: { 'x-api-key': 'wrong' } })).status).toBe(401)
  expect((await fetch(`${url}/secret`, { headers: { authorization: 'Bearer good' } })).status).toBe(200)
  expect((await fetch(`${url}/secret`, { method: 'POST', headers: { 'x-api-key': 'good' } })).status).toBe(403)
})

test('a route of this machine asks for a key once the API is open to the LAN, unless the owner chose otherwise', async () => {
  const exposed = await serve({ exposure: fakeExposure({ exposed: true }) })
  expect((await post(`${exposed}/echo/ada`, '{"text":"hi"}')).status).toBe(401)
  expect((await fetch(`${exposed}/open`)).status).toBe(200)
  await served?.stop()
  const insecure = await serve({ exposure: fakeExposure({ exposed: true, insecureNoKey: true }) })
  expect((await post(`${insecure}/echo/ada`, '{"text":"hi"}')).status).toBe(200)
  expect((await fetch(`${insecure}/secret`)).status).toBe(401)
})

test("the window's cookie counts for pages of ours only, whatever port of this machine a page comes from", async () => {
  const url = await serve()
  expect((await fetch(`${url}/secret`, { headers: { cookie: 'wheelhouse_session=signed-in', origin: url } })).status).toBe(200)
  expect((await fetch(`${url}/secret`, { headers: { cookie: 'wheelhouse_session=signed-in', origin: 'http://127.0.0.1:1' } })).status).toBe(
    401,
  )
})

test('guessing keys is slowed down', async () => {
  const url = await serve()
  const statuses = []
  for (let attempt = 0; attempt < 25; attempt += 1)
    statuses.push((await fetch(`${url}/secret`, { headers: { 'x-api-key': `guess-${attempt}` } })).status)
  expect(statuses.slice(0, 20).every((status) => status === 401)).toBe(true)
  expect(statuses.at(-1)).toBe(429)
  expect((await fetch(`${url}/secret`, { headers: { 'x-api-key': 'good' } })).status).toBe(200)
})

test('a WebSocket is found as a request is: with a slash at the end, and its parameter decoded', async () => {
  const url = (await serve()).replace('http', 'ws')
  const socket = new WebSocket(`${url}/Line/a%64a/`, { headers: { 'x-api-key': 'good' } })
  const said = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))))
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send('hello')
  expect(await said).toBe('ada heard hello')
  socket.close()
})

test('a WebSocket opens with a key, in a header or as a sub-protocol', async () => {
  const url = (await serve()).replace('http', 'ws')
  const withProtocol = new WebSocket(`${url}/line/ada`, ['wheelhouse', 'bearer.good'])
  const heard = new Promise((resolve) => withProtocol.once('message', (data) => resolve(String(data))))
  await new Promise((resolve) => withProtocol.once('open', resolve))
  expect(withProtocol.protocol).toBe('wheelhouse')
  withProtocol.send('hello')
  expect(await heard).toBe('ada heard hello')
  withProtocol.close()
})

test.each([
  ['without a key', '/line/ada', {}, 401],
  ['with a foreign Host', '/line/ada', { headers: { host: 'evil.example', 'x-api-key': 'good' } }, 403],
  ['with an ill-formed id', '/line/..%2f', { headers: { 'x-api-key': 'good' } }, 400],
  ['on a path that is no socket', '/open', { headers: { 'x-api-key': 'good' } }, 404],
  ['on a path that is no address', '//', { headers: { 'x-api-key': 'good' } }, 404],
])("a WebSocket %s is refused before the upgrade, in the API's shape", async (_, path, options, status) => {
  const url = (await serve()).replace('http', 'ws')
  const socket = new WebSocket(`${url}${path}`, options)
  const refused = await new Promise<{ status: number; body: string }>((resolve) => {
    socket.once('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    socket.once('error', () => undefined)
  })
  expect(refused.status).toBe(status)
  expect(JSON.parse(refused.body)).toHaveProperty('oops')
})

test('a refused WebSocket is let go, also by a peer that keeps its own side open', async () => {
  const { port } = new URL(await serve())
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  let answer = ''
  socket.on('data', (chunk) => (answer += String(chunk)))
  const ended = new Promise((resolve) => socket.once('end', resolve))
  socket.write(
    'GET /line/ada HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await ended
  expect(answer).toMatch(/^HTTP\/1.1 401 /)
  // What is sent into a connection that the other side has given up comes back as a reset.
  await expect
    .poll(() => {
      if (!socket.destroyed) socket.write('x')
      return socket.destroyed
    })
    .toBe(true)
})

test('what a key has opened ends with the key, and is heard no more', async () => {
  const url = (await serve()).replace('http', 'ws')
  const [mine, other] = [
    new WebSocket(`${url}/line/ada`, { headers: { 'x-api-key': 'good' } }),
    new WebSocket(`${url}/line/eve`, { headers: { cookie: 'wheelhouse_session=signed-in' } }),
  ]
  await Promise.all([mine, other].map((socket) => new Promise((resolve) => socket.once('open', resolve))))
  const heard: string[] = []
  mine.on('message', (data) => heard.push(String(data)))
  const closed = new Promise((resolve) => mine.once('close', resolve))
  served?.keySockets.close('key_1')
  mine.send('hello')
  expect(await closed).toBe(1_008)
  expect(heard).toEqual([])
  other.send('hello')
  expect(await new Promise((resolve) => other.once('message', (data) => resolve(String(data))))).toBe('eve heard hello')
  other.close()
})

test('a plain request to a WebSocket address is told to upgrade', async () => {
  const answer = await fetch(`${await serve()}/line/ada`, { headers: { 'x-api-key': 'good' } })
  expect(answer.status).toBe(426)
})

test('the document and the reference are served, with scripts from here only', async () => {
  const url = await serve()
  expect(((await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string }).openapi).toBe('3.1.0')
  const page = await fetch(`${url}/docs`)
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
  expect(await page.text()).not.toMatch(/https?:\/\//)
  expect((await fetch(`${url}/docs/swagger-ui-bundle.js`)).status).toBe(200)
  expect((await fetch(`${url}/docs/..%2fpackage.json`)).status).toBe(404)
})

test('traffic counts requests, failures and latency', async () => {
  const url = await serve()
  await fetch(`${url}/open`)
  await fetch(`${url}/nowhere`)
  expect(served?.traffic.total).toBe(2)
  expect(served?.traffic.view()).toMatchObject({ failed: 1, p50: expect.any(Number), p99: expect.any(Number) })
})
