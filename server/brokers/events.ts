/** What is told of broker sessions, their clients and their storage. */
import { z } from 'zod'
import { eventType } from '../events/event-types.ts'

export const brokerEvents = {
  'session-created': eventType('good'),
  'session-changed': eventType('neutral'),
  'session-suspended': eventType('attention'),
  'session-resumed': eventType('good'),
  'session-dropped': eventType('neutral', { /** Its time was over. */ expired: z.boolean() }),
  'secret-rotated': eventType('neutral'),
  'retained-deleted': eventType('neutral', { /** Of their topics. */ filter: z.string(), count: z.number() }),
  'client-evicted': eventType('attention', { session: z.string() }),
  'dead-letter': eventType('attention', { topic: z.string(), reason: z.string(), subscriber: z.string(), messageId: z.string() }),
  'named-client-added': eventType('good', { client: z.string() }),
  'named-client-changed': eventType('neutral', { client: z.string() }),
  'named-client-revoked': eventType('attention', { client: z.string() }),
  'bridge-created': eventType('good', { bridge: z.string() }),
  'bridge-changed': eventType('neutral', { bridge: z.string() }),
  'bridge-removed': eventType('neutral', { bridge: z.string() }),
  'bridge-up': eventType('good', { bridge: z.string() }),
  'bridge-down': eventType('attention', { bridge: z.string(), reason: z.string() }),
  'rule-added': eventType('good', { rule: z.string() }),
  'rule-changed': eventType('neutral', { rule: z.string() }),
  'rule-removed': eventType('neutral', { rule: z.string() }),
  'rule-failing': eventType('attention', { rule: z.string(), problem: z.string() }),
  'rule-works': eventType('good', { rule: z.string() }),
  'storage-failed': eventType('bad', { error: z.string() }),
  'storage-works': eventType('good'),
}
