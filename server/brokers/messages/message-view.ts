/** A message as the native API shows it in full. */
import { iso } from '../../clock.ts'
import { contentOf } from '../connections/json/json-frames.ts'
import type { BrokerMessage } from '../contract/messages.ts'
import type { Message } from '../engine/types.ts'

/** `retained`: it was kept before whoever looks began to. */
export function messageView(message: Message, retained: boolean): BrokerMessage {
  const { topic, id, publisher, acceptedAt, expiresAt, qos, retain, source, body } = message
  return {
    ...{ topic, messageId: id, publisher, at: iso(acceptedAt), expiresAt: expiresAt === null ? null : iso(expiresAt) },
    ...{ qos, retained, retain, source, bytes: body.length },
    ...(source === 'json' ? ofJson(body) : contentOf(message)),
    ...attached(message),
  }
}

function ofJson(body: Buffer): Pick<BrokerMessage, 'data' | 'hash' | 'timestamp'> {
  // Built by `readPublish`; of these two nobody has checked what they are.
  const { data, hash, timestamp } = JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>
  return { data, ...(typeof hash === 'string' ? { hash } : {}), ...(typeof timestamp === 'number' ? { timestamp } : {}) }
}

function attached({ properties }: Message): Pick<BrokerMessage, 'headers' | 'properties'> {
  if (properties === null) return {}
  const { userProperties, ...others } = properties
  return {
    ...(userProperties === undefined ? {} : { headers: userProperties }),
    ...(Object.keys(others).length === 0 ? {} : { properties: others }),
  }
}
