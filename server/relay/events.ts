/** What is told of relay sessions, the servers behind them and the use of Wheelhouse's own tools. */
import { z } from 'zod'
import { eventType } from '../events/event-types.ts'

const session = { id: z.string(), account: z.string() }
const doubt = { account: z.string(), session: z.string(), credits: z.number() }
const approval = { /** Of the session. */ id: z.string(), account: z.string(), tool: z.string(), server: z.string() }
const upstream = { transport: z.string() }
const tool = { readOnly: z.boolean(), about: z.string().optional(), /** As clients see it. */ title: z.string() }

export const relayEvents = {
  'session-created': eventType('good', session),
  'session-address-shown': eventType('neutral', session),
  'session-refreshed': eventType('neutral', session),
  'session-changed': eventType('neutral', session),
  'session-revoked': eventType('neutral', session),
  'account-rules-changed': eventType('neutral', { account: z.string() }),
  'calls-in-doubt': eventType('attention', { calls: z.number() }),
  'doubt-taken': eventType('neutral', doubt),
  'doubt-given-back': eventType('neutral', doubt),
  'upstream-added': eventType('neutral', upstream),
  'upstream-changed': eventType('neutral', upstream),
  'upstream-removed': eventType('neutral', upstream),
  'upstream-restarted': eventType('neutral', upstream),
  'upstream-installing': eventType('neutral', { /** The program that fetches it. */ by: z.string() }),
  'upstream-start-cancelled': eventType('neutral', upstream),
  /** A connection of a client's own, ended by a person. */
  'upstream-process-ended': eventType('neutral', { process: z.string() }),
  'upstream-settings-shown': eventType('neutral', upstream),
  'upstream-signed-in': eventType('neutral', upstream),
  'upstream-signed-out': eventType('neutral', upstream),
  'upstream-failed': eventType('bad', { reason: z.string() }),
  'upstream-recovered': eventType('good'),
  'tool-changed': eventType('neutral', { enabled: z.boolean(), price: z.number(), /** Its new definition. */ accepted: z.boolean() }),
  'tool-group-changed': eventType('neutral', { group: z.string() }),
  'session-profile-changed': eventType('neutral', { profile: z.string() }),
  'tool-quarantined': eventType('attention', { upstream: z.string() }),
  'call-waits': eventType('attention', approval),
  'call-taken-back': eventType('neutral', approval),
  'call-allowed': eventType('good', { ...approval, /** From now on, in this session. */ always: z.boolean() }),
  'call-refused': eventType('neutral', { ...approval, /** Nobody answered in time. */ late: z.boolean() }),
  'tool-used': eventType('neutral', tool),
  'tool-failed': eventType('attention', tool),
}
