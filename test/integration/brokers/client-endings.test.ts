/** How the client library comes through what goes wrong around it: endings, refusals, servers that say nothing. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, WebSocketServer, type WebSocket as ServerSocket } from 'ws'
import { BrokerClient, BrokerError, LoginError, type BrokerClientOptions } from '../../../client/brokers/src/index.ts'
import { countsIn, FrameClient, openBrokers, type BrokerHouse, type Json } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'
import { startTlsProxy } from '../../fixtures/tls-proxy.ts'

function clientOf(url: string, options: Partial<BrokerClientOptions> = {}): BrokerClient {
  const client = new BrokerClient({ url: url.replace('http', 'ws'), sessionName: 's', password: 'p', ...options })
  onTestFinished(() => client.close())
  return client
}
const inHouse = (house: BrokerHouse, session: { sessionName: string; password: string }, options: Partial<BrokerClientOptions> = {}) =>
  clientOf(house.url, { sessionName: session.sessionName, password: session.password, ...options })

/** A server of which a test says what it answers to each frame. */
async function scriptedServer(
  answer: (frame: Json, socket: ServerSocket, connection: number) => void,
): Promise<{ url: string; count(): number }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  let connections = 0
  server.on('connection', (socket) => {
    const connection = (connections += 1)
    socket.on('message', (data: Buffer) => answer(JSON.parse(data.toString('utf8')) as Json, socket, connection))
  })
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  const address = server.address()
  return { url: `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, count: () => connections }
}
const say = (socket: ServerSocket, frame: object): void => socket.send(JSON.stringify(frame))
const letIn = { type: 'init_response', success: true }

it('stays closed though the login was on its way when it was closed', async () => {
  const server = await scriptedServer((frame, socket) => {
    if (frame['type'] !== 'init') return
    say(socket, letIn)
    void client.close()
  })
  const states: string[] = []
  const client = clientOf(server.url, { open: (url) => new WebSocket(url) })
  client.on('state', (state) => states.push(state))
  await expect(client.connect()).rejects.toThrow('closed')
  await client.close()
  expect([client.state, states]).toEqual(['closed', ['connecting', 'closed']])
})

it('handles a message once whose acknowledgement was lost with its server, and acknowledges it again', async () => {
  const acknowledged: number[] = []
  const server = await scriptedServer((frame, socket, connection) => {
    if (frame['type'] === 'init') return say(socket, letIn)
    if (frame['type'] === 'subscribe') {
      say(socket, { type: 'subscribe_response', success: true, topic: 't' })
      return say(socket, { type: 'message', topic: 't', data: 'x', messageId: 'm1', ...(connection > 1 ? { retry: 1 } : {}) })
    }
    if (frame['type'] !== 'ack') return
    acknowledged.push(connection)
    if (connection === 1) socket.terminate()
  })
  const got: string[] = []
  await clientOf(server.url, { userId: 'r' }).connect({ handlers: { t: ({ text }) => void got.push(text) } })
  await until('it is acknowledged twice', () => acknowledged.length === 2)
  expect([got, acknowledged]).toEqual([['x'], [1, 2]])
})

it('waits for its server however long that is away: what was not sent is not given up', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const house = await openBrokers()
  const session = await house.createSession()
  let isAway = true
  const open = (url: string): WebSocket => new WebSocket(isAway ? 'ws://127.0.0.1:1' : url)
  const client = inHouse(house, session, { open, retryInterval: 100, maxRetries: 3 })
  const published = client.publish('t', 'x')
  const connected = client.connect()
  await until('it has tried in vain', () => client.state === 'offline' && client.waiting === 1)
  vi.advanceTimersByTime(100 * 50)
  expect(client.waiting).toBe(1)
  isAway = false
  await connected
  expect(await published).toMatchObject({ deliveredTo: 0 })
})

describe('tells what stands between it and the server', () => {
  it('where nobody is, as often as it tries, and to who does not want to wait any longer', async () => {
    const client = clientOf('ws://127.0.0.1:1', { open: (url) => new WebSocket(url) })
    const lost: BrokerError[] = []
    client.on('lost', (error) => lost.push(error))
    await expect(client.connect({ timeout: 2_000 })).rejects.toThrow(/^The server could not be reached in time: .*ECONNREFUSED/)
    expect(lost.length).toBeGreaterThan(1)
    expect(lost[0]).toBeInstanceOf(BrokerError)
    expect(lost[0]?.message).toContain('ECONNREFUSED')
  })

  it('where its certificate is not trusted', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const proxy = await startTlsProxy(house.url)
    onTestFinished(() => proxy.stop())
    const client = clientOf(proxy.url, { sessionName: session.sessionName, password: session.password, open: (url) => new WebSocket(url) })
    const lost = new Promise<BrokerError>((resolve) => client.on('lost', resolve))
    void client.connect().catch(() => undefined)
    expect((await lost).message).toContain('certificate')
    expect(client.state).toBe('offline')
    await client.close()
  })

  it('where a session is suspended', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = inHouse(house, session)
    await client.connect()
    const lost = new Promise<BrokerError>((resolve) => client.on('lost', resolve))
    await house.call('/api/suspendSession', { ...session, suspend: true })
    expect(await lost).toMatchObject({ code: 4403 })
  })
})

it.each([
  ['Invalid password', { password: 'wrong' }],
  ['Session not found', { sessionName: 'nobody' }],
])('ends with a login error that says %j', async (message, wrong) => {
  const house = await openBrokers()
  const session = await house.createSession()
  const client = inHouse(house, { ...session, ...wrong })
  const told: Error[] = []
  client.on('error', (error) => told.push(error))
  const error: unknown = await client.connect().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(LoginError)
  expect(error).toBeInstanceOf(BrokerError)
  expect(error).toMatchObject({ name: 'LoginError', message })
  expect([told, client.state]).toEqual([[error], 'closed'])
})

it('gives up a line on which no WebSocket comes about, and finds the server on the next', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const sockets: Socket[] = []
  const silent = createServer((socket) => void sockets.push(socket))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const address = silent.address()
  const house = await openBrokers()
  const session = await house.createSession()
  const open = (url: string): WebSocket =>
    new WebSocket(sockets.length > 0 ? url : `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
  const client = inHouse(house, session, { open, heartbeat: 1_000 })
  const connected = client.connect()
  await until('the line is open', () => sockets.length === 1)
  vi.advanceTimersByTime(3_000)
  await connected
  expect(client.state).toBe('online')
})

it('says no to all that waits when the session is dropped', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const client = inHouse(house, session)
  await client.connect({ handlers: { t: () => undefined } })
  await house.call('/api/suspendSession', { ...session, suspend: true })
  await until('it is offline', () => client.state !== 'online')
  const waiting = Promise.allSettled([client.publish('t', 'x'), client.subscribe('u', () => undefined), client.unsubscribe('t')])
  await house.call('/api/dropSession', session)
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect([client.state, client.waiting]).toEqual(['closed', 0])
})

it('subscribes when it is back what was subscribed while it was away', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const client = inHouse(house, session)
  await client.connect()
  await house.call('/api/suspendSession', { ...session, suspend: true })
  await until('it is offline', () => client.state !== 'online')
  const got: string[] = []
  const subscribed = client.subscribe('t', ({ text }) => void got.push(text))
  await house.call('/api/suspendSession', { ...session, suspend: false })
  await subscribed
  const writer = await FrameClient.join(house.url, session)
  writer.publish('t', 'm1', 'x')
  await until('it came', () => got.length === 1)
})

it('closes though a handler never ends, which holds up its own topic alone', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const [client, writer] = [inHouse(house, session, { userId: 'r' }), inHouse(house, session)]
  const got: string[] = []
  const stuck = ({ text }: { text: string }): Promise<void> => {
    got.push(text)
    return new Promise(() => undefined)
  }
  await Promise.all([client.connect({ handlers: { stuck, free: ({ text }) => void got.push(text) } }), writer.connect()])
  for (const [topic, text] of [
    ['stuck', '1'],
    ['stuck', '2'],
    ['free', '3'],
  ] as const)
    await writer.publish(topic, text)
  await until('the other topic is handled', () => got.includes('3'))
  expect(got).toEqual(['1', '3'])
  await client.close()
  await until('it has gone, and both wait for it', () => countsIn(house)?.clients === 1 && countsIn(house)?.queued === 2)
})
