/** Messages as a person handles them: the retained ones, a live tail, and publishing by a call. */
import { z } from 'zod'
import { isoTime, type RouteDefinition, type SocketDefinition } from '../../http/contract.ts'
import { failure, name } from './fields.ts'

const sessionParams = z.object({ name })
const topic = z.string({ error: 'topic must be a text' }).min(1, 'topic is required').max(1_024, 'topic may have at most 1024 characters')
const filter = topic.describe('An MQTT topic filter, with + and #; a leading wildcard does not reach topics that begin with $')
const base64 = z.string().regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'must be Base64')

/** What MQTT 5 clients attach to a message. */
const properties = z.object({
  payloadFormatIndicator: z.boolean().optional(),
  contentType: z.string().max(65_535).optional(),
  responseTopic: z.string().max(1_024).optional(),
  correlationData: base64.max(87_380).optional(),
})
const headers = z.record(z.string(), z.union([z.string(), z.array(z.string())]))

export const brokerMessage = z.object({
  topic: z.string(),
  messageId: z.string(),
  publisher: z.string(),
  at: isoTime,
  expiresAt: isoTime.nullable(),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  /** It was kept before whoever looks began to; so is every retained message. */
  retained: z.boolean(),
  /** Its publisher asked for it to be retained. */
  retain: z.boolean(),
  /** Which protocol it was published in: JSON clients' `data` may be any JSON, MQTT clients publish text or bytes. */
  source: z.enum(['json', 'mqtt']),
  bytes: z.int(),
  data: z.unknown(),
  /** There when `data` is Base64 of bytes that are no text. */
  encoding: z.literal('base64').optional(),
  /** As a JSON client gave them. */
  hash: z.string().optional(),
  timestamp: z.number().optional(),
  /** User properties of MQTT 5. */
  headers: headers.optional(),
  properties: properties.optional(),
})
export type BrokerMessage = z.output<typeof brokerMessage>

export const retainedMessage = brokerMessage
  .pick({ topic: true, messageId: true, publisher: true, at: true, expiresAt: true, bytes: true })
  .extend({
    /** The first characters of what was sent; encrypted where the clients encrypt. */
    preview: z.string(),
  })
export type RetainedMessage = z.output<typeof retainedMessage>

/** A line of a tail, and of a recording. */
export type TailLine =
  | ({ type: 'message' } & BrokerMessage)
  /** So many were not sent, since the reader did not keep up. */
  | { type: 'skipped'; count: number }
  /** The last line. */
  | { type: 'ended'; reason: 'suspended' | 'dropped' | 'kicked' | 'shutdown' | 'key-revoked' | 'done' }

const published = {
  /** Any JSON; with `encoding` it is Base64. */
  data: z.unknown().nonoptional('data is required'),
  encoding: z.literal('base64').optional(),
  /** `mqtt` where there are bytes, headers or properties, otherwise `json`. */
  source: z.enum(['json', 'mqtt']).optional(),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(1),
  /** Ms; left out or null, the session's `messageExpiryTime`. */
  ttl: z.int().min(1).nullable().optional(),
  /** Only for JSON clients; the SHA-256 of `data` when left out. */
  hash: z.string().max(1_024).optional(),
  timestamp: z.number().optional(),
  headers: headers.optional(),
  properties: properties.optional(),
}
const outcome = z.object({
  messageId: z.string(),
  /** Subscribers that are there; a live tail is none. */
  deliveredTo: z.int(),
  /** Named subscribers that are away. */
  queuedFor: z.int(),
})
const publication = z.object({
  topic,
  ...published,
  retain: z.boolean().default(false),
  messageId: z.string().min(1).max(128).optional(),
})
export type PublicationInput = z.output<typeof publication>
/** A message of 10 MiB, which is what a session takes at most, as Base64. */
const bodyLimit = 16 * 1_048_576
const refusals = {
  400: failure('Invalid'),
  404: failure('No such session'),
  409: failure('The session does not take it: it is suspended, or a limit of it is reached'),
  507: failure('It could not be stored'),
}
const tailQuery = z.object({
  topic: filter.default('#'),
  retained: z.stringbool().default(false).describe('First the retained messages that match'),
})

export const messageRoutes = {
  publishMessage: {
    method: 'POST',
    path: '/v1/sessions/:name/messages',
    tag: 'Messages',
    summary: 'Publish a message',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    body: publication,
    bodyLimit,
    responses: { 200: { description: 'As durable as the session asks for', body: outcome }, ...refusals },
  },
  retained: {
    method: 'GET',
    path: '/v1/sessions/:name/retained',
    tag: 'Retained messages',
    summary: 'Retained messages by topic, page by page',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    query: z.object({
      topic: filter.default('#'),
      after: z.string().max(1_024).optional().describe('The last topic of the page before'),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    responses: {
      200: {
        description: 'One page, how many match in all, and where the next page begins',
        body: z.object({ messages: z.array(retainedMessage), total: z.int(), next: z.string().nullable() }),
      },
      400: failure('No topic filter'),
      404: failure('No such session'),
    },
  },
  retainedMessage: {
    method: 'GET',
    path: '/v1/sessions/:name/retained/message',
    tag: 'Retained messages',
    summary: 'The retained message of one topic in full',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    query: z.object({ topic }),
    responses: {
      200: { description: 'The message', body: brokerMessage },
      400: failure('No topic'),
      404: failure('No such session, or nothing is retained there'),
    },
  },
  setRetained: {
    method: 'PUT',
    path: '/v1/sessions/:name/retained/message',
    tag: 'Retained messages',
    summary: 'Publish what a topic keeps for new subscribers',
    description: 'Whoever subscribes gets it now as well. With `replaces` it is refused where the topic has another message meanwhile.',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    query: z.object({ topic }),
    body: z.object({ ...published, replaces: z.string().max(128).optional() }),
    bodyLimit,
    responses: { 200: { description: 'As durable as the session asks for', body: outcome }, ...refusals },
  },
  removeRetained: {
    method: 'DELETE',
    path: '/v1/sessions/:name/retained',
    tag: 'Retained messages',
    summary: 'Forget the retained messages that match a filter',
    description: 'A topic is a filter that matches itself. Nobody is sent anything by it.',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    query: z.object({ topic: filter }),
    responses: {
      200: { description: 'How many were forgotten', body: z.object({ removed: z.int() }) },
      400: failure('No topic filter'),
      404: failure('No such session'),
      507: failure('It could not be stored'),
    },
  },
  tailLines: {
    method: 'GET',
    path: '/v1/sessions/:name/tail.ndjson',
    tag: 'Messages',
    summary: 'What is published, as it is published: one JSON object per line',
    description:
      'For curl and jq. Lines are of type `message`, `skipped` (so many were not sent, since the reader was too slow) and `ended`. ' +
      'Nothing is stored for it and nothing taken from anybody.',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    query: tailQuery.extend({ count: z.coerce.number().int().min(1).optional().describe('Ends after so many messages') }),
    bodyType: 'raw',
    responses: {
      200: { description: 'Lines until the reader goes or the session ends', contentType: 'application/x-ndjson' },
      400: failure('No topic filter'),
      404: failure('No such session'),
      409: failure('The session is suspended'),
      429: failure('Too many tails'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

export const tailSocket = {
  path: '/v1/sessions/:name/tail',
  summary: 'What is published, as it is published: each frame holds lines as `tail.ndjson` has them',
  tag: 'Messages',
  access: 'key',
  right: 'brokers:use',
  params: sessionParams,
  query: tailQuery,
} as const satisfies SocketDefinition

export const messageFaults = {
  'invalid-topic': {
    status: 400,
    remedy: 'Give a topic as MQTT has it: up to 1,024 characters, wildcards only where a filter is asked for.',
  },
  'invalid-message': { status: 400, remedy: 'Correct what the message names.' },
  'empty-retained': {
    status: 400,
    message: 'An empty message would take away what is retained',
    remedy: 'Give data that is not empty, or delete what is retained.',
  },
  'nothing-retained': {
    status: 404,
    message: 'Nothing is retained on this topic',
    remedy: 'Check the topic; the message may have expired.',
  },
  'retained-changed': {
    status: 409,
    message: 'Another message is retained on this topic by now',
    remedy: 'Read what is retained now, then change that.',
  },
  'publish-refused': { status: 409, remedy: 'Do what the message says: resume the session, make room in it, or raise its limit.' },
  'too-many-tails': { status: 429, message: 'Too many tails are open', remedy: 'End a live tail that nobody needs any more.' },
} as const
