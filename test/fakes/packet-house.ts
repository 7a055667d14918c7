/** A house with MQTT over TCP and a session in it, for tests that look at single packets; its time passes when they say so. */
import type { IConnackPacket, IConnectPacket, IPublishPacket } from 'mqtt-packet'
import { ClientConnection } from '../../server/brokers/connections/shared/client-connection.ts'
import { engineOf } from './broker-engine.ts'
import { countsIn, openBrokers, type BrokerHouse } from './broker-house.ts'
import { testClock, until } from './kernel.ts'
import { PacketClient } from './mqtt-client.ts'

export type Level = 4 | 5

export interface PacketHouse {
  house: BrokerHouse
  session: { sessionName: string; password: string }
  port: number
  join(options?: Partial<IConnectPacket>, version?: Level): Promise<{ client: PacketClient; connack: IConnackPacket }>
  /** Time passes for connections and for what is due in the session. */
  pass(seconds: number): void
  /** So many clients are connected by now. */
  present(count: number): Promise<void>
}

export async function openForPackets(fields: Record<string, unknown> = {}): Promise<PacketHouse> {
  const clock = testClock()
  const house = await openBrokers({ clock, settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession(fields)
  const port = house.room.mqttPort() ?? 0
  return {
    ...{ house, session, port },
    join: (options = {}, version = 5) => PacketClient.join(port, session, options, version),
    pass(seconds) {
      clock.advance(seconds * 1_000)
      for (const line of house.room.service.clients.connections) if (line instanceof ClientConnection) line.check()
      engineOf(house.room).runDue()
      engineOf(house.room).tick()
    },
    present: (count) => until(`${count} clients`, () => countsIn(house)?.clients === count),
  }
}

/** A client id that is to be kept, in the words of either version. */
export function keptAs(clientId: string, version: Level, sessionExpiryInterval = 600): Partial<IConnectPacket> {
  return { clientId, clean: false, ...(version === 5 ? { properties: { sessionExpiryInterval } } : {}) }
}

/** Publishes and waits for all that the server owes for it. */
export async function publishWhole(
  client: PacketClient,
  topic: string,
  payload: string,
  qos: 0 | 1 | 2,
  rest: Partial<IPublishPacket> = {},
): Promise<void> {
  const messageId = 100 + qos
  client.publish(topic, payload, { qos, ...(qos === 0 ? {} : { messageId }), ...rest })
  if (qos === 1) await client.next('puback')
  if (qos < 2) return
  await client.next('pubrec')
  client.send({ cmd: 'pubrel', messageId })
  await client.next('pubcomp')
}

/** All that the client was sent, once a message that it publishes to itself has come after it. */
export async function untilTheEnd(client: PacketClient): Promise<IPublishPacket[]> {
  const published = (): IPublishPacket[] => client.packets.filter((packet) => packet.cmd === 'publish')
  const ends = (): number => published().filter(({ topic }) => topic === 'end/of/test').length
  const before = ends()
  await client.subscribe('end/of/test', 1)
  await publishWhole(client, 'end/of/test', 'end', 1)
  await until('the end', () => ends() > before)
  return published().filter(({ topic }) => topic !== 'end/of/test')
}

export const wordsOf = (packets: readonly IPublishPacket[]): string[] => packets.map(({ payload }) => payload.toString())
