/** What the handlers of packets know of the client they serve, and do to it. */
import type { Attachment } from '../../engine/broker-engine.ts'
import type { Clients } from '../../clients.ts'
import type { ClientConnection } from '../shared/client-connection.ts'
import type { Version } from './mqtt-packets.ts'
import type { TopicAliases } from './topic-aliases.ts'

/** Bytes of what a client may send. */
export const largestPacket = 10_485_760

export interface MqttPeer {
  readonly connection: ClientConnection
  readonly clients: Clients
  readonly aliases: TopicAliases
  version: Version
  /** Seconds; 0 for a client that need not be heard. */
  keepAlive: number
  /** Messages of quality 1 and 2 that it may have under way to the server (MQTT 5, 3.2.2.3.3); null where nobody counts. */
  receiveMaximum: number | null
  /** It is a bridge of another broker. */
  isBridge: boolean
  /** The client wants reasons in words (MQTT 5, 3.1.2.11.7). */
  wantsWords: boolean
  /** What the client takes: so many unanswered (3.1.2.11.3), and packets so large (3.1.2.11.4). */
  limits: { receiveMaximum: number; maximumPacketSize: number }
  write(packet: Buffer): void
  /** Ends the connection over what the client did. */
  fail(code: number): void
  /** What a packet of quality 2 answers has to be on the disk first: after a crash each side must know what the other was told. */
  whenStored(attachment: Attachment, act: () => void): void
}
