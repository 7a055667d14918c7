/** Retained messages on their way to a new subscription: all of them, at the pace of their reader, none after something newer. */
import type { IPublishPacket } from 'mqtt-packet'
import { expect, it } from 'vitest'
import { ClientConnection } from '../../../server/brokers/connections/shared/client-connection.ts'
import { FrameClient, openBrokers, type Json } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'

async function open(fields: Json = {}) {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession({ durability: 'memory', ...fields })
  const port = house.room.mqttPort() ?? 0
  const { client: writer } = await PacketClient.join(port, session)
  const state = async () => (await house.call(`/v1/sessions/${session.sessionName}`)).body['session'] as Json
  return {
    house,
    writer,
    state,
    json: () => FrameClient.join(house.url, session),
    reader: async (receiveMaximum: number) =>
      (
        await PacketClient.join(port, session, {
          clean: false,
          clientId: 'reader',
          properties: { sessionExpiryInterval: 600, receiveMaximum },
        })
      ).client,
    /** Resolves to the answer's reason code. */
    publish: async (topic: string, payload: string, { qos = 1, retain = false }: { qos?: 0 | 1; retain?: boolean } = {}) => {
      if (qos === 0) return void writer.publish(topic, payload, { qos, retain })
      writer.publish(topic, payload, { qos, retain, messageId: 1 })
      const answer = await writer.next('puback')
      return answer.cmd === 'puback' ? answer.reasonCode : undefined
    },
  }
}

type House = Awaited<ReturnType<typeof open>>

const packetsOf = (client: PacketClient): IPublishPacket[] => client.ofKind('publish') as IPublishPacket[]
const textsOf = (client: PacketClient): string[] => packetsOf(client).map(({ payload }) => payload.toString())
const topicsOf = (client: PacketClient): string[] => packetsOf(client).map(({ topic }) => topic)

async function retain({ writer }: House, count: number): Promise<string[]> {
  const topics = Array.from({ length: count }, (_, n) => `r/${n}`)
  for (const [n, topic] of topics.entries()) writer.publish(topic, 'old', { qos: 1, retain: true, messageId: n + 1 })
  for (const _ of topics) await writer.next('puback')
  return topics
}

/** Answers all that comes, until so many have come. */
async function take(client: PacketClient, count: number): Promise<void> {
  let answered = 0
  await until(`${count} messages`, () => {
    for (const { qos, messageId = 0 } of packetsOf(client).slice(answered)) {
      answered += 1
      if (qos === 1) client.send({ cmd: 'puback', messageId })
    }
    return answered >= count
  })
}

it('gives all that is retained to a queue that is shorter, as it drains', async () => {
  const house = await open({ maxQueuedMessages: 10 })
  const topics = await retain(house, 40)
  const reader = await house.reader(2)
  await reader.subscribe('r/#', 1)
  await take(reader, 40)
  expect(topicsOf(reader)).toEqual(topics)
  expect(packetsOf(reader).every((packet) => packet.retain)).toBe(true)
  await until('nothing waits', async () => (await house.state())['queued'] === 0)
  expect(await house.state()).toMatchObject({ deadLetters: 0 })
})

it('gives what is left of it to a client that went away and comes back', async () => {
  const house = await open({ maxQueuedMessages: 10 })
  const topics = await retain(house, 30)
  const reader = await house.reader(2)
  await reader.subscribe('r/#', 1)
  await take(reader, 5)
  reader.cut()
  await until('it is away', async () => (await house.state())['clients'] === 1)
  const back = await house.reader(2)
  await until('the rest came', () => {
    for (const { messageId = 0 } of packetsOf(back)) back.send({ cmd: 'puback', messageId })
    return new Set([...topicsOf(reader), ...topicsOf(back)]).size === 30
  })
  expect([...new Set([...topicsOf(reader), ...topicsOf(back)])]).toEqual(topics)
})

it.each(['reject', 'drop-oldest', 'drop-newest'])('leaves room for what is published meanwhile, under %s', async (overflow) => {
  const house = await open({ maxQueuedMessages: 10, overflow })
  await retain(house, 40)
  const reader = await house.reader(2)
  await reader.subscribe('r/#', 1)
  await until('some came', () => packetsOf(reader).length === 2)
  for (let n = 0; n < 4; n += 1) expect(await house.publish(`r/new/${n}`, 'new')).toBe(0)
  await take(reader, 44)
  expect(textsOf(reader).filter((text) => text === 'new')).toHaveLength(4)
  expect(await house.state()).toMatchObject({ deadLetters: 0 })
})

it.each([0, 1] as const)('gives no retained message after a newer one of its topic, of quality %i', async (qos) => {
  const house = await open({ maxQueuedMessages: 10 })
  await retain(house, 20)
  const reader = await house.reader(1)
  await reader.subscribe('r/#', 1)
  await until('the first came', () => packetsOf(reader).length === 1)
  // One that waits in the queue, and one that is still to come into it.
  for (const topic of ['r/2', 'r/15']) await house.publish(topic, 'newer', { qos })
  await house.publish('end', 'published before')
  const count = qos === 0 ? 20 : 21
  await take(reader, count)
  const of = (topic: string): string[] =>
    packetsOf(reader)
      .filter((packet) => packet.topic === topic)
      .map(({ payload }) => payload.toString())
  expect([of('r/2'), of('r/15')]).toEqual([qos === 0 ? ['newer'] : ['old', 'newer'], ['newer']])
  expect(new Set(topicsOf(reader)).size).toBe(20)
  expect(topicsOf(reader)).toHaveLength(count)
})

it('gives no retained message of quality 0 after a newer one that came by the subscription', async () => {
  const house = await open()
  const count = 600
  for (let n = 0; n < count; n += 1) await house.publish(`r/${n}`, `old ${'x'.repeat(10_000)}`, { qos: 0, retain: true })
  await house.publish('last', 'all are there')
  const reader = await house.json()
  reader.socket.pause()
  reader.send({ type: 'subscribe', topic: 'r/#' })
  const lines = [...house.house.room.service.clients.connections].filter((each) => each instanceof ClientConnection)
  const line = lines.find(({ name }) => name.startsWith('anonymous'))
  await until('its line is full', () => line?.isStalled === true)
  await house.publish(`r/${count - 1}`, 'newer')
  reader.socket.resume()
  const last = (): unknown[] =>
    reader
      .ofType('message')
      .filter(({ topic }) => topic === `r/${count - 1}`)
      .map(({ data }) => data)
  await until('all came', () => reader.ofType('message').length === count)
  expect(last()).toEqual(['newer'])
})

it('begins anew where the same is subscribed to again, and ends with the subscription', async () => {
  const house = await open({ maxQueuedMessages: 4 })
  await retain(house, 12)
  const reader = await house.reader(1)
  await reader.subscribe('r/#', 1)
  await reader.subscribe('r/#', 1)
  // Those that were in its queue already.
  const twice = 2
  await take(reader, 12 + twice)
  expect(new Set(topicsOf(reader)).size).toBe(12)
  await until('nothing waits', async () => (await house.state())['queued'] === 0)
  expect(packetsOf(reader)).toHaveLength(12 + twice)
  const again = await house.reader(1)
  await again.subscribe('r/+', 1)
  const first = await again.message()
  again.send({ cmd: 'unsubscribe', messageId: 7, unsubscriptions: ['r/+', 'r/#'] })
  await again.next('unsuback')
  again.send({ cmd: 'puback', messageId: first.messageId ?? 0 })
  // What was in its queue before.
  await take(again, 2)
  await until('nothing waits', async () => (await house.state())['queued'] === 0)
  expect(packetsOf(again)).toHaveLength(2)
})
