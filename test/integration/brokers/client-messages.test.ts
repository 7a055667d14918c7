/** What the client library does with messages: none is acknowledged that nobody saw, and each finds the handler it is for. */
import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import {
  BrokerClient,
  generateKey,
  type BrokerClientOptions,
  type BrokerMessage,
  type ClientState,
} from '../../../client/brokers/src/index.ts'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'
import { until } from '../../fakes/kernel.ts'
import { uncaughtErrors } from '../../fixtures/uncaught-errors.ts'

interface Session {
  sessionName: string
  password: string
}

function clientOf(house: BrokerHouse, { sessionName, password }: Session, options: Partial<BrokerClientOptions> = {}): BrokerClient {
  const client = new BrokerClient({ url: house.url.replace('http', 'ws'), sessionName, password, ...options })
  onTestFinished(() => client.close())
  return client
}

const queued = async (house: BrokerHouse, { sessionName }: Session): Promise<unknown> =>
  ((await house.call(`/v1/sessions/${sessionName}`)).body['session'] as { queued: unknown }).queued
const numbers = Array.from({ length: 20 }, (_, index) => String(index + 1))

/** A named client `r` that was there once and has missed twenty messages on `t`. */
async function withQueue(
  key?: string,
): Promise<{ house: BrokerHouse; session: Session; reader: () => BrokerClient; writer: BrokerClient }> {
  const house = await openBrokers()
  const session = await house.createSession()
  const reader = (): BrokerClient => clientOf(house, session, { userId: 'r', ...(key === undefined ? {} : { key }) })
  const before = reader()
  await before.connect({ handlers: { t: () => undefined } })
  await before.close()
  await until('it is away', () => countsIn(house)?.clients === 0)
  const writer = clientOf(house, session, key === undefined ? {} : { key })
  await writer.connect()
  for (const number of numbers) expect(await writer.publish('t', number)).toMatchObject({ queuedFor: 1 })
  return { house, session, reader, writer }
}

describe('a named client that comes back', () => {
  it('handles all that waited, though its handler is registered after the login', async () => {
    const { house, session, reader } = await withQueue()
    const back = reader()
    const unhandled: string[] = []
    back.on('unhandled', (topic) => unhandled.push(topic))
    await back.connect()
    await until('all have come', () => unhandled.length === 20)
    expect([unhandled, await queued(house, session)]).toEqual([numbers.map(() => 't'), 20])
    const got: string[] = []
    await back.subscribe('t', ({ text }) => void got.push(text))
    await until('nothing waits', async () => (await queued(house, session)) === 0)
    expect(got).toEqual(numbers)
  })

  it('handles all that waited in order where the handlers come with the login, with a key too', async () => {
    const { house, session, reader } = await withQueue(generateKey())
    const back = reader()
    const unhandled: string[] = []
    const got: string[] = []
    back.on('unhandled', (topic) => unhandled.push(topic))
    await back.connect({ handlers: { t: ({ text }) => void got.push(text) } })
    await until('nothing waits', async () => (await queued(house, session)) === 0)
    expect([got, unhandled]).toEqual([numbers, []])
  })

  it('ends a subscription that an earlier program left', async () => {
    const { reader, writer } = await withQueue()
    const back = reader()
    await back.connect()
    await back.unsubscribe('t')
    expect(await writer.publish('t', 'nobody listens')).toMatchObject({ deliveredTo: 0, queuedFor: 0 })
  })
})

it('handles the messages of a topic one after another, and those of another topic meanwhile', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const key = generateKey()
  const [reader, writer] = [clientOf(house, session, { key }), clientOf(house, session, { key })]
  const began: string[] = []
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const handler = async ({ topic, text }: BrokerMessage): Promise<void> => {
    began.push(`${topic}${text}`)
    const gate = Promise.withResolvers<void>()
    gates.set(`${topic}${text}`, gate)
    await gate.promise
  }
  await Promise.all([reader.connect({ handlers: { a: handler, b: handler } }), writer.connect()])
  for (const text of ['1', '2', '3']) {
    await writer.publish('a', text)
    await writer.publish('b', text)
  }
  await until('one of each has begun', () => began.length === 2)
  expect(began.toSorted()).toEqual(['a1', 'b1'])
  gates.get('b1')?.resolve()
  await until('b goes on', () => began.length === 3)
  gates.get('b2')?.resolve()
  await until('b goes on', () => began.length === 4)
  expect(began.slice(2)).toEqual(['b2', 'b3'])
  gates.get('a1')?.resolve()
  await until('a goes on', () => began.length === 5)
  expect(began.at(-1)).toBe('a2')
})

it('says that bytes of an MQTT client are Base64, and hands them to who takes the topic plain beside its key', async () => {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession()
  const key = generateKey()
  const [reader, writer] = [clientOf(house, session, { key }), clientOf(house, session, { key })]
  const got: Pick<BrokerMessage, 'topic' | 'text' | 'encoding'>[] = []
  const handler = ({ topic, text, encoding }: BrokerMessage): void =>
    void got.push({ topic, text, ...(encoding === undefined ? {} : { encoding }) })
  await Promise.all([reader.connect({ handlers: { 'raw/+': { handler, plain: true }, sealed: handler } }), writer.connect()])
  const { client: device } = await PacketClient.join(house.room.mqttPort() ?? 0, session)
  device.send({ cmd: 'publish', topic: 'raw/bytes', payload: Buffer.from([0xff, 0x00]), qos: 1, dup: false, retain: false, messageId: 1 })
  await device.next('puback')
  device.publish('raw/text', 'hello', { qos: 1, messageId: 2 })
  await device.next('puback')
  await device.subscribe('raw/+', 0)
  await writer.publish('raw/own', 'from us', { plain: true })
  await writer.publish('sealed', 'secret')
  await until('all came', () => got.length === 4)
  expect(got.toSorted((a, b) => (a.topic < b.topic ? -1 : 1))).toEqual([
    { topic: 'raw/bytes', text: '/wA=', encoding: 'base64' },
    { topic: 'raw/own', text: 'from us' },
    { topic: 'raw/text', text: 'hello' },
    { topic: 'sealed', text: 'secret' },
  ])
  expect((await device.message()).payload.toString()).toBe('from us')
})

it('tells a shared subscription from one of its own: a logger beside a group hears all, the group takes each once', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const [both, member, writer] = [clientOf(house, session, { userId: 'both' }), clientOf(house, session), clientOf(house, session)]
  const [logged, taken, other]: [string[], string[], string[]] = [[], [], []]
  await both.connect({
    handlers: {
      t: ({ text }) => void logged.push(text),
      '$share/g/t': ({ text }) => void taken.push(text),
      '$share/h/#': ({ text }) => void other.push(text),
    },
  })
  await member.connect({ handlers: { '$share/g/t': ({ text }) => void taken.push(text) } })
  await writer.connect()
  for (const number of numbers) await writer.publish('t', number)
  await until('nothing waits', async () => (await queued(house, session)) === 0)
  const sorted = (texts: string[]): string[] => texts.toSorted((a, b) => Number(a) - Number(b))
  expect([sorted(logged), sorted(taken), sorted(other)]).toEqual([numbers, numbers, numbers])
})

it('hands on the part of a group when its member goes, and keeps the part of its own', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const [leaver, member] = [await FrameClient.join(house.url, session, 'leaver'), await FrameClient.join(house.url, session, 'member')]
  for (const topic of ['t', '$share/g/t']) await leaver.subscribe(topic)
  const writer = await FrameClient.join(house.url, session)
  writer.publish('t', 'm1')
  expect(await leaver.next('message')).toMatchObject({ messageId: 'm1', shared: ['$share/g/t'], own: true })
  await member.subscribe('$share/g/t')
  leaver.socket.terminate()
  const passed = await member.next('message')
  expect([passed['messageId'], passed['shared'], passed['own']]).toEqual(['m1', ['$share/g/t'], undefined])
  const back = await FrameClient.join(house.url, session, 'leaver')
  const again = await back.next('message')
  expect([again['messageId'], again['shared']]).toEqual(['m1', undefined])
})

describe('a publish that is too large', () => {
  it('is refused before it is sent', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = clientOf(house, session)
    const states: ClientState[] = []
    await client.connect()
    client.on('state', (state) => states.push(state))
    await expect(client.publish('t', 'x'.repeat(10_485_761))).rejects.toMatchObject({ message: 'Message is too large', code: 1009 })
    await client.publish('t', 'small')
    expect([states, client.waiting]).toEqual([[], 0])
  })

  it('is given up alone where the server closes over it', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = clientOf(house, session, { maxFrameBytes: 99_000_000 })
    await client.connect()
    const outcomes = await Promise.allSettled([
      client.publish('t', 'before'),
      client.publish('t', 'x'.repeat(10_485_761)),
      client.publish('t', 'after'),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(client.state).toBe('online')
  })
})

describe('connect and close', () => {
  it('settle whatever happens: closed while it connects, asked again afterwards, closed twice', async () => {
    const house = await openBrokers()
    const session = await house.createSession({})
    await house.call('/api/suspendSession', { ...session, suspend: true })
    const client = clientOf(house, session)
    const connecting = client.connect()
    const subscribing = client.subscribe('t', () => undefined)
    const outcomes = Promise.allSettled([connecting, subscribing])
    await client.close()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await client.close()
    await expect(client.connect()).rejects.toThrow('closed')
    await expect(client.subscribe('t', () => undefined)).rejects.toThrow('closed')
    await expect(client.publish('t', 'x')).rejects.toThrow('closed')
    expect(client.state).toBe('closed')
  })

  it('is done when the connection is: the name is free then', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = clientOf(house, session, { userId: 'r' })
    await client.connect()
    await client.close()
    await until('the server knows', () => countsIn(house)?.clients === 0)
  })

  it.each(['no address', 'ftp://127.0.0.1:1', 'http://'])('says at once that %j is no address, and ends', async (url) => {
    const client = new BrokerClient({ url, sessionName: 's', password: 'p' })
    const outcome = await client.connect().then(
      () => null,
      (error: unknown) => error,
    )
    expect([outcome instanceof Error, client.state]).toEqual([true, 'closed'])
    await client.close()
    await expect(client.connect()).rejects.toThrow('closed')
  })

  it('gives up waiting for a server that is not there, and goes on trying', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    await house.stop()
    const client = clientOf(house, session)
    await expect(client.connect({ timeout: 50 })).rejects.toThrow('in time')
    expect(['connecting', 'offline']).toContain(client.state)
  })
})

it('lets a subscription be tried again that was refused, and stands words that are no frames', async () => {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  let refusals = 1
  server.on('connection', (socket) => {
    socket.send('not JSON')
    socket.send('null')
    socket.on('message', (bytes: Buffer) => {
      const { type, topic } = JSON.parse(bytes.toString('utf8')) as { type: string; topic?: string }
      if (type === 'init') socket.send('{"type":"init_response","success":true}')
      if (type === 'subscribe')
        socket.send(
          JSON.stringify({
            type: 'subscribe_response',
            topic,
            ...(refusals-- > 0 ? { success: false, error: 'Subscription could not be stored' } : { success: true }),
          }),
        )
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    http.close()
  })
  const address = http.address()
  const client = new BrokerClient({
    url: `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    sessionName: 's',
    password: 'p',
  })
  onTestFinished(() => client.close())
  await client.connect()
  await expect(client.subscribe('t', () => undefined)).rejects.toThrow('could not be stored')
  await client.subscribe('t', () => undefined)
})

it('keeps its state when a listener of the program throws', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const client = clientOf(house, session)
  const thrown = uncaughtErrors()
  const stopListening = client.on('state', (state) => {
    throw new Error(`a fault of the program at ${state}`)
  })
  await client.connect()
  await client.publish('t', 'x')
  expect(client.state).toBe('online')
  await until('the program hears of its faults', () => thrown.length === 2)
  stopListening()
})

it('hands the part of a group that another member left to the handler of the group, though its own has had the message', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const [member, writer] = [clientOf(house, session, { userId: 'member' }), clientOf(house, session)]
  const leaver = await FrameClient.join(house.url, session)
  await leaver.subscribe('$share/g/t')
  const [own, group]: [string[], string[]] = [[], []]
  await Promise.all([
    member.connect({ handlers: { t: ({ text }) => void own.push(text), '$share/g/t': ({ text }) => void group.push(text) } }),
    writer.connect(),
  ])
  for (const number of numbers) await writer.publish('t', number)
  await until('all were logged', () => own.length === 20)
  expect(group.length).toBeLessThan(20)
  leaver.socket.terminate()
  await until('nothing waits', async () => (await queued(house, session)) === 0)
  const sorted = (texts: string[]): string[] => texts.toSorted((a, b) => Number(a) - Number(b))
  expect([sorted(group), sorted(own)]).toEqual([numbers, numbers])
})
