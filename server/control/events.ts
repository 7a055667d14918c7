/** What is told of keys, accounts, sign-ins and settings. */
import { z } from 'zod'
import { eventType } from '../events/event-types.ts'

const account = { id: z.string(), credits: z.number() }
const key = { id: z.string(), prefix: z.string() }

export const controlEvents = {
  'settings-changed': eventType('neutral'),
  'sealing-key-read': eventType('neutral'),
  'key-created': eventType('good', { ...key, rights: z.string() }),
  'key-narrowed': eventType('neutral', { ...key, rights: z.string() }),
  'key-revoked': eventType('attention', key),
  'user-created': eventType('neutral', account),
  'user-changed': eventType('neutral', account),
  'user-removed': eventType('neutral', account),
  'signed-in': eventType('neutral', { with: z.enum(['link', 'key']) }),
  'signed-out': eventType('neutral'),
  'signed-out-all': eventType('neutral', { count: z.number() }),
}
