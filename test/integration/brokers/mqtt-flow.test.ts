/** How much an MQTT client is given at once: its receive maximum, its line, and what neither may hold up. */
import { expect, it } from 'vitest'
import { ClientConnection } from '../../../server/brokers/connections/shared/client-connection.ts'
import { until } from '../../fakes/kernel.ts'
import { openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'

interface Setting {
  house: BrokerHouse
  session: { sessionName: string; password: string }
  port: number
}

async function open(fields: Record<string, unknown> = {}): Promise<Setting> {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  return { house, session: await house.createSession(fields), port: house.room.mqttPort() ?? 0 }
}

it('gives messages of quality 0 and retained ones of it to who has used up the receive maximum', async () => {
  const { port, session } = await open()
  const { client: writer } = await PacketClient.join(port, session)
  writer.publish('lamp', 'on', { qos: 0, retain: true })
  const { client } = await PacketClient.join(port, session, { properties: { receiveMaximum: 1 } })
  await client.subscribe('t/#', 2)
  writer.publish('t/1', 'first', { qos: 1, messageId: 1 })
  writer.publish('t/2', 'waits', { qos: 2, messageId: 2 })
  const first = await client.message()
  expect(first.payload.toString()).toBe('first')
  // Nothing is acknowledged, and still:
  writer.publish('t/3', 'passes', { qos: 0 })
  expect((await client.message()).payload.toString()).toBe('passes')
  await client.subscribe('lamp', 0)
  expect((await client.message()).payload.toString()).toBe('on')
  client.send({ cmd: 'puback', messageId: first.messageId ?? 0 })
  expect((await client.message()).payload.toString()).toBe('waits')
})

it('gives retained messages of quality 0 as the line of their reader drains, the latest of each topic, and serves others meanwhile', async () => {
  const { house, port, session } = await open({ durability: 'memory' })
  const { client: writer } = await PacketClient.join(port, session)
  const count = 3_000
  const topics = Array.from({ length: count }, (_, n) => `r/${n}`)
  const publish = async (topic: string, payload: string): Promise<void> => {
    writer.publish(topic, payload, { qos: 1, messageId: 1, retain: true })
    await writer.next('puback')
  }
  for (const topic of topics) writer.publish(topic, 'x'.repeat(10_240), { qos: 0, retain: true })
  await publish('last', 'all are there')
  const { client: reader } = await PacketClient.join(port, session, { clientId: 'reader' })
  reader.listenNoMore()
  reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'r/#', qos: 0, nl: false, rap: false, rh: 0 }] })
  const lines = [...house.room.service.clients.connections].filter((each) => each instanceof ClientConnection)
  const line = lines.find(({ name }) => name === 'reader')
  await until('its line is full', () => line?.isStalled === true)
  expect(line?.wire.unsent).toBeLessThan(1_048_576)
  // Others are served, and what changes meanwhile is what the reader gets.
  await publish('r/2998', 'newer')
  await publish('r/2999', '')
  const { client: other } = await PacketClient.join(port, session)
  await other.subscribe('r/2998', 0)
  expect((await other.message()).payload.toString()).toBe('newer')
  reader.listenAgain()
  const latest = new Map<string, string>()
  await until('all came', () => {
    for (const packet of reader.ofKind('publish')) if (packet.cmd === 'publish') latest.set(packet.topic, packet.payload.toString())
    return latest.size === count - 1 && latest.get('r/2998') === 'newer'
  })
  expect(latest.has('r/2999')).toBe(false)
})
