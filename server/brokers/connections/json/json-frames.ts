/** The JSON protocol's frames: what comes in is checked field by field, what goes out is built as text. */
import { createHash } from 'node:crypto'
import type { Message, Receipt, Refusal } from '../../engine/types.ts'
import { payloadOf, webSocketFrame } from '../shared/wire.ts'

export type Frame = Readonly<Record<string, unknown>> & { readonly type: string }

/** Null when the text is no JSON object with a type, which the protocol leaves without an answer. */
export function parseFrame(text: string): Frame | 'unparsable' {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { type: '' }
    // Checked right above: an object, whose type is made a text here.
    const frame = value as Record<string, unknown>
    return typeof frame['type'] === 'string' ? (frame as Frame) : { ...frame, type: '' }
  } catch {
    return 'unparsable'
  }
}

const longestId = 128
/** What is nested more deeply no client of today could have written by hand; JSON.stringify would run out of stack on it. */
const deepest = 64

export interface PublishFrame {
  topic: string
  id: string
  /** What subscribers get, ready to be written. */
  frame: Buffer
  /** The text in it. */
  body: Buffer
  isEmpty: boolean
  retain: boolean
  qos: 0 | 1
  expiresIn: number | null
}

/** The fields of a `publish`; a text says what is wrong with them. */
export function readPublish(
  { topic, data, hash, timestamp, messageId, retain, ttl, qos }: Frame,
  newMessageId: () => string,
): PublishFrame | string {
  if (typeof topic !== 'string' || topic === '' || data === undefined) return 'topic and data are required'
  if (messageId !== undefined && (typeof messageId !== 'string' || messageId === '' || messageId.length > longestId))
    return `messageId must be a text of at most ${longestId} characters`
  if (retain !== undefined && typeof retain !== 'boolean') return 'retain must be true or false'
  if (ttl !== undefined && ttl !== null && (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 1))
    return 'ttl must be a whole number of ms'
  if (qos !== undefined && qos !== 0 && qos !== 1) return 'qos must be 0 or 1'
  if ([data, hash, timestamp].some((value) => isDeeperThan(deepest, value))) return `data may be nested ${deepest} levels deep at most`
  const id = messageId ?? newMessageId()
  // The order of the fields is the original's; what was left out stays out.
  const frame = webSocketFrame(JSON.stringify({ type: 'message', topic, data, hash, timestamp, messageId: id }), 'text')
  return { topic, id, frame, body: payloadOf(frame), isEmpty: data === '', retain: retain ?? false, qos: qos ?? 1, expiresIn: ttl ?? null }
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeperThan(levels - 1, each))
}

/** What a message's frame may carry behind its own fields. */
export interface FrameFields {
  /** From the second send on. */
  retry?: number
  /** It was kept for new subscribers. */
  retained?: true
  /** The shared subscriptions through which it comes; absent without any. */
  shared?: readonly string[]
  /** Beside `shared`, through a subscription of the client's own too. */
  own?: true
}

/** A message as its subscribers get it, the same for all. */
export function messageFrame(message: Message): Buffer {
  message.frame ??= webSocketFrame(jsonBody(message), 'text')
  return message.frame
}

export function messageFrameWith(message: Message, fields: FrameFields): Buffer {
  const body = jsonBody(message).toString('utf8')
  return webSocketFrame(`${body.slice(0, -1)},${JSON.stringify(fields).slice(1)}`, 'text')
}

export function sharedBy(shares: readonly string[], isOwn: boolean): Pick<FrameFields, 'shared' | 'own'> {
  if (shares.length === 0) return {}
  return { shared: shares.map((share) => `$share/${share}`), ...(isOwn ? { own: true } : {}) }
}

/** What an MQTT client published, as JSON clients get it: text as it is, other bytes as Base64 and named so. */
function jsonBody({ source, body, topic, acceptedAt, id, properties }: Message): Buffer {
  if (source === 'json') return body
  const text = utf8(body)
  const data = text ?? body.toString('base64')
  const { userProperties } = properties ?? {}
  return Buffer.from(
    JSON.stringify({
      type: 'message',
      topic,
      data,
      hash: createHash('sha256').update(data).digest('hex'),
      timestamp: acceptedAt,
      messageId: id,
      ...(text === null ? { encoding: 'base64' } : {}),
      ...(userProperties === undefined ? {} : { properties: userProperties }),
    }),
  )
}

/** What was published, for readers that are no clients: the text or JSON of a JSON client, the text or bytes of an MQTT client. */
export function contentOf({ source, body }: Pick<Message, 'source' | 'body'>): { data: unknown; encoding?: 'base64' } {
  // Built by `readPublish`.
  if (source === 'json') return { data: (JSON.parse(body.toString('utf8')) as { data: unknown }).data }
  const text = utf8(body)
  return text === null ? { data: body.toString('base64'), encoding: 'base64' } : { data: text }
}

export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

export const refusalTexts: Readonly<Record<Refusal, string>> = {
  'queue-full': 'Queue is full',
  'session-full': 'Session storage is full',
  'too-large': 'Message is too large',
  'too-fast': 'Publish rate exceeded',
  'storage-failed': 'Message could not be stored',
  'invalid-topic': 'Invalid topic',
  'reserved-topic': 'sys/logs is reserved',
  'system-topic': '$SYS is reserved',
  suspended: 'Session is suspended',
  'not-allowed': 'Not allowed to publish on this topic',
}

/** The answers to a publish: `publish_response`, and `ack_received` for clients that publish again until it comes. */
export function receiptFrames({ token, topic, deliveredTo, queuedFor, duplicate, refusal }: Receipt): Buffer {
  const messageId = JSON.stringify(token)
  if (refusal !== null)
    return webSocketFrame(
      `{"type":"publish_response","success":false,"error":${JSON.stringify(refusalTexts[refusal])},"messageId":${messageId}}`,
      'text',
    )
  const response = webSocketFrame(
    `{"type":"publish_response","success":true,"messageId":${messageId},"deliveredTo":${deliveredTo}${queuedFor > 0 ? `,"queuedFor":${queuedFor}` : ''}${duplicate ? ',"duplicate":true' : ''}}`,
    'text',
  )
  const received = webSocketFrame(`{"type":"ack_received","messageId":${messageId},"topic":${JSON.stringify(topic)}}`, 'text')
  return Buffer.concat([response, received])
}
