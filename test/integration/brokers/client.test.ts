import { execFile } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { BrokerClient, generateKey, type BrokerClientOptions, type BrokerMessage } from '../../../client/brokers/src/index.ts'
import { engineOf } from '../../fakes/broker-engine.ts'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { temporaryFolder, testClock, until } from '../../fakes/kernel.ts'

const root = join(import.meta.dirname, '..', '..', '..')

function clientOf(
  house: BrokerHouse,
  session: { sessionName: string; password: string },
  options: Partial<BrokerClientOptions> = {},
): BrokerClient {
  const client = new BrokerClient({
    url: house.url.replace('http', 'ws'),
    sessionName: session.sessionName,
    password: session.password,
    ...options,
  })
  onTestFinished(() => client.close())
  return client
}

describe('the client library', () => {
  it.each([1, 2] as const)('carries texts that the server cannot read, in envelope version %i', async (envelope) => {
    const house = await openBrokers()
    const session = await house.createSession()
    const key = generateKey()
    const [reader, writer] = [clientOf(house, session, { key, userId: 'r' }), clientOf(house, session, { key, envelope })]
    await Promise.all([reader.connect(), writer.connect()])
    const eavesdropper = await FrameClient.join(house.url, session)
    await eavesdropper.subscribe('#')
    const got: BrokerMessage[] = []
    await reader.subscribe('orders/+', (message) => void got.push(message))
    expect(await writer.publish('orders/1', 'grüße')).toMatchObject({ deliveredTo: 2 })
    await until('it came', () => got.length === 1)
    expect(got[0]).toMatchObject({ topic: 'orders/1', text: 'grüße', retry: 0 })
    expect(JSON.stringify(await eavesdropper.next('message'))).not.toContain('grüße')
  })

  it('acknowledges when its handler is done: what failed comes again, what was handled does not', async () => {
    const clock = testClock()
    const house = await openBrokers({ clock })
    const session = await house.createSession({ retryInterval: 40 })
    const [reader, writer] = [clientOf(house, session), clientOf(house, session)]
    await Promise.all([reader.connect(), writer.connect()])
    const retries: number[] = []
    reader.on('error', () => undefined)
    await reader.subscribe('t', ({ retry }) => {
      retries.push(retry)
      if (retries.length < 3) throw new Error('not yet')
    })
    await writer.publish('t', 'x')
    for (const tries of [1, 2]) {
      await until('it was tried', () => retries.length === tries)
      clock.advance(40)
      engineOf(house.room).runDue()
    }
    await until('nothing waits', () => countsIn(house)?.queued === 0)
    clock.advance(40)
    engineOf(house.room).runDue()
    await writer.publish('t', 'y')
    await until('nothing waits', () => countsIn(house)?.queued === 0)
    expect(retries).toEqual([0, 1, 2, 0])
  })

  it('comes back by itself: subscribes again, sends what waited, and loses and repeats nothing', async () => {
    const dataDir = temporaryFolder()
    let house = await openBrokers({ dataDir })
    const session = await house.createSession()
    let port = house.port
    const open = (): WebSocket => new WebSocket(`ws://127.0.0.1:${port}`)
    // However long the server is away, its time is not over.
    const sends = { retryInterval: 200, maxRetries: 1_000_000 }
    const [reader, writer] = [clientOf(house, session, { userId: 'r', open }), clientOf(house, session, { open, ...sends })]
    await Promise.all([reader.connect(), writer.connect()])
    const got: string[] = []
    await reader.subscribe('t', ({ text }) => void got.push(text))
    await writer.publish('t', '1')
    await until('the first came', () => got.length === 1)
    await house.stop()
    await until('it noticed', () => writer.state !== 'online')
    const waiting = [writer.publish('t', '2'), writer.publish('t', '3')]
    await until('both wait', () => writer.waiting === 2)
    house = await openBrokers({ dataDir })
    port = house.port
    await Promise.all(waiting)
    await until('all came', () => got.length === 3)
    expect(got).toEqual(['1', '2', '3'])
  })

  it('sends nothing again on a connection that is still being made', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const sockets: Socket[] = []
    const silent = createServer((socket) => void sockets.push(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const address = silent.address()
    const url = `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    const client = new BrokerClient({ url, sessionName: 's', password: 'p', retryInterval: 200 })
    const settled = Promise.allSettled([client.connect(), client.publish('t', 'x')])
    await until('it waits', () => client.state === 'connecting' && client.waiting === 1)
    vi.advanceTimersByTime(1_000)
    expect([client.state, client.waiting]).toEqual(['connecting', 1])
    await client.close()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('says why it is refused, and does not try again', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = clientOf(house, { ...session, password: 'wrong' })
    await expect(client.connect()).rejects.toThrow('Invalid password')
    expect(client.state).toBe('closed')
    await expect(clientOf(house, session, { key: 'bad' }).connect()).rejects.toMatchObject({ code: 'bad-key' })
  })

  it('waits out a suspension', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = clientOf(house, session)
    await client.connect()
    await house.call('/api/suspendSession', { ...session, suspend: true })
    await until('it is offline', () => client.state !== 'online')
    await house.call('/api/suspendSession', { ...session, suspend: false })
    await until('it is back', () => client.state === 'online')
    await client.publish('t', 'x')
  })

  it('gives up a connection that is silent, though nobody closed it, and misses nothing', async () => {
    const heartbeat = 20_000
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const house = await openBrokers()
    // The server has not heard of the end of the first line: it tries again on one of the two.
    const session = await house.createSession({ retryInterval: 200 })
    const line = await silenceableLine(house.port)
    let pongs = 0
    const open = (): WebSocket => {
      const socket = new WebSocket(`ws://127.0.0.1:${line.port}`)
      socket.addEventListener('message', ({ data }) => (pongs += data === '{"type":"pong"}' ? 1 : 0))
      return socket
    }
    const reader = clientOf(house, session, { open, userId: 'r', heartbeat })
    await reader.connect()
    const got: string[] = []
    await reader.subscribe('t', ({ text }) => void got.push(text))
    line.silence()
    const writer = clientOf(house, session)
    await writer.connect()
    await writer.publish('t', 'while it was dead')
    // It has heard something, it asks, it has no answer.
    for (let beats = 0; beats < 3; beats += 1) vi.advanceTimersByTime(heartbeat)
    expect(reader.state).toBe('offline')
    await until('it is back on a line that works, and has the message', () => got.length === 1)
    expect(line.count()).toBe(2)
    // A quiet line that answers stays.
    for (let answers = 1; answers <= 3; answers += 1) {
      for (let beats = 0; beats < 2; beats += 1) vi.advanceTimersByTime(heartbeat)
      await until('it is answered', () => pongs === answers)
    }
    expect([line.count(), reader.state]).toEqual([2, 'online'])
  })

  it('keeps a message for later subscribers and takes it away, with a key too', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = clientOf(house, session, { key: generateKey() })
    await client.connect()
    await client.publish('lamp', 'on', { retain: true })
    const reader = await FrameClient.join(house.url, session)
    await reader.subscribe('lamp')
    expect(await reader.next('message')).toMatchObject({ retained: true })
    await client.clearRetained('lamp')
    expect((await house.call(`/v1/sessions/${session.sessionName}`)).body['topics']).toMatchObject([{ topic: 'lamp', retained: false }])
  })
})

/** A way to the server that can go dead as a cable does: what was open stays open and carries nothing; what is opened later works. */
async function silenceableLine(port: number): Promise<{ port: number; silence(): void; count(): number }> {
  const pairs: { near: Socket; far: Socket }[] = []
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) socket.on('error', () => undefined)
    pairs.push({ near, far })
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const { near, far } of pairs) {
      near.destroy()
      far.destroy()
    }
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    silence() {
      for (const { near, far } of pairs) {
        near.unpipe(far)
        far.unpipe(near)
        near.resume()
        far.resume()
      }
    },
    count: () => pairs.length,
  }
}

describe('generate-key', () => {
  it.each([['server/cli.ts', 'generate-key'], ['utils/generate_key.js']])(
    '%s prints 32 bytes in Base64 and nothing else',
    async (file, ...args) => {
      const { stdout } = await promisify(execFile)(process.execPath, [join(root, file), ...args])
      expect(stdout).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
    },
  )
})
