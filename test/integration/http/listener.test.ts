import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Listener } from '../../../server/http/listener.ts'
import { reservedPort } from '../../fixtures/ports.ts'

const handlers = {
  request: (_: unknown, response: { end(text: string): void }) => response.end('hello'),
  upgrade: (_: unknown, socket: { destroy(): void }) => socket.destroy(),
}
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

function listener(onChange?: () => void): Listener {
  const made = new Listener(handlers, onChange)
  cleanups.push(() => made.stop(0))
  return made
}

async function takenPort(): Promise<number> {
  const other = createServer()
  cleanups.push(() => new Promise((resolve) => other.close(resolve)))
  return new Promise((resolve) => other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)))
}

test('a listener answers on the port it reports', async () => {
  const status = await listener().start('127.0.0.1', 0)
  expect(status).toMatchObject({ state: 'listening' })
  const port = status.state === 'listening' ? status.port : 0
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('hello')
})

test('a taken port is a state that names the port', async () => {
  const port = await takenPort()
  expect(await listener().start('127.0.0.1', port)).toEqual({
    state: 'port-in-use',
    host: '127.0.0.1',
    port,
    error: `Port ${port} is used by another program`,
  })
})

test('moving to a taken port is refused and the old one keeps answering', async () => {
  const moving = listener()
  const first = await moving.start('127.0.0.1', 0)
  const taken = await takenPort()
  await expect(moving.move('127.0.0.1', taken)).rejects.toMatchObject({ code: 'port-in-use' })
  expect(moving.status).toEqual(first)
  const port = first.state === 'listening' ? first.port : 0
  expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(200)
})

test('a moved listener gives its old port back', async () => {
  const moving = listener()
  const [old, free] = [await reservedPort(), await reservedPort()]
  await moving.start('127.0.0.1', old)
  const second = await moving.move('127.0.0.1', free)
  expect(second).toMatchObject({ state: 'listening', port: free })
  await expect(fetch(`http://127.0.0.1:${old}`)).rejects.toThrow()
})

test('the same port opens to another address and comes back when that fails', async () => {
  const moving = listener()
  // Between the two addresses nobody has it for a moment.
  const port = await reservedPort()
  await moving.start('127.0.0.1', port)
  expect(await moving.move('0.0.0.0', port)).toMatchObject({ state: 'listening', host: '0.0.0.0', port })
  await expect(moving.move('203.0.113.1', port)).rejects.toMatchObject({ code: 'port-in-use' })
  expect(moving.status).toMatchObject({ state: 'listening', host: '0.0.0.0', port })
})

test.each([
  ['the same port to another address', (moving: Listener, port: number) => moving.move('0.0.0.0', port)],
  ['another port', (moving: Listener) => moving.move('127.0.0.1', 0)],
  ['a new start', (moving: Listener, port: number) => moving.start('127.0.0.1', port)],
])('what was asked before a move is answered after it, and then its connection ends: %s', async (_, move) => {
  const asked = Promise.withResolvers<ServerResponse>()
  const { moving, port } = await movable((_request, response) => asked.resolve(response))
  const answer = fetch(`http://127.0.0.1:${port}`)
  const response = await asked.promise
  const { socket } = response
  const cut = otherSocket(port)
  await once(cut, 'connect')
  expect(await move(moving, port)).toMatchObject({ state: 'listening' })
  // What is not owed an answer is cut.
  await once(cut, 'close')
  response.end('moved')
  const { status, headers } = await answer
  expect([status, headers.get('connection')]).toEqual([200, 'close'])
  expect(await (await answer).text()).toBe('moved')
  if (socket?.closed === false) await once(socket, 'close')
})

test('a move cuts what has begun to stream, which comes again at the new address', async () => {
  const { moving, port } = await movable((_request, response) => void response.writeHead(200).write('first of many'))
  const stream = await fetch(`http://127.0.0.1:${port}`)
  await moving.move('0.0.0.0', port)
  await expect(stream.text()).rejects.toThrow()
})

test('stopping does not wait for what a move has left behind', async () => {
  const asked = Promise.withResolvers<unknown>()
  const { moving, port } = await movable(asked.resolve)
  const answer = fetch(`http://127.0.0.1:${port}`)
  await asked.promise
  await moving.move('0.0.0.0', port)
  await Promise.all([expect(answer).rejects.toThrow(), moving.stop()])
})

test('stopping does not wait for idle keep-alive connections', async () => {
  const stopping = listener()
  const { server, status } = await startSeen(stopping)
  // Node keeps such a connection for five seconds; this one would be kept for ever.
  server.keepAliveTimeout = 0
  await (await fetch(`http://127.0.0.1:${status.state === 'listening' ? status.port : 0}`)).text()
  await stopping.stop()
  expect(stopping.status).toEqual({ state: 'off' })
})

test('a connection that cannot be taken ends neither the listener nor the process', async () => {
  const made = listener()
  const { server, status } = await startSeen(made)
  // What Node does for each connection that it cannot accept.
  for (let time = 0; time < 2; time += 1) server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  expect(made.status).toEqual(status)
  const port = status.state === 'listening' ? status.port : 0
  expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(200)
})

/** Starts it on a free port, and gives Node's own server within it too. */
async function startSeen(made: ReturnType<typeof listener>): Promise<{ server: Server; status: Awaited<ReturnType<typeof made.start>> }> {
  const listening: Server[] = []
  const note = (message: unknown): void => void listening.push((message as { server: Server }).server) // as Node documents the channel
  subscribe('tracing:net.server.listen:asyncStart', note)
  const status = await made.start('127.0.0.1', 0)
  unsubscribe('tracing:net.server.listen:asyncStart', note)
  const [server] = listening
  if (server === undefined || listening.length !== 1) throw new Error(`${listening.length} servers listen`)
  return { server, status }
}

/** One that listens on a port of its own and leaves its requests to the test. */
async function movable(request: (request: IncomingMessage, response: ServerResponse) => void): Promise<{ moving: Listener; port: number }> {
  const moving = new Listener({ ...handlers, request })
  cleanups.push(() => moving.stop(0))
  // Between two addresses nobody has it for a moment.
  const port = await reservedPort()
  expect(await moving.start('127.0.0.1', port)).toMatchObject({ state: 'listening', port })
  return { moving, port }
}

function otherSocket(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  cleanups.push(async () => socket.destroy())
  return socket.on('error', () => undefined).resume()
}
