/**
 * How bridges know each other and their messages. Over MQTT 5 a message keeps its name through all brokers that it passes, in a user
 * property: whatever way it comes round again, a session that has seen it takes it once.
 */
import type { IPublishPacket } from 'mqtt-packet'
import type { Message, MessageProperties } from '../../engine/types.ts'
import { keptProperties } from './mqtt-packets.ts'

/** The user property by which a bridge says in CONNECT that it is one. */
export const bridgeMark = 'wheelhouse-bridge'
const idProperty = 'wheelhouse-id'
const longestId = 128

/** The message with its name among its properties. */
export function named(message: Message): Message {
  const { properties, id } = message
  return { ...message, properties: { ...properties, userProperties: { ...properties?.userProperties, [idProperty]: id } } }
}

/** The name that a message brought along, taken out of its properties; null where it has none. */
export function nameIn(packet: IPublishPacket): { id: string | null; properties: MessageProperties | null } {
  const kept = keptProperties(packet)
  const { [idProperty]: id, ...others } = kept?.userProperties ?? {}
  if (id === undefined) return { id: null, properties: kept }
  const { userProperties: _, ...rest } = kept ?? {}
  const properties = { ...rest, ...(Object.keys(others).length === 0 ? {} : { userProperties: others }) }
  const isName = typeof id === 'string' && id !== '' && id.length <= longestId
  return { id: isName ? id : null, properties: Object.keys(properties).length === 0 ? null : properties }
}
