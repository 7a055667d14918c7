/** What a packet that can be read may still not say. */
import type { IConnectPacket, Packet } from 'mqtt-packet'
import { isMqttTopic, reason } from './mqtt-packets.ts'

/** The reason to end the connection over it; null when nothing speaks against it. */
export function faultIn(packet: Packet): number | null {
  const id = packet.messageId ?? 0
  switch (packet.cmd) {
    case 'publish': {
      // MQTT-3.3.1-2: what is not acknowledged is not sent again either.
      if (packet.qos === 0) return packet.dup ? reason.malformed : faultInResponse(packet.properties)
      // MQTT-2.2.1-3
      return id < 1 ? reason.malformed : faultInResponse(packet.properties)
    }
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return id < 1 ? reason.malformed : null
    case 'subscribe':
      // MQTT-3.8.3-2
      return id < 1 ? reason.malformed : packet.subscriptions.length === 0 ? reason.protocolError : null
    case 'unsubscribe':
      // MQTT-3.10.3-2
      return id < 1 ? reason.malformed : packet.unsubscriptions.length === 0 ? reason.protocolError : null
    default:
      return null
  }
}

/** What a CONNECT may not say whoever sends it, of what no CONNACK is owed for: then the connection just ends. */
export function isMalformedConnect({ protocolVersion, username, password, will }: IConnectPacket): boolean {
  // MQTT-3.1.2-14. The parser takes both bits of the quality.
  if (will !== undefined && Number(will.qos) > 2) return true
  // MQTT 3.1.1, 3.1.2-22: a password without a user name; MQTT 5 allows it.
  return protocolVersion !== 5 && password !== undefined && username === undefined
}

/** A response topic is a topic (3.3.2.3.5). */
export function faultInResponse(properties: { responseTopic?: string } | undefined): number | null {
  const topic = properties?.responseTopic
  return topic === undefined || isMqttTopic(topic) ? null : reason.protocolError
}
