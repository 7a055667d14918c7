/** MQTT's numbers and how messages become PUBLISH packets. */
import {
  generate,
  type IConnackPacket,
  type IConnectPacket,
  type IDisconnectPacket,
  type IPublishPacket,
  type Packet,
  type UserProperties,
} from 'mqtt-packet'
import type { EndReason, Message, MessageProperties, Quality, Refusal, Will } from '../../engine/types.ts'
import type { EntranceRefusal } from '../../clients.ts'
import { withoutHops } from '../../rules/hops.ts'
import { refusalTexts, utf8 } from '../json/json-frames.ts'

export type Version = 3 | 4 | 5

export const encode = (packet: Packet, version: Version): Buffer => generate(packet, { protocolVersion: version })

export const reason = {
  success: 0x00,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  unsupportedVersion: 0x84,
  badClientId: 0x85,
  notAuthorized: 0x87,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  packetIdInUse: 0x91,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
} as const

/** How a login that was refused reads in CONNACK: MQTT 3's return code and MQTT 5's reason code. */
export const entranceCodes: Readonly<Record<EntranceRefusal, { three: number; five: number }>> = {
  'session-not-found': { three: 4, five: 0x86 },
  'invalid-password': { three: 4, five: 0x86 },
  'not-allowed': { three: 5, five: 0x87 },
  suspended: { three: 5, five: 0x87 },
  'too-many-attempts': { three: 5, five: 0x9f },
  'too-many-clients': { three: 3, five: 0x97 },
  'too-many-kept': { three: 3, five: 0x97 },
  'not-ready': { three: 3, five: 0x88 },
}

export const endCodes: Readonly<Record<EndReason, number>> = {
  suspended: 0x98,
  dropped: 0x98,
  kicked: 0x98,
  revoked: 0x87,
  'slow-reader': 0x97,
  'taken-over': 0x8e,
  shutdown: 0x8b,
  'too-many-clients': 0x97,
}

/** PUBACK and PUBREC know few reasons; the text beside them says the rest. */
export const refusalCodes: Readonly<Record<Refusal, number>> = {
  'queue-full': 0x97,
  'session-full': 0x97,
  'too-large': 0x97,
  'too-fast': 0x97,
  'storage-failed': 0x83,
  'invalid-topic': 0x90,
  'reserved-topic': 0x87,
  'system-topic': 0x87,
  'not-allowed': 0x87,
  suspended: 0x87,
}

export function connack(
  version: Version,
  code: { three: number; five: number },
  sessionPresent: boolean,
  properties: IConnackPacket['properties'] = {},
): Buffer {
  return encode(
    version === 5
      ? { cmd: 'connack', sessionPresent, reasonCode: code.five, properties }
      : // MQTT 3.1 has no word for a session that is present.
        { cmd: 'connack', sessionPresent: version === 4 && sessionPresent, returnCode: code.three },
    version,
  )
}

export function disconnect(reasonCode: number): Buffer {
  return encode({ cmd: 'disconnect', reasonCode } satisfies IDisconnectPacket, 5)
}

/** What an MQTT 5 publisher attached, as it is kept. */
export function keptProperties({ properties }: IPublishPacket | { properties?: IPublishPacket['properties'] }): MessageProperties | null {
  if (properties === undefined) return null
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = properties
  const kept: MessageProperties = {
    ...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData: correlationData.toString('base64') }),
    // The parser's object has no prototype, which JSON and the bus do not care about but comparisons do.
    ...(userProperties === undefined ? {} : { userProperties: { ...userProperties } }),
  }
  return Object.keys(kept).length === 0 ? null : kept
}

/** The will of a CONNECT as it is kept. */
export function willOf(
  { topic, payload, qos = 0, retain = false, properties }: NonNullable<IConnectPacket['will']>,
  publisher: string,
): Will {
  const expiry = properties?.messageExpiryInterval
  return {
    ...{ topic, qos, retain, publisher },
    body: Buffer.isBuffer(payload) ? payload : Buffer.from(payload),
    properties: properties === undefined ? null : withoutHops(keptProperties({ properties })),
    expiresIn: expiry === undefined ? null : Math.max(1, expiry * 1_000),
    delay: (properties?.willDelayInterval ?? 0) * 1_000,
  }
}

export interface PublishOptions {
  version: Version
  qos: Quality
  packetId: number | null
  again: boolean
  retain: boolean
  identifiers: readonly number[]
  /** Monotonic ms. */
  now: number
  alias: { topic: string; topicAlias: number } | null
}

export function publishPacket(
  message: Message,
  { version, qos, packetId, again, retain, identifiers, now, alias }: PublishOptions,
): Buffer {
  const { payload, extra } = contentOf(message)
  const topic = alias?.topic ?? message.topic
  const properties = version === 5 ? propertiesOf(message, extra, identifiers, now, alias?.topicAlias ?? null) : null
  if (properties === null || Object.keys(properties).length === 0)
    return plainPublish(topic, payload, { qos, packetId, again, retain, isFive: version === 5 })
  return encode(
    { cmd: 'publish', topic, payload, qos, dup: again, retain, ...(packetId === null ? {} : { messageId: packetId }), properties },
    version,
  )
}

/** The packet most often sent, in one piece: the library's general way costs more than all the rest of a delivery. */
function plainPublish(
  topic: string,
  payload: Buffer,
  { qos, packetId, again, retain, isFive }: { qos: Quality; packetId: number | null; again: boolean; retain: boolean; isFive: boolean },
): Buffer {
  const topicLength = Buffer.byteLength(topic)
  const rest = 2 + topicLength + (packetId === null ? 0 : 2) + (isFive ? 1 : 0) + payload.length
  const head = rest < 128 ? 2 : rest < 16_384 ? 3 : rest < 2_097_152 ? 4 : 5
  const packet = Buffer.allocUnsafe(head + rest)
  packet[0] = 0x30 | (again ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
  for (let at = 1, length = rest; at < head; at += 1, length = Math.floor(length / 128))
    packet[at] = (length % 128) | (at < head - 1 ? 0x80 : 0)
  let end = packet.writeUInt16BE(topicLength, head)
  end += packet.write(topic, end, 'utf8')
  if (packetId !== null) end = packet.writeUInt16BE(packetId, end)
  if (isFive) packet[end++] = 0
  payload.copy(packet, end)
  return packet
}

const answers = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 } as const

/** The four packets that answer others; a reason other than success exists in MQTT 5 alone. */
export function answer(cmd: keyof typeof answers, packetId: number, version: Version, reasonCode: number = reason.success): Buffer {
  const withReason = version === 5 && reasonCode !== reason.success
  return Buffer.from([answers[cmd], withReason ? 3 : 2, packetId >> 8, packetId & 0xff, ...(withReason ? [reasonCode] : [])])
}

/** Says no to a PUBLISH, in words too where the client wants them. */
export function refusalOf(cmd: 'puback' | 'pubrec', packetId: number, refusal: Refusal, inWords: boolean): Buffer {
  return encode(
    {
      cmd,
      messageId: packetId,
      reasonCode: refusalCodes[refusal],
      ...(inWords ? { properties: { reasonString: refusalTexts[refusal] } } : {}),
    },
    5,
  )
}

/** A JSON client's `data` is the payload; what else it sent goes along as user properties. */
export function contentOf({ source, body }: Message): { payload: Buffer; extra: UserProperties } {
  if (source === 'mqtt') return { payload: body, extra: {} }
  const { data, hash, timestamp, messageId } = JSON.parse(body.toString('utf8')) as Record<string, unknown> // built by `readPublish`
  const extra: UserProperties = {}
  for (const [name, value] of Object.entries({ hash, timestamp, messageId }))
    if (value !== undefined) extra[name] = typeof value === 'string' ? value : JSON.stringify(value)
  return { payload: Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)), extra }
}

function propertiesOf(
  message: Message,
  extra: UserProperties,
  identifiers: readonly number[],
  now: number,
  topicAlias: number | null,
): NonNullable<IPublishPacket['properties']> {
  const { correlationData, userProperties, ...properties } = message.properties ?? {}
  const user = { ...userProperties, ...extra }
  return {
    ...properties,
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData, 'base64') }),
    ...(Object.keys(user).length === 0 ? {} : { userProperties: user }),
    ...(message.expiresAt === null ? {} : { messageExpiryInterval: Math.max(1, Math.ceil((message.due - now) / 1_000)) }),
    ...(identifiers.length === 0 ? {} : { subscriptionIdentifier: identifiers.length === 1 ? (identifiers[0] ?? 0) : [...identifiers] }),
    ...(topicAlias === null ? {} : { topicAlias }),
  }
}

/** Seconds: a session that never expires. */
export const never = 0xffff_ffff

/**
 * Ms that a client's session is kept while it is away: as long as it asks for, in seconds, and the session's policy allows; null for ever.
 */
export function keepForOf(expiryInterval: number, limit: number | null): number | null {
  return expiryInterval === never ? limit : Math.min(expiryInterval * 1_000, limit ?? Infinity)
}

/** MQTT allows wildcards only as whole levels, and no text that is not UTF-8. */
export function isMqttFilter(filter: string): boolean {
  return filter.split('/').every((level) => level === '+' || level === '#' || !/[+#]/.test(level))
}

export function isMqttTopic(topic: string): boolean {
  return topic !== '' && !/[+#\0]/.test(topic)
}

/** The text of a password field; null when it is no text. */
export function passwordText(password: Buffer | string | undefined): string {
  return password === undefined ? '' : typeof password === 'string' ? password : (utf8(password) ?? '')
}
