/** Publishing for whoever calls the API: JSON as JSON clients do, bytes and properties as MQTT clients do. */
import { createHash } from 'node:crypto'
import { escape } from '../../isolation.ts'
import { readPublish, refusalTexts } from '../connections/json/json-frames.ts'
import type { PublicationInput } from '../contract/messages.ts'
import type { Publication, Receipt } from '../engine/types.ts'
import { BrokerFault } from '../fault.ts'
import { withoutHops } from '../rules/hops.ts'
import type { BrokerService } from '../service.ts'

export interface Published {
  messageId: string
  deliveredTo: number
  queuedFor: number
}

/**
 * Resolves when the message is as durable as the session asks for. Throws `invalid-message`, `invalid-topic`, `publish-refused`,
 * `storage-failed`.
 */
export async function publish(service: BrokerService, name: string, input: PublicationInput, publisher: string): Promise<Published> {
  const { id } = service.byName(name)
  const publication = publicationOf(service, input, publisher)
  const { refusal, deliveredTo, queuedFor } = await handIn(service, id, publication)
  if (refusal === 'storage-failed') throw new BrokerFault('storage-failed')
  if (refusal === 'invalid-topic' || refusal === 'reserved-topic' || refusal === 'system-topic')
    throw new BrokerFault('invalid-topic', refusalTexts[refusal])
  if (refusal !== null) throw new BrokerFault('publish-refused', refusalTexts[refusal])
  return { messageId: publication.id, deliveredTo, queuedFor }
}

/** Resolves when the message is as durable as the session asks for, or refused. */
export function handIn(service: BrokerService, session: number, publication: Publication): Promise<Receipt> {
  return new Promise((resolve) => {
    service.engine.publish(session, publication, { id: service.clients.newConnectionId(), accepted: resolve, failed: escape })
  })
}

export function publicationOf(service: BrokerService, input: PublicationInput, publisher: string): Publication {
  const { topic, data, encoding, retain, qos, ttl, messageId, headers, properties } = input
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  const source = input.source ?? (encoding === undefined && headers === undefined && properties === undefined ? 'json' : 'mqtt')
  const shared = { topic, qos, retain, publisher, expiresIn: ttl ?? null }
  if (source === 'mqtt' || encoding !== undefined) {
    if (encoding !== undefined && (typeof data !== 'string' || !isBase64(data)))
      throw new BrokerFault('invalid-message', 'data is not Base64')
    const body = Buffer.from(text, encoding ?? 'utf8')
    return {
      ...{ ...shared, source: 'mqtt', body, frame: null, isEmpty: body.length === 0, id: messageId ?? service.clients.newMessageId() },
      properties: propertiesOf(input),
    }
  }
  const hash = input.hash ?? createHash('sha256').update(text).digest('hex')
  const timestamp = input.timestamp ?? service.clock.now()
  const read = readPublish({ type: 'publish', topic, data, hash, timestamp, messageId }, () => service.clients.newMessageId())
  if (typeof read === 'string') throw new BrokerFault('invalid-message', read)
  return { ...read, ...shared, source: 'json', properties: null }
}

function propertiesOf({ headers, properties = {} }: PublicationInput): Publication['properties'] {
  const given = Object.entries({ ...properties, userProperties: headers }).filter(([, value]) => value !== undefined)
  return given.length === 0 ? null : withoutHops(Object.fromEntries(given))
}

const isBase64 = (text: string): boolean => Buffer.from(text, 'base64').toString('base64') === text
