/** A room restarted in place goes on with what it had, and the others never notice. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'

let server: ServerProcess
beforeAll(async () => {
  server = await startServer({ env: { SESSION_STORAGE_TYPE: 'database' }, args: ['--whatsapp-url', 'ws://127.0.0.1:9'] })
})
afterAll(() => server.dispose())

const url = (room: string, path: string): string => `${server.ready.apis[room]?.url ?? ''}${path}`
const restart = async (room: string): Promise<number> => (await server.call(`/control/v1/rooms/${room}/restart`, { method: 'POST' })).status

test('logins: a token made before is good afterwards, and new ones are made', async () => {
  const make = async (): Promise<string> =>
    (
      (await (
        await server.call(url('logins', '/api/v1/sessions'), {
          method: 'POST',
          json: { user_id: 'user-1', username: 'john_doe', role_name: 'admin', permissions: [] },
        })
      ).json()) as { token: string }
    ).token
  const isGood = async (token: string): Promise<unknown> =>
    (
      (await (await server.call(url('logins', '/api/v1/sessions/validate'), { method: 'POST', json: { token } })).json()) as {
        is_valid: boolean
      }
    ).is_valid
  const token = await make()
  expect(await restart('logins')).toBe(204)
  expect(await isGood(token)).toBe(true)
  expect(await isGood(await make())).toBe(true)
})

test('brokers: what waits is delivered afterwards, and clients are let in again', async () => {
  const made = await server.call(url('brokers', '/api/createSession'), {
    method: 'POST',
    json: { sessionName: 'tenant', password: 'harbor-demo' },
  })
  expect(made.status).toBe(200)
  const frames = async (): Promise<number> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url('brokers', '/').replace('http', 'ws'))
      socket.on('error', reject)
      socket.on('open', () => {
        socket.close()
        resolve(socket.readyState)
      })
    })
  await frames()
  expect(await restart('brokers')).toBe(204)
  await frames()
  expect((await server.call(url('brokers', '/v1/sessions'))).status).toBe(200)
  const { sessions } = (await (await server.call(url('brokers', '/v1/sessions'))).json()) as { sessions: { name: string }[] }
  expect(sessions.map(({ name }) => name)).toEqual(['tenant'])
  expect(
    (await server.call(url('brokers', '/api/createSession'), { method: 'POST', json: { sessionName: 'another', password: 'harbor-demo' } }))
      .status,
  ).toBe(200)
})

test.each([
  ['browsers', '/v1/browser-sessions'],
  ['bots', '/api/sessions'],
  ['relay', '/v1/relay-sessions'],
])('%s: answer as before, as often as they are restarted', async (room, path) => {
  for (let time = 0; time < 2; time += 1) {
    expect(await restart(room)).toBe(204)
    expect((await server.call(url(room, path))).status).toBe(200)
  }
})

test('relay: pages of an origin that a session is opened to pass in the whole house, before a restart and after it', async () => {
  const origin = 'https://studio.example.test'
  const account = { id: 'ann', primaryEmail: 'ann@example.test' }
  expect((await server.call('/control/v1/users', { method: 'POST', json: account })).status).toBe(201)
  const made = await server.call(url('relay', '/v1/relay-sessions'), {
    method: 'POST',
    json: { accountId: 'ann', policy: { origins: [origin] } },
  })
  expect(made.status).toBe(201)
  const { sessionUrl } = (await made.json()) as { sessionUrl: string }
  const asked = async (from: string): Promise<number> =>
    (
      await fetch(sessionUrl, {
        method: 'OPTIONS',
        headers: { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      })
    ).status
  for (const _ of ['before', 'after']) {
    expect(await asked(origin)).toBe(204)
    expect(await asked('https://evil.example.test')).toBe(403)
    expect(await restart('relay')).toBe(204)
  }
})

test('the server still ends as promised', async () => {
  expect(await server.end()).toBe(0)
  expect(server.stderr()).not.toContain('could not be stopped')
})
