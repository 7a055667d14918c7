/** What is told of bots. */
import { z } from 'zod'
import { eventType } from '../events/event-types.ts'
import { botCause } from './contract/native/causes.ts'

/** Of the state, where it has one. */
const reason = { reason: z.string().optional(), cause: botCause.optional() }
const rule = { rule: z.string() }

export const botEvents = {
  'bot-stopped': eventType('neutral', reason),
  // Only on the way: shown, not kept.
  'bot-starting': eventType('busy', reason, { audited: false }),
  'bot-pairing': eventType('busy', reason),
  'bot-online': eventType('good', reason),
  'bot-reconnecting': eventType('busy', reason),
  'bot-logged-out': eventType('bad', reason),
  'bot-blocked': eventType('bad', reason),
  'bot-replaced': eventType('bad', reason),
  'bot-failed': eventType('attention', reason),

  'bot-restricted': eventType('attention', { reason: z.string().optional() }),
  'bot-unrestricted': eventType('good'),

  'bot-created': eventType('neutral'),
  'bot-changed': eventType('neutral'),
  'bot-deleted': eventType('neutral'),
  'bot-unlinked': eventType('neutral'),
  'bot-backed-up': eventType('good'),
  'bot-restored': eventType('neutral'),
  'bot-rule-added': eventType('neutral', rule),
  'bot-rule-changed': eventType('neutral', rule),
  'bot-rule-removed': eventType('neutral', rule),
  'bot-rule-failed': eventType('attention', { ...rule, problem: z.string().optional() }),
}
