/** CONNECT (3.1) and CONNACK (3.2): who a client is, what it brings, and what it may count on. */
import type { IConnectPacket } from 'mqtt-packet'
import { isSystem, isTopic } from '../../engine/topics.ts'
import type { AttachOptions } from '../../engine/types.ts'
import type { SessionFacts } from '../../clients.ts'
import { bridgeMark } from './bridge-marks.ts'
import { largestPacket, type MqttPeer } from './mqtt-peer.ts'
import { connack, entranceCodes, isMqttTopic, keepForOf, never, passwordText, reason, willOf, type Version } from './mqtt-packets.ts'
import { faultInResponse, isMalformedConnect } from './packet-rules.ts'
import { aliasMaximum } from './topic-aliases.ts'

interface Refused {
  three: number
  five: number
}

/** What a client of a version to come has to be told, so that it can try again with an older one (MQTT 5, 3.1.2.2). */
export function refuseVersion(peer: MqttPeer): void {
  refuse(peer, { three: 1, five: reason.unsupportedVersion })
}

export async function handleConnect(peer: MqttPeer, packet: IConnectPacket): Promise<void> {
  const { connection, clients } = peer
  const { properties = {} } = packet
  // MQTT 3.1 had another name for it; with each other's names they are versions that nobody knows (MQTT-3.1.2-2).
  if ((packet.protocolId === 'MQIsdp') !== (peer.version === 3)) return refuseVersion(peer)
  if (isMalformedConnect(packet)) return peer.fail(reason.malformed)
  const wrong = wrongIn(packet, peer.version)
  if (wrong !== null) return refuse(peer, wrong)
  let assigned: AttachOptions | null = null
  await connection.logIn({
    loginName: packet.username ?? '',
    user: null,
    password: passwordText(packet.password),
    enter(session) {
      peer.keepAlive = keepAliveOf(packet, session)
      // MQTT 3 has no word for it.
      peer.receiveMaximum = peer.version === 5 ? session.policy.receiveMaximum : null
      // Mosquitto and those like it say so by a bit of the version of MQTT 3.1.1.
      peer.isBridge = ('bridgeMode' in packet && packet.bridgeMode === true) || properties.userProperties?.[bridgeMark] !== undefined
      peer.wantsWords = properties.requestProblemInformation !== false
      peer.aliases.peerMaximum = properties.topicAliasMaximum ?? 0
      peer.limits = {
        receiveMaximum: Math.min(properties.receiveMaximum ?? 65_535, session.policy.maxInFlight),
        maximumPacketSize: properties.maximumPacketSize ?? Infinity,
      }
      const name = packet.clientId === '' ? `auto-${clients.newMessageId()}` : packet.clientId
      return { name, options: (assigned = attachOptions(packet, name, peer.version, session)) }
    },
    onAccepted: ({ isResumed }) =>
      peer.write(connack(peer.version, { three: 0, five: reason.success }, isResumed, agreed(packet, peer, assigned))),
    onRefused: (refusal) => refuse(peer, entranceCodes[refusal]),
  })
}

/** Why it cannot be let in, whoever it is; null when nothing speaks against it. */
function wrongIn({ clientId, clean = true, will, properties = {} }: IConnectPacket, version: Version): Refused | null {
  // 4.12: no extended authentication.
  if (properties.authenticationMethod !== undefined) return { three: 5, five: reason.badAuthenticationMethod }
  // MQTT 3.1.1, 3.1.3-8: without a name there is nothing to come back to; in MQTT 3.1 each client has one.
  if (clientId === '' && (version === 3 || (version === 4 && !clean))) return { three: 2, five: reason.badClientId }
  if (clientId.length > 256) return { three: 2, five: reason.badClientId }
  // 3.1.2.11.3 and 3.1.2.11.4: neither may be 0.
  if (properties.receiveMaximum === 0 || properties.maximumPacketSize === 0) return { three: 2, five: reason.protocolError }
  if (will !== undefined && faultInResponse(will.properties) !== null) return { three: 2, five: reason.protocolError }
  if (will !== undefined && (!isMqttTopic(will.topic) || !isTopic(will.topic) || isSystem(will.topic)))
    return { three: 2, five: reason.topicInvalid }
  return null
}

function attachOptions(
  { clean = true, will, ...packet }: IConnectPacket,
  name: string,
  version: Version,
  { policy }: SessionFacts,
): AttachOptions {
  const keepFor = keepForOf(expiryOf({ ...packet, clean }, version), policy.keepAwayFor)
  return { key: `mqtt:${name}`, durable: keepFor !== 0, keepFor, clean, will: will === undefined ? null : willOf(will, name) }
}

/** Seconds. MQTT 3 says only whether its session is to outlive the connection. */
function expiryOf({ clean = true, properties }: IConnectPacket, version: Version): number {
  return version === 5 ? (properties?.sessionExpiryInterval ?? 0) : clean ? 0 : never
}

/** Seconds. Who promises nothing promises less than any limit asks for. */
function keepAliveOf({ keepalive = 0 }: IConnectPacket, { policy: { maxKeepAlive } }: SessionFacts): number {
  return maxKeepAlive === null ? keepalive : keepalive === 0 ? maxKeepAlive : Math.min(keepalive, maxKeepAlive)
}

/** The properties of CONNACK (3.2.2.3): where the server gives other than it was asked for, it has to say so. */
function agreed(
  packet: IConnectPacket,
  { version, keepAlive, receiveMaximum }: MqttPeer,
  options: AttachOptions | null,
): Parameters<typeof connack>[3] {
  const keepFor = options?.keepFor ?? null
  return {
    maximumPacketSize: largestPacket,
    topicAliasMaximum: aliasMaximum,
    retainAvailable: true,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: true,
    ...(receiveMaximum === null ? {} : { receiveMaximum }),
    ...(keepAlive === (packet.keepalive ?? 0) ? {} : { serverKeepAlive: keepAlive }),
    ...(packet.clientId === '' ? { assignedClientIdentifier: options?.key.slice('mqtt:'.length) ?? '' } : {}),
    ...(keepFor !== null && keepFor !== keepForOf(expiryOf(packet, version), null)
      ? { sessionExpiryInterval: Math.floor(keepFor / 1_000) }
      : {}),
  }
}

function refuse(peer: MqttPeer, code: Refused): void {
  peer.write(connack(peer.version, code, false))
  peer.connection.close('protocol-error')
}
