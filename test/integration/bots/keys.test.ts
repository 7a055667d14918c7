/** Keys for one bot: made by the control API, honoured by the bots API, gone with the bot. */
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { newDataDir, startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'

const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

async function serve(): Promise<{ server: ServerProcess; bots: string; control: string }> {
  const double = await WhatsAppDouble.start()
  endings.push(() => double.stop())
  const server = await startServer({
    dataDir: newDataDir(),
    args: ['--whatsapp-url', double.url],
    env: { API_KEY: 'the-key-that-opens-all-of-the-bots' },
  })
  endings.push(() => server.dispose())
  for (const [userId, phoneNumber] of [
    ['gate', '15550100142'],
    ['yard', '15550100143'],
  ] as const) {
    expect((await server.call(`${server.ready.apis['bots']?.url}/v1/bots`, { method: 'POST', json: { userId, phoneNumber } })).status).toBe(
      202,
    )
  }
  return { server, bots: server.ready.apis['bots']?.url ?? '', control: server.ready.control.url }
}

test('a key for one bot opens that bot, and neither another nor the list', async () => {
  const { server, bots, control } = await serve()
  const make = async (scopes: object[]) =>
    server.call(`${control}/control/v1/keys`, { method: 'POST', json: { name: `key ${Math.random()}`, scopes } })
  const made = await make([
    { room: 'bots', verb: 'read', subject: 'gate' },
    { room: 'bots', verb: 'write', subject: 'gate' },
  ])
  expect(made.status).toBe(201)
  const { secret } = (await made.json()) as { secret: string } // our own answer
  const ask = async (method: string, path: string, key = secret) =>
    (await fetch(`${bots}${path}`, { method, headers: { 'x-api-key': key } })).status
  expect(await ask('GET', '/v1/bots/gate')).toBe(200)
  expect(await ask('POST', '/api/sessions/gate/stop')).toBe(200)
  expect(await ask('GET', '/api/sessions/gate/rules')).toBe(200)
  for (const [method, path] of [
    ['GET', '/v1/bots/yard'],
    ['POST', '/api/sessions/yard/stop'],
    ['DELETE', '/api/sessions/yard'],
    ['GET', '/api/sessions/yard/pairing'],
    ['GET', '/v1/bots'],
    ['GET', '/v1/bots/%67ate%2f..%2fyard'],
    ['POST', '/v1/bots'],
    ['POST', '/api/sessions'],
    ['POST', '/v1/bot-backups'],
  ] as const) {
    expect([400, 403, 404], `${method} ${path}`).toContain(await ask(method, path))
  }
  expect(await ask('GET', '/api/sessions/yard/rules')).toBe(403)
  const hears = (userId: string) =>
    new Promise<boolean>((resolve) => {
      const socket = new WebSocket(`${bots.replace('http', 'ws')}/api/sessions/${userId}/events`, { headers: { 'x-api-key': secret } })
      socket.once('open', () => resolve(true)).once('error', () => resolve(false))
      endings.push(() => socket.terminate())
    })
  expect([await hears('gate'), await hears('yard')]).toEqual([true, false])

  const reader = (await (await make([{ room: 'bots', verb: 'read', subject: 'gate' }])).json()) as { secret: string } // the same
  expect([await ask('GET', '/v1/bots/gate', reader.secret), await ask('POST', '/v1/bots/gate/stop', reader.secret)]).toEqual([200, 403])
  expect((await make([{ room: 'relay', verb: 'read', subject: 'gate' }])).status).toBe(400)
})

test('a key for one bot goes with it; a later bot of the same id is not its own', async () => {
  const { server, bots, control } = await serve()
  const keys = async () =>
    ((await (await server.call(`${control}/control/v1/keys`)).json()) as { keys: { name: string; scopes: object[] }[] }).keys // our own answer
  const make = async (name: string, scopes: object[]) =>
    (await (await server.call(`${control}/control/v1/keys`, { method: 'POST', json: { name, scopes } })).json()) as { secret: string } // the same
  const { secret } = await make('gate only', [{ room: 'bots', verb: 'read', subject: 'gate' }])
  await make('gate and relay', [
    { room: 'bots', verb: 'read', subject: 'gate' },
    { room: 'relay', verb: 'read' },
  ])
  await server.call(`${bots}/v1/bots/gate`, { method: 'DELETE' })
  await server.call(`${bots}/v1/bots`, { method: 'POST', json: { userId: 'gate', phoneNumber: '15550100144' } })
  expect((await fetch(`${bots}/v1/bots/gate`, { headers: { 'x-api-key': secret } })).status).toBe(401)
  expect(await keys()).toMatchObject([{ name: 'gate and relay', scopes: [{ room: 'relay', verb: 'read' }] }])
})
