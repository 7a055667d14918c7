/** What the house hears of browser sessions and site profiles. */
import { z } from 'zod'
import { eventType } from '../events/event-types.ts'
import type { EventTone } from '../events/event.ts'
import { endReason, type EndReason } from './contract/resources.ts'

const session = { session: z.string(), profile: z.string(), text: z.string(), reason: endReason.optional() }
// These come all the time by themselves: shown, not kept.
const passing = { audited: false }

/** Those of a session's own events that the whole house hears of. */
export const sessionEvents = {
  'session-opened': eventType('busy', session),
  'session-ready': eventType('good', session),
  'session-closed': eventType(toneOfEnd, session),
  'session-crashed': eventType('bad', session),
  'login-failed': eventType('bad', session),
  'lease-taken': eventType('busy', session, passing),
  'lease-ended': eventType('neutral', session, passing),
  'took-over': eventType('attention', session),
  'given-back': eventType('neutral', session),
  refreshed: eventType(({ ok }) => (ok ? 'good' : 'attention'), { ...session, ok: z.boolean() }, passing),
  'signed-out': eventType('attention', session),
  'signed-in-again': eventType('good', session),
  'popup-blocked': eventType('neutral', session, passing),
  'download-blocked': eventType('attention', session),
  'page-crashed': eventType('bad', session),
  'not-responding': eventType('bad', session),
  answered: eventType('good', session),
}

export const browserEvents = {
  ...sessionEvents,
  'profile-made': eventType('neutral'),
  'profile-changed': eventType('neutral'),
  'profile-removed': eventType('neutral', { /** The one that Wheelhouse brings is there again. */ builtIn: z.boolean() }),
  'practice-site-connected': eventType('attention'),
  'practice-site-ended': eventType('neutral'),
}

function toneOfEnd({ reason }: { reason?: EndReason | undefined }): EventTone {
  if (reason === 'closed' || reason === 'idle' || reason === 'shutdown') return 'neutral'
  return reason === 'evicted' ? 'attention' : 'bad'
}
