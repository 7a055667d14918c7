/** A fault met for one client ends that client's connection alone: the others of its session, other sessions and the room go on. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'
import { until } from '../../fakes/kernel.ts'

type Name = 'data' | 'alive' | 'drained' | 'closed' | 'check' | 'ready' | 'send' | 'sendOnce' | 'accepted' | 'log' | 'relay' | 'whenDrained'

interface Victim {
  socket: FrameClient['socket'] | null
  say(): void
  publish(): void
  subscribe(topic: string): Promise<void>
  vanish(): void
  ended(): Promise<unknown>
}

const broken = (): never => {
  throw new Error('a fault that nobody thought of')
}

/** Makes one function of the victim's connection throw from now on. */
function breakIt(house: BrokerHouse, name: Name): void {
  const connection = [...house.room.service.clients.connections].find((each) => 'name' in each && each.name === 'victim')
  if (connection === undefined) throw new Error('the victim is not there')
  Object.defineProperty(connection, name, { value: broken })
}

async function jsonVictim(house: BrokerHouse, session: { sessionName: string; password: string }): Promise<Victim> {
  const client = await FrameClient.join(house.url, session, 'victim')
  return {
    socket: client.socket,
    say: () => client.send({ type: 'ping' }),
    publish: () => client.publish('u', 'from the victim'),
    subscribe: (topic) => client.subscribe(topic),
    vanish: () => client.socket.terminate(),
    ended: () => client.ended(),
  }
}

async function mqttVictim(house: BrokerHouse, session: { sessionName: string; password: string }): Promise<Victim> {
  const { client } = await PacketClient.join(house.room.mqttPort() ?? 0, session, {
    clientId: 'victim',
    clean: false,
    properties: { sessionExpiryInterval: 600 },
  })
  return {
    socket: null,
    say: () => client.send({ cmd: 'pingreq' }),
    publish: () => client.publish('u', 'x', { qos: 1, messageId: 9 }),
    subscribe: async (topic) => void (await client.subscribe(topic, 1)),
    vanish: () => client.cut(),
    ended: () => client.ended(),
  }
}

/** What leads to each call, done by the victim or by others. */
const provocations: readonly { name: Name; of: readonly ('json' | 'mqtt')[]; provoke(victim: Victim, writer: FrameClient): unknown }[] = [
  { name: 'data', of: ['json', 'mqtt'], provoke: (victim) => victim.say() },
  { name: 'alive', of: ['json'], provoke: (victim) => victim.socket?.ping() },
  { name: 'drained', of: ['json', 'mqtt'], provoke: (_, writer) => writer.publish('t', 'large', 'x'.repeat(4_000_000)) },
  { name: 'closed', of: ['json', 'mqtt'], provoke: (victim) => victim.vanish() },
  { name: 'check', of: ['json', 'mqtt'], provoke: () => undefined },
  { name: 'ready', of: ['mqtt'], provoke: (_, writer) => writer.publish('t', 'm0') },
  { name: 'send', of: ['json', 'mqtt'], provoke: (_, writer) => writer.publish('t', 'm0') },
  { name: 'sendOnce', of: ['json', 'mqtt'], provoke: (_, writer) => writer.send({ type: 'publish', topic: 't', data: 'x', qos: 0 }) },
  { name: 'accepted', of: ['json', 'mqtt'], provoke: (victim) => victim.publish() },
  { name: 'log', of: ['json', 'mqtt'], provoke: (_, writer) => writer.socket.close() },
  { name: 'relay', of: ['json', 'mqtt'], provoke: (_, writer) => writer.send({ type: 'init_file', fileId: 'f'.repeat(36), topic: 't' }) },
]
const table = provocations.flatMap(({ of, ...each }) => of.map((protocol) => ({ protocol, ...each })))

describe('what throws in a connection', () => {
  it.each(table)('$protocol: $name ends that one, and nobody else notices', async ({ protocol, name, provoke }) => {
    const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
    const [session, elsewhere] = [await house.createSession(), await house.createSession()]
    const victim = await (protocol === 'json' ? jsonVictim : mqttVictim)(house, session)
    for (const topic of ['t', 'sys/logs']) await victim.subscribe(topic)
    const [reader, provoker, stranger] = [
      await FrameClient.join(house.url, session, 'reader'),
      await FrameClient.join(house.url, session),
      await FrameClient.join(house.url, elsewhere, 'stranger'),
    ]
    await Promise.all([reader.subscribe('t'), stranger.subscribe('t')])
    breakIt(house, name)
    await provoke(victim, provoker)
    await victim.ended()
    await until('it is known', () => house.escapes.length > 0)
    expect(house.escapes[0]).toMatchObject({
      reason: 'a fault that nobody thought of',
      origin: { room: 'brokers', kind: 'client', id: 'victim' },
    })
    for (const [listener, where, id] of [
      [reader, session, 'here'],
      [stranger, elsewhere, 'there'],
    ] as const) {
      const writer = await FrameClient.join(house.url, where)
      writer.publish('t', id)
      expect(await writer.next('publish_response')).toMatchObject({ success: true })
      await until('it is delivered', () => listener.ofType('message').some(({ messageId }) => messageId === id))
    }
    expect([house.room.service.storageError, reader.closed, stranger.closed]).toEqual([null, null, null])
    expect(house.faults.filter((fault) => 'message' in fault && fault.message === 'the room failed')).toEqual([])
  })

  it('makes a dead letter of a message that throws each time, so that its client can go on', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const victim = await FrameClient.join(house.url, session, 'victim')
    await victim.subscribe('t')
    breakIt(house, 'send')
    const writer = await FrameClient.join(house.url, session)
    writer.publish('t', 'poison')
    expect(await victim.ended()).toMatchObject({ code: 1011 })
    const back = await FrameClient.join(house.url, session, 'victim')
    writer.publish('t', 'fine')
    expect(await back.next('message')).toMatchObject({ messageId: 'fine' })
    expect((await house.call(`/v1/sessions/${session.sessionName}/dead-letters`)).body['deadLetters']).toMatchObject([
      { messageId: 'poison', reason: 'unsendable', subscriber: 'user:victim' },
    ])
  })
})

it('takes a life of a message that no clock can count for the longest there is', async () => {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession()
  const { client } = await PacketClient.join(house.room.mqttPort() ?? 0, session)
  await client.subscribe('t', 1)
  const reader = await FrameClient.join(house.url, session, 'reader')
  await reader.subscribe('t')
  reader.socket.terminate()
  const writer = await FrameClient.join(house.url, session)
  for (const ttl of [5e12, Number.MAX_SAFE_INTEGER]) writer.send({ type: 'publish', topic: 't', data: 'x', ttl })
  for (let count = 0; count < 2; count += 1)
    expect((await client.message()).properties?.messageExpiryInterval).toBeLessThanOrEqual(0xffff_ffff)
  const held = await house.call(`/v1/sessions/${session.sessionName}/messages`)
  expect([held.status, held.body['messages']]).toEqual([200, expect.arrayContaining([expect.objectContaining({ topic: 't' })])])
  expect([house.room.service.storageError, house.faults]).toEqual([null, []])
})

it('serves on after it was restarted in place: sessions, what waited, and whoever listens in this house is told', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const reader = await FrameClient.join(house.url, session, 'reader')
  await reader.subscribe('t')
  reader.socket.terminate()
  const ends: string[] = []
  house.room.inProcessClient.listen(session.sessionName, '#', 'rule', {
    onMessage: () => undefined,
    onEnded: (reason) => ends.push(reason),
  })
  const writer = await FrameClient.join(house.url, session)
  await until('it is away', () => countsIn(house)?.clients === 2)
  writer.publish('t', 'waited')
  await writer.next('publish_response')
  const { total } = house.room.summary()
  await house.restart()
  expect([ends, await writer.ended()]).toEqual([['shutdown'], { code: 1001, reason: 'Server is stopping' }])
  const back = await FrameClient.join(house.url, session, 'reader')
  expect(await back.next('message')).toMatchObject({ messageId: 'waited' })
  expect(
    await house.room.inProcessClient.publish(session.sessionName, { topic: 't', data: 'new', retain: false, publisher: 'rule' }),
  ).toMatchObject({ deliveredTo: 1 })
  expect(await back.next('message')).toMatchObject({ data: 'new' })
  expect(total).toBeGreaterThan(0)
  expect(house.room.summary().total).toBeGreaterThanOrEqual(total)
  await house.call('/api/dropSession', session)
  expect(house.room.summary().total).toBeGreaterThanOrEqual(total)
})

it('keeps a listener of this house that throws from everyone else', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const end = house.room.inProcessClient.listen(session.sessionName, '#', 'rule', { onMessage: broken, onEnded: () => undefined })
  onTestFinished(end)
  const reader = await FrameClient.join(house.url, session, 'reader')
  await reader.subscribe('t')
  const writer = await FrameClient.join(house.url, session)
  for (const id of ['m1', 'm2']) writer.publish('t', id)
  for (const id of ['m1', 'm2']) {
    expect(await writer.next('publish_response')).toMatchObject({ success: true, messageId: id })
    expect(await reader.next('message')).toMatchObject({ messageId: id })
  }
  expect(house.room.service.storageError).toBeNull()
})
