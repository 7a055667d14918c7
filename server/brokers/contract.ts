/**
 * The brokers API. The first block is the published fastPort contract; below it the native resource `/v1/sessions`, which the window
 * and scripts use for what the contract has no words for. The wire protocol stands in `docs/brokers.md`.
 */
import { z } from 'zod'
import { defineContract, isoTime, type Problem } from '../http/contract.ts'
import { durability, overflowPolicy, policySchema } from './policy.ts'

const hasControlCharacter = (text: string): boolean => [...text].some((letter) => letter < ' ' || letter === '\x7f')
const name = z
  .string({ error: 'sessionName must be a text' })
  .min(1, 'sessionName and password are required')
  .max(128, 'sessionName may have at most 128 characters')
  .refine((text) => !hasControlCharacter(text), 'sessionName may not contain control characters')
const password = z
  .string({ error: 'password must be a text' })
  .min(1, 'sessionName and password are required')
  .max(1_024, 'password may have at most 1024 characters')
const secretKey = z.string({ error: 'secretKey must be a text' }).max(1_024)

/** ISO text, ms since the epoch (from 1e11 on) or a duration in ms (below); null for never. */
const expiryText = 'sessionExpiry must be an ISO time, ms since the epoch or a duration in ms'
const sessionExpiry = z
  .union(
    [
      z.iso.datetime({ offset: true, local: true, error: expiryText }),
      z.iso.date({ error: expiryText }),
      z.int({ error: expiryText }).min(1, expiryText).max(8_640_000_000_000_000, expiryText),
    ],
    { error: expiryText },
  )
  .nullable()
export type SessionExpiry = z.output<typeof sessionExpiry>

/** What may be chosen when a session is made: the contract's four fields and ours beside them. */
const chosenPolicy = policySchema.partial()

const failed = z.object({ success: z.literal(false), error: z.string(), request_id: z.string().optional() })
const failure = (description: string) => ({ description, body: failed })

const credentials = { sessionName: name, password, secretKey }
const created = z.object({
  success: z.literal(true),
  sessionName: z.string(),
  password: z.string(),
  secretKey: z.string(),
  sessionExpiry: isoTime.nullable(),
})

export const sessionState = z.enum(['running', 'suspended'])

export const brokerSession = z.object({
  name: z.string(),
  state: sessionState,
  createdAt: isoTime,
  expiresAt: isoTime.nullable(),
  clients: z.int(),
  /** Named clients, with those that are away. */
  subscribers: z.int(),
  topics: z.int(),
  /** Messages a second. */
  published: z.number(),
  delivered: z.number(),
  publishedTotal: z.number(),
  deliveredTotal: z.number(),
  /** Deliveries that are not acknowledged. */
  queued: z.int(),
  storedBytes: z.int(),
  oldestUnackedAt: isoTime.nullable(),
  deadLetters: z.int(),
  /** Dead letters that the limit pushed out. */
  deadForgotten: z.int(),
  policy: policySchema,
})
export type BrokerSession = z.output<typeof brokerSession>

export const brokerClient = z.object({
  /** Of the connection; null while the client is away. */
  linkId: z.int().nullable(),
  subscriberId: z.int(),
  name: z.string(),
  /** `user:NAME`, `mqtt:CLIENTID` or `anonymous:N`. */
  key: z.string(),
  protocol: z.enum(['json', 'mqtt-3.1.1', 'mqtt-5']).nullable(),
  address: z.string().nullable(),
  connectedAt: isoTime.nullable(),
  awaySince: isoTime.nullable(),
  topics: z.array(z.string()),
  unacked: z.int(),
  queuedBytes: z.int(),
  /** It does not take what is sent to it. */
  slow: z.boolean(),
})
export type BrokerClient = z.output<typeof brokerClient>

export const brokerTopic = z.object({
  topic: z.string(),
  subscribers: z.int(),
  published: z.number(),
  publishedTotal: z.number(),
  queued: z.int(),
  retained: z.boolean(),
})
export type BrokerTopic = z.output<typeof brokerTopic>

export const heldMessage = z.object({
  seq: z.int(),
  messageId: z.string(),
  topic: z.string(),
  publisher: z.string(),
  acceptedAt: isoTime,
  expiresAt: isoTime.nullable(),
  bytes: z.int(),
  /** The first characters of what was sent; encrypted where the clients encrypt. */
  preview: z.string(),
  waitingFor: z.array(z.object({ key: z.string(), tries: z.int(), state: z.enum(['queued', 'sent']) })),
})
export type HeldMessage = z.output<typeof heldMessage>

export const deadReason = z.enum(['expired', 'max-retries', 'overflow', 'oversized', 'subscriber-gone', 'unsendable'])
export const deadLetter = z.object({
  id: z.int(),
  at: isoTime,
  messageId: z.string(),
  topic: z.string(),
  subscriber: z.string(),
  reason: deadReason,
  tries: z.int(),
  acceptedAt: isoTime,
  bytes: z.int(),
  preview: z.string(),
})
export type BrokerDeadLetter = z.output<typeof deadLetter>

const sessionParams = z.object({ name })
const limit = z.coerce.number().int().min(1).max(1_000).default(100)
/** Some by their ids, or all. */
const some = z.union([z.object({ ids: z.array(z.int()).min(1).max(10_000) }), z.object({ all: z.literal(true) })])

export const brokersContract = defineContract({
  api: 'brokers',
  title: 'Brokers',
  version: '1.0.0',
  description: 'Virtual message brokers: each session is a private broker with its own clients, topics and queues.',
  subject: { params: ['name'], missing: 'no-such-session' },
  routes: {
    createSession: {
      method: 'POST',
      path: '/api/createSession',
      tag: 'Contract',
      summary: 'Create a session',
      description: 'The secret key is shown once: it is needed to suspend and drop the session.',
      access: 'local',
      right: 'brokers:use',
      body: chosenPolicy.extend({ sessionName: name, password, sessionExpiry: sessionExpiry.default(null) }),
      responses: { 200: { description: 'The session', body: created }, 400: failure('A field is missing or wrong, or the name is taken') },
    },
    suspendSession: {
      method: 'POST',
      path: '/api/suspendSession',
      tag: 'Contract',
      summary: 'Suspend a session, or end its suspension',
      description: 'Refuses logins and messages, and disconnects its clients with close code 4403.',
      access: 'local',
      right: 'brokers:use',
      body: z.object({ ...credentials, suspend: z.boolean({ error: 'suspend must be true or false' }).default(true) }),
      responses: {
        200: { description: 'Done', body: z.object({ success: z.literal(true), suspended: z.boolean() }) },
        400: failure('Session not found, or invalid credentials'),
      },
    },
    dropSession: {
      method: 'POST',
      path: '/api/dropSession',
      tag: 'Contract',
      summary: 'Delete a session with everything it holds',
      description: 'Disconnects its clients with close code 4410.',
      access: 'local',
      right: 'brokers:use',
      body: z.object(credentials),
      responses: {
        200: { description: 'Gone', body: z.object({ success: z.literal(true) }) },
        400: failure('Session not found, or invalid credentials'),
      },
    },
    adminSessions: {
      method: 'GET',
      path: '/api/admin/sessions',
      tag: 'Contract',
      summary: 'All sessions, without their secrets',
      access: 'key',
      right: 'brokers:manage',
      responses: {
        200: {
          description: 'Sessions',
          body: z.object({
            success: z.literal(true),
            sessions: z.array(
              z.object({
                sessionName: z.string(),
                suspended: z.boolean(),
                createdAt: isoTime,
                sessionExpiry: isoTime.nullable(),
                clients: z.int(),
              }),
            ),
          }),
        },
        401: failure('No key'),
      },
    },
    adminStats: {
      method: 'GET',
      path: '/api/admin/stats',
      tag: 'Contract',
      summary: 'Uptime, memory and connections',
      access: 'key',
      right: 'brokers:manage',
      responses: {
        200: {
          description: 'Figures',
          body: z.object({ success: z.literal(true), uptime: z.number(), memory: z.number(), connections: z.int(), sessions: z.int() }),
        },
        401: failure('No key'),
      },
    },

    sessions: {
      method: 'GET',
      path: '/v1/sessions',
      tag: 'Sessions',
      summary: 'All sessions with what they hold',
      access: 'key',
      right: 'brokers:use',
      responses: {
        200: {
          description: 'Sessions by name, and half an hour of deliveries a second, one point every ten seconds',
          body: z.object({ sessions: z.array(brokerSession), deliveries: z.array(z.number()) }),
        },
      },
    },
    session: {
      method: 'GET',
      path: '/v1/sessions/:name',
      tag: 'Sessions',
      summary: 'One session with its clients, topics and charts',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      responses: {
        200: {
          description: 'The session; charts hold one point every ten seconds, the newest last',
          body: z.object({
            session: brokerSession,
            clients: z.array(brokerClient),
            topics: z.array(brokerTopic),
            depth: z.array(z.number()),
            deliveries: z.array(z.number()),
          }),
        },
        404: failure('No such session'),
      },
    },
    changeSession: {
      method: 'PATCH',
      path: '/v1/sessions/:name',
      tag: 'Sessions',
      summary: 'Suspend or resume a session, change its policy or expiry',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      body: z.object({ suspended: z.boolean().optional(), expiry: sessionExpiry.optional(), policy: chosenPolicy.optional() }),
      responses: { 200: { description: 'The session', body: brokerSession }, 400: failure('Invalid'), 404: failure('No such session') },
    },
    removeSession: {
      method: 'DELETE',
      path: '/v1/sessions/:name',
      tag: 'Sessions',
      summary: 'Drop a session with everything it holds',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      responses: { 204: { description: 'Gone' }, 404: failure('No such session') },
    },
    rotateSecret: {
      method: 'POST',
      path: '/v1/sessions/:name/secret',
      tag: 'Sessions',
      summary: 'Replace the secret key; the old one ends at once',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      responses: {
        200: { description: 'The new secret key, shown once', body: z.object({ secretKey: z.string() }) },
        404: failure('No such session'),
      },
    },
    createPass: {
      method: 'POST',
      path: '/v1/sessions/:name/passes',
      tag: 'Sessions',
      summary: 'A password that lets one client in once, within 30 seconds',
      description: 'How the window connects its test publisher without knowing the password of the session.',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      responses: { 200: { description: 'The pass', body: z.object({ password: z.string() }) }, 404: failure('No such session') },
    },
    kickClient: {
      method: 'DELETE',
      path: '/v1/sessions/:name/clients/:link',
      tag: 'Clients',
      summary: 'Disconnect a client',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams.extend({ link: z.coerce.number().int() }),
      responses: { 204: { description: 'Disconnected' }, 404: failure('No such session or client') },
    },
    removeSubscriber: {
      method: 'DELETE',
      path: '/v1/sessions/:name/subscribers/:subscriber',
      tag: 'Clients',
      summary: 'Forget a client that is away, with its subscriptions and queue',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams.extend({ subscriber: z.coerce.number().int() }),
      responses: { 204: { description: 'Forgotten' }, 404: failure('No such session or client') },
    },
    purgeQueue: {
      method: 'POST',
      path: '/v1/sessions/:name/subscribers/:subscriber/purge',
      tag: 'Clients',
      summary: 'Empty the queue of a client',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams.extend({ subscriber: z.coerce.number().int() }),
      responses: {
        200: { description: 'How many messages were taken out', body: z.object({ purged: z.int() }) },
        404: failure('No such session or client'),
      },
    },
    messages: {
      method: 'GET',
      path: '/v1/sessions/:name/messages',
      tag: 'Messages',
      summary: 'Look at waiting messages without consuming them, the oldest first',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      query: z.object({ topic: z.string().max(1_024).optional(), subscriber: z.coerce.number().int().optional(), limit }),
      responses: { 200: { description: 'Messages', body: z.object({ messages: z.array(heldMessage) }) }, 404: failure('No such session') },
    },
    deadLetters: {
      method: 'GET',
      path: '/v1/sessions/:name/dead-letters',
      tag: 'Dead letters',
      summary: 'What could not be delivered, the newest first',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      query: z.object({ limit }),
      responses: {
        200: { description: 'Dead letters', body: z.object({ deadLetters: z.array(deadLetter), total: z.int() }) },
        404: failure('No such session'),
      },
    },
    replayDeadLetters: {
      method: 'POST',
      path: '/v1/sessions/:name/dead-letters/replay',
      tag: 'Dead letters',
      summary: 'Give dead letters to their subscribers again',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      body: some,
      responses: {
        200: {
          description: 'How many were replayed, and how many nobody listens for any more',
          body: z.object({ replayed: z.int(), kept: z.int() }),
        },
        404: failure('No such session'),
      },
    },
    purgeDeadLetters: {
      method: 'POST',
      path: '/v1/sessions/:name/dead-letters/purge',
      tag: 'Dead letters',
      summary: 'Delete dead letters',
      access: 'key',
      right: 'brokers:use',
      params: sessionParams,
      body: some,
      responses: { 200: { description: 'How many were deleted', body: z.object({ purged: z.int() }) }, 404: failure('No such session') },
    },
  },
  sockets: {
    broker: {
      path: '/',
      anyPath: true,
      summary: 'The broker: JSON frames, or MQTT under the sub-protocol `mqtt`',
      description: 'A client says who it is with its first frame (`init`, or MQTT CONNECT): session name and password.',
      tag: 'Contract',
      access: 'public',
      right: 'anyone',
      ownCredential: true,
      protocols: ['mqtt'],
      maxMessageBytes: 10_485_760,
    },
  },
  faults: {
    'session-not-found': { status: 400, message: 'Session not found' },
    'session-exists': { status: 400, message: 'Session already exists' },
    'invalid-credentials': { status: 400, message: 'Invalid credentials' },
    'no-such-session': { status: 404, message: 'Session not found' },
    'no-such-client': { status: 404, message: 'Client not found' },
    'too-many-attempts': { status: 429, message: 'Too many attempts, wait a minute' },
    'expiry-passed': { status: 400, message: 'sessionExpiry lies in the past' },
    'storage-failed': { status: 507, message: 'It could not be stored; what was asked for may come undone' },
    'not-ready': { status: 503, message: 'The brokers are still reading their journal' },
  },
  errorSchema: failed,
  errorBody: describeFailure,
})

export { durability, overflowPolicy }

/** The contract's error shape: `{success: false, error}`. */
function describeFailure({ status, code, message, issues, requestId }: Problem): z.output<typeof failed> {
  if (code !== 'invalid-body') return { success: false, error: message, ...(status >= 500 ? { request_id: requestId } : {}) }
  if (issues.some(({ field, missing }) => field === '' || (missing && (field === 'sessionName' || field === 'password'))))
    return { success: false, error: 'sessionName and password are required' }
  const secret = issues.find(({ field, missing }) => missing && field === 'secretKey')
  if (secret !== undefined) return { success: false, error: 'secretKey is required' }
  const [first] = issues
  // Words of the library's own do not say which field they mean.
  return {
    success: false,
    error:
      first === undefined
        ? message
        : first.field === '' || first.message.includes(first.field)
          ? first.message
          : `${first.field}: ${first.message}`,
  }
}
