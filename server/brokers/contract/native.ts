/** The native resource `/v1/sessions`: what the window and scripts need and the published contract has no words for. */
import { z } from 'zod'
import type { RouteDefinition } from '../../http/contract.ts'
import { chosenPolicy, failure, name, sessionExpiry } from './fields.ts'
import { brokerClient, brokerSession, brokerTopic, deadLetter, heldMessage } from './native-schemas.ts'

const sessionParams = z.object({ name })
const limit = z.coerce.number().int().min(1).max(1_000).default(100)
/** Some by their ids, or all. */
const some = z.union([z.object({ ids: z.array(z.int()).min(1).max(10_000) }), z.object({ all: z.literal(true) })])

export const nativeRoutes = {
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
} as const satisfies Record<string, RouteDefinition>
