/** Of a browser session of somebody else a key learns as little as of one that is not there, by every route that names one. */
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { browsersContract } from '../../../server/browsers/contract/index.ts'
import type { RouteDefinition, SocketDefinition } from '../../../server/http/contract.ts'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { startPortal, type Portal } from '../../fixtures/portal/portal.ts'

let portal: Portal
let server: ServerProcess
let ann = ''
let eve = ''
const hers = { live: '', asleep: '', ended: '' }

const unknown = 'session_1704623456_1234567890'
const place = { origin: 'http://127.0.0.1', kind: 'local' }
const cookie = { name: 'harbor_session', domain: '127.0.0.1' }

/** What a parameter below a session looks like. A route with another one says here what it is. */
const things: Readonly<Record<string, string>> = {
  lease: 'lease_1',
  client: 'client_1',
  page: 'A'.repeat(32),
  picture: '1',
  download: '00000000-0000-4000-8000-000000000000',
  browser: 'any',
}
/** What a route asks for that does not do without. */
const bodies: Readonly<Record<string, object>> = {
  navigate: { action: 'reload' },
  takeLease: { holder: 'eve' },
  scrapeSession: { elements: [{ selector: 'body' }] },
  revealCookie: cookie,
  putCookie: { ...cookie, value: 'hers', path: '/', expires: -1, httpOnly: false, secure: false, sameSite: 'Lax' },
  revealItem: { ...place, name: 'theme' },
  putItem: { ...place, name: 'theme', value: 'dark' },
  importState: { storageState: { cookies: [], origins: [] }, replace: true },
}
const queries: Readonly<Record<string, Record<string, string>>> = {
  removeCookie: cookie,
  storageItems: place,
  removeStorage: { origin: place.origin },
  uploadFile: { name: 'a.txt' },
}

const named = <Definition extends { path: string }>(table: Readonly<Record<string, Definition>>): [string, Definition][] =>
  Object.entries(table).filter(([, { path }]) => /:(?:id|session_id)\b/.test(path))
const routes = named<RouteDefinition>(browsersContract.routes)
const sockets = named<SocketDefinition>(browsersContract.sockets ?? {})

beforeAll(async () => {
  portal = await startPortal({ captcha: 'none' })
  server = await startServer()
  const settings = { network: { allowedRanges: ['127.0.0.0/8'] }, browsers: { defaultProfile: 'harbor-gate' } }
  await server.call('/control/v1/settings', { method: 'PATCH', json: settings })
  const { name, ...profile } = portal.siteProfile()
  await server.call(`/control/v1/site-profiles/${name}`, { method: 'PUT', json: profile })
  ann = await keyFor('ann')
  eve = await keyFor('eve')
  const [live, asleep, ended] = await Promise.all([1, 2, 3].map(async (user) => (await open(ann, user)).session_id))
  Object.assign(hers, { live, asleep, ended })
  expect((await call(ann, 'POST', `/v1/browser-sessions/${hers.asleep}/hibernate`)).status).toBe(200)
  expect((await call(ann, 'DELETE', `/v1/browser-sessions/${hers.ended}`)).status).toBe(204)
})
afterAll(async () => {
  await server.dispose()
  await portal.stop()
})

// Tests look into answers by name and fail by their own expectations.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Facts = any

async function keyFor(name: string): Promise<string> {
  const made = await server.call('/control/v1/keys', { method: 'POST', json: { name, rights: ['browsers:use'] } })
  return ((await made.json()) as Facts).secret
}

async function call(key: string, method: string, path: string, body?: object): Promise<{ status: number; body: Facts }> {
  const response = await fetch(`${server.ready.control.url}/browsers${path}`, {
    method,
    headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = response.headers.get('content-type')?.includes('json') === true && text !== ''
  return { status: response.status, body: json ? JSON.parse(text) : text }
}

async function open(key: string, user: number): Promise<Facts> {
  const credentials = { username: `user${user}`, password: 'harbor-demo', captcha_api_key: 'unused' }
  const { status, body } = await call(key, 'POST', '/get_session', credentials)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

/** Filled in so that nothing but the session can be wrong. */
function addressOf(name: string, { path, params }: Pick<RouteDefinition, 'path' | 'params'>, id: string): string {
  const given = Object.fromEntries(
    [...path.matchAll(/:(\w+)/g)].map(([, param = '']) => [param, ['id', 'session_id'].includes(param) ? id : (things[param] ?? '')]),
  )
  expect(params?.safeParse(given).error, `the parameters of ${name}`).toBeUndefined()
  const filled = path.replace(/:(\w+)/g, (_, param: string) => given[param] ?? '')
  const query = new URLSearchParams(queries[name]).toString()
  return query === '' ? filled : `${filled}?${query}`
}

/** The answer with which a WebSocket is refused, or the code with which it closes. */
function upgrade(key: string, path: string): Promise<number | { status: number; body: unknown }> {
  const socket = new WebSocket(`${server.ready.control.url.replace('http', 'ws')}/browsers${path}`, { headers: { 'x-api-key': key } })
  socket.on('error', () => socket.terminate())
  return new Promise((resolve) => {
    socket.once('close', resolve)
    socket.once('unexpected-response', (_, answer) => {
      const { statusCode: status = 0 } = answer
      void json(answer).then((body) => resolve({ status, body }))
    })
  })
}

test.each(routes)('%s', async (name, route) => {
  const body = bodies[name] ?? (route.body === undefined ? undefined : {})
  expect(route.body?.safeParse(body).error, `the body of ${name}`).toBeUndefined()
  expect(route.query?.safeParse(queries[name] ?? {}).error, `the query of ${name}`).toBeUndefined()
  const nothing = { success: false, error: 'Session not found' }
  for (const id of [unknown, ...Object.values(hers)])
    expect(await call(eve, route.method, addressOf(name, route, id), body), `${route.method} ${route.path} of ${id}`).toEqual({
      status: 404,
      body: nothing,
    })
})

test.each(sockets)('the WebSocket %s', async (name, socket) => {
  const nothing = { status: 404, body: { success: false, error: 'Session not found' } }
  for (const id of [unknown, ...Object.values(hers)]) expect(await upgrade(eve, addressOf(name, socket, id)), id).toEqual(nothing)
})

test('what is left of hers lies under names that are not there either', async () => {
  const { body: recording } = await call(ann, 'POST', `/v1/browser-sessions/${hers.live}/recording`)
  expect((await call(ann, 'DELETE', `/v1/browser-sessions/${hers.live}/recording`)).status).toBe(200)
  const job = await begun(ann, `/v1/browser-sessions/${hers.live}/screenshot`)
  for (const [things, one, other] of [
    ['/v1/browser-recordings/:recording', recording.id, 'recording_00000000-0000-4000-8000-000000000000'],
    ['/v1/jobs/:job', job, 'job_1'],
  ] as const) {
    const below = Object.values<RouteDefinition>(browsersContract.routes).filter(({ path }) => path.startsWith(things))
    expect(below.length).toBeGreaterThan(1)
    for (const { method, path } of below) {
      const asked = (id: string) => call(eve, method, path.replace(/:\w+/, id))
      expect({ ...(await asked(one)), of: `${method} ${path}` }).toEqual({ ...(await asked(other)), status: 404, of: `${method} ${path}` })
    }
    expect((await call(ann, 'GET', things.replace(/:\w+/, one))).status).toBe(200)
  }
})

test('lists and operations know nothing of hers, and she has all of it still', async () => {
  expect((await call(eve, 'GET', '/sessions')).body).toEqual({ active_sessions: 0, sessions: [] })
  expect((await call(eve, 'GET', '/v1/browser-sessions')).body).toMatchObject({ sessions: [], nextEvicted: null })
  expect((await call(eve, 'GET', '/v1/browser-recordings')).body.recordings).toEqual([])
  for (const session_id of [unknown, ...Object.values(hers)])
    expect(await call(eve, 'POST', '/get_booking_number', { session_id, container_id: 'TRHU1866154' }), session_id).toMatchObject({
      status: 400,
      body: { error: 'Missing required fields: username, password, captcha_api_key (or valid session_id)' },
    })
  const states = async () => (await call(ann, 'GET', '/v1/browser-sessions')).body.sessions.map(({ id, state }: Facts) => [id, state])
  // A busy machine's browser may be late with a sign of life, and is not responding until it gives one.
  await expect.poll(states).toEqual([
    [hers.live, 'ready'],
    [hers.asleep, 'hibernated'],
  ])
  const { body } = await call(ann, 'GET', `/v1/browser-sessions/${hers.live}/state`)
  expect(body.cookies.map(({ name }: Facts) => name)).toEqual(['harbor_session'])
})

test('a session of hers that makes room for another one is not named', async () => {
  await server.call('/control/v1/settings', { method: 'PATCH', json: { browsers: { maxSessions: 1 } } })
  const opened = { profile: 'plain', address: portal.url }
  expect(await call(eve, 'POST', '/v1/browser-sessions', opened)).toMatchObject({ status: 202, body: { isNew: true, madeRoom: [] } })
  await eventually('it sleeps', async () =>
    (await call(ann, 'GET', '/v1/browser-sessions')).body.sessions.every(({ state }: Facts) => state === 'hibernated'),
  )
})

/** The id of a job that is done. */
async function begun(key: string, path: string): Promise<string> {
  const response = await fetch(`${server.ready.control.url}/browsers${path}`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', prefer: 'respond-async' },
    body: '{}',
  })
  const { id } = (await response.json()) as Facts
  await eventually('it is done', async () => (await call(key, 'GET', `/v1/jobs/${id}`)).body.state === 'done')
  return id
}
