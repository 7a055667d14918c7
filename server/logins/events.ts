/** What is told of login sessions, their users and the keys that sign. */
import { z } from 'zod'
import { eventType } from '../events/event-types.ts'

const session = { session: z.string(), user: z.string(), address: z.string().nullable(), reason: z.string().optional() }
const user = { user: z.string(), role: z.string(), active: z.boolean() }

export const loginEvents = {
  'session-created': eventType('good', session),
  'session-renewed': eventType('neutral', session),
  'session-ended': eventType('neutral', session),
  'token-reused': eventType('bad', session),
  'session-denied': eventType('attention', { user: z.string(), live: z.number() }),
  'sessions-ended': eventType(({ user }) => (user === undefined ? 'attention' : 'neutral'), {
    /** Whose all were; without one, those that a filter chose. */
    user: z.string().optional(),
    sessions: z.number(),
  }),
  'login-failed': eventType('attention', { address: z.string() }),
  'user-created': eventType('neutral', user),
  'user-changed': eventType('neutral', user),
  'user-removed': eventType('neutral', user),
  'key-rotated': eventType('neutral', { algorithm: z.string() }),
  'key-removed': eventType('attention', { algorithm: z.string() }),
  'keys-lost': eventType('bad', { before: z.string(), beforeAlgorithm: z.string(), algorithm: z.string() }),
  'keys-given-up': eventType('attention', { keys: z.number(), removed: z.boolean() }),
}
