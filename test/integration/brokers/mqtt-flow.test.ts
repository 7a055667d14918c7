/** How much an MQTT client is given at once: its receive maximum, its line, and what neither may hold up. */
import { expect, it } from 'vitest'
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
