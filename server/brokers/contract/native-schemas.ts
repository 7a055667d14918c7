/** What the native API shows of sessions, clients, topics and messages. */
import { z } from 'zod'
import { isoTime } from '../../http/contract.ts'
import { policySchema } from '../policy.ts'

export const sessionState = z.enum(['running', 'suspended'])

export const brokerSession = z.object({
  name: z.string(),
  state: sessionState,
  createdAt: isoTime,
  expiresAt: isoTime.nullable(),
  clients: z.int(),
  /** Named clients, with those that are away. */
  subscribers: z.int(),
  /** Of those, the ones that are away. */
  away: z.int(),
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
  /**
   * `user:NAME`, `mqtt:CLIENTID` or `anonymous:N`; `user@NAME` or `mqtt@NAME/CLIENTID` of a named client; `onlooker:N` is a live tail, whom
   * nobody who publishes is told of.
   */
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
