/**
 * A library that throws where no promise of ours hears it: the process stays, all rooms answer, and the count stands with the room it came
 * from.
 */
import { createServer, connect, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { WhatsAppDouble } from '../fakes/whatsapp/double.ts'
import { eventually } from '../fixtures/eventually.ts'
import { reservedPort } from '../fixtures/ports.ts'

const mark = 'thrown-inside-a-library'
let double: WhatsAppDouble
let redis: Server
let server: ServerProcess
let mqttPort: number
/** While true, Redis says something that its client's library fails over. */
let redisIsOdd = false
const redisClients = new Set<Socket>()

beforeAll(async () => {
  double = await WhatsAppDouble.start()
  redis = createServer((socket) => {
    redisClients.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => redisClients.delete(socket))
    socket.on('data', () => socket.write(redisIsOdd ? `+${mark}\r\n` : '-LOADING not yet\r\n'))
  })
  await new Promise<void>((resolve) => redis.listen(0, '127.0.0.1', resolve))
  const address = redis.address()
  const redisPort = typeof address === 'object' && address !== null ? address.port : expect.fail('Redis does not listen')
  mqttPort = await reservedPort()
  server = await startServer({
    args: ['--whatsapp-url', double.url],
    env: {
      SESSION_STORAGE_TYPE: 'redis',
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      NODE_OPTIONS: `--import=${new URL('../fixtures/throw-on-mark.mjs', import.meta.url).href}`,
    },
  })
  expect((await server.call('/control/v1/settings', { method: 'PATCH', json: { brokers: { mqttPort } } })).status).toBe(200)
})

afterAll(async () => {
  await server.dispose()
  for (const socket of redisClients) socket.destroy()
  redis.close()
  await double.stop()
})

const apiUrl = (name: string): string => server.ready.apis[name]?.url ?? server.ready.control.url

async function contained(room: string): Promise<number> {
  const { apis } = (await (await server.call('/control/v1/apis')).json()) as { apis: { name: string; contained: number }[] }
  return apis.find(({ name }) => name === room)?.contained ?? expect.fail(`no ${room}`)
}

async function allAnswer(): Promise<void> {
  const asked = [
    `${apiUrl('brokers')}/v1/sessions`,
    `${apiUrl('browsers')}/v1/browser-sessions`,
    `${apiUrl('bots')}/api/sessions`,
    `${apiUrl('logins')}/openapi.json`,
    `${apiUrl('relay')}/v1/relay-sessions`,
    `${server.ready.control.url}/control/v1/overview`,
  ]
  for (const url of asked) expect([url, (await server.call(url)).status]).toEqual([url, 200])
}

/** Sends the mark over a WebSocket and resolves when the server has closed it. */
function overWebSocket(url: string, protocols: string[] = []): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), protocols, { headers: { authorization: `Bearer ${server.token}` } })
    socket.on('open', () => socket.send(mark))
    socket.on('close', () => resolve())
    socket.on('error', reject)
  })
}

function overTcp(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(mark))
    socket.on('close', () => resolve())
    socket.on('error', reject)
  })
}

const boundaries: readonly { boundary: string; room: string; cross(): Promise<void> }[] = [
  { boundary: 'the WebSocket of a window', room: 'control', cross: () => overWebSocket(`${server.ready.control.url}/control/v1/events`) },
  { boundary: 'the WebSocket of a broker client', room: 'brokers', cross: () => overWebSocket(`${apiUrl('brokers')}/`) },
  { boundary: 'MQTT over WebSocket', room: 'brokers', cross: () => overWebSocket(`${apiUrl('brokers')}/mqtt`, ['mqtt']) },
  { boundary: 'MQTT over TCP', room: 'brokers', cross: () => overTcp(mqttPort) },
  { boundary: 'the WebSocket of a gateway', room: 'logins', cross: () => overWebSocket(`${apiUrl('logins')}/api/v1/sessions/revocations`) },
  {
    boundary: 'the connection to Redis',
    room: 'logins',
    cross: async () => {
      redisIsOdd = true
      await eventually('the library failed', async () => (await contained('logins')) > 1)
      redisIsOdd = false
    },
  },
  {
    boundary: 'the output of a stdio server',
    room: 'relay',
    cross: async () => {
      const added = await server.call('/control/v1/upstreams', {
        method: 'POST',
        json: {
          name: 'odd',
          transport: 'stdio',
          command: process.execPath,
          args: ['--eval', `process.stdin.on('data', () => console.log('thrown-inside-' + 'a-library'))`],
        },
      })
      expect(added.status).toBe(201)
    },
  },
  {
    boundary: 'the connection to WhatsApp',
    room: 'bots',
    cross: async () => {
      const phone = '15550100142'
      const made = await server.call(`${apiUrl('bots')}/api/sessions`, { method: 'POST', json: { userId: 'gate', phoneNumber: phone } })
      const { pairingCode } = (await made.json()) as { pairingCode: string }
      expect(await double.enterCode(phone, pairingCode)).toBe('linked')
      const connection = await eventually('the bot is connected', () => [...double.account(phone).devices.values()][0]?.connection)
      connection.sendFrame(Buffer.from(mark))
    },
  },
]

test.each(boundaries)('$boundary: ends what it came from, and nothing else', async ({ room, cross }) => {
  const before = await contained(room)
  await cross()
  await eventually(`counted with ${room}`, async () => (await contained(room)) > before)
  await allAnswer()
  expect(server.child.exitCode).toBeNull()
})

test('each is in the audit trail once, with what it came from', async () => {
  const { events } = (await (await server.call('/control/v1/audit?limit=500')).json()) as {
    events: { type: string; room: string; data: { kind?: string; count?: number } }[]
  }
  const kinds = events.filter(({ type }) => type === 'error-contained').map(({ room, data: { kind } }) => `${room} ${kind}`)
  expect(new Set(kinds)).toEqual(
    new Set(['control client', 'brokers client', 'logins client', 'logins store', 'relay upstream', 'bots bot']),
  )
})
