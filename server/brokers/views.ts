/** What the native API shows of sessions, clients, topics and messages. */
import { iso } from '../clock.ts'
import { utf8 } from './connections/json/json-frames.ts'
import type { BrokerClient, BrokerDeadLetter, BrokerSession, HeldMessage } from './contract/index.ts'
import type { ClientFacts, DeadLetter, Message, TenantFigures, WaitingMessage } from './engine/types.ts'
import type { StoredSession } from './store.ts'

const previewLength = 200
export const shownTopics = 200
/** Bytes of a frame up to which it is read for its preview. */
const largestRead = 2_048

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

export function sessionView(session: StoredSession, figures: TenantFigures): BrokerSession {
  const { depth: _, deliveredRate: __, newestDeadLetterAt: ___, oldestUnackedAt, ...counts } = figures
  return {
    name: session.name,
    state: session.suspended ? 'suspended' : 'running',
    createdAt: iso(session.createdAt),
    expiresAt: isoOrNull(session.expiresAt),
    ...counts,
    oldestUnackedAt: isoOrNull(oldestUnackedAt),
    policy: session.policy,
  }
}

/** Connections, then the named clients that are away; those with the most to do first. */
export function clientViews(clients: readonly ClientFacts[]): BrokerClient[] {
  return clients.map(clientView).sort((a, b) => b.unacked - a.unacked || (a.name < b.name ? -1 : 1))
}

export function heldMessageView({ message, waitingFor }: WaitingMessage): HeldMessage {
  const { seq, id, topic, publisher, acceptedAt, expiresAt, body } = message
  return {
    ...{ seq, messageId: id, topic, publisher, waitingFor: [...waitingFor] },
    acceptedAt: iso(acceptedAt),
    expiresAt: isoOrNull(expiresAt),
    bytes: body.length,
    preview: previewOf(message),
  }
}

export function deadLetterView({ id, at, message, subscriberKey, reason, tries }: DeadLetter): BrokerDeadLetter {
  return {
    id,
    at: iso(at),
    messageId: message.id,
    topic: message.topic,
    subscriber: subscriberKey,
    reason,
    tries,
    acceptedAt: iso(message.acceptedAt),
    bytes: message.body.length,
    preview: previewOf(message),
  }
}

function clientView({ subscriberId, key, connection, awaySince, topics, unacked, queuedBytes }: ClientFacts): BrokerClient {
  return {
    ...{ subscriberId, key, unacked, queuedBytes, topics: [...topics] },
    linkId: connection?.id ?? null,
    name: connection?.name ?? key.replace(/^[a-z]+:?/, ''),
    protocol: connection?.protocol ?? null,
    address: connection?.address ?? null,
    connectedAt: isoOrNull(connection?.connectedAt ?? null),
    awaySince: isoOrNull(awaySince),
    slow: connection?.isStalled ?? false,
  }
}

/** The first characters of what was sent. */
export function previewOf({ source, body }: Message): string {
  if (source === 'mqtt') return utf8(body.subarray(0, previewLength)) ?? body.subarray(0, previewLength / 2).toString('hex')
  if (body.length > largestRead) return previewOfLarge(body)
  const { data } = JSON.parse(body.toString('utf8')) as { data: unknown } // built by `readPublish`
  return (typeof data === 'string' ? data : JSON.stringify(data)).slice(0, previewLength)
}

/** Of a frame that is too large to be read for this: a quote within its topic is escaped, so the first of these is the field. */
function previewOfLarge(body: Buffer): string {
  const text = body.subarray(0, 16_384).toString('utf8')
  const start = text.slice(text.indexOf('"data":') + 7).slice(0, previewLength)
  const letters = /^"((?:[^"\\]|\\.)*)/.exec(start)?.[1]
  // An escape at the end may be cut.
  return letters === undefined ? start : (JSON.parse(`"${letters.replace(/\\u[0-9a-f]{0,3}$/i, '')}"`) as string)
}
