/** Which of a session's own events the whole house hears of, and in which words. */
import type { EventSink } from '../events/event.ts'
import type { SessionEvent } from './contract/index.ts'
import type { Session } from './session/session.ts'

const titles: Readonly<Record<string, string>> = {
  'session-opened': 'Session opened',
  'session-ready': 'Session ready',
  'session-closed': 'Session closed',
  'session-crashed': 'Browser died',
  'login-failed': 'Login failed',
  'lease-taken': 'Session leased',
  'lease-ended': 'Lease ended',
  'took-over': 'Taken over',
  'given-back': 'Given back',
  refreshed: 'Login checked',
  'signed-out': 'Signed out by the site',
  'signed-in-again': 'Signed in again',
  'popup-blocked': 'Popup blocked',
  'download-blocked': 'Download refused',
  'page-crashed': 'Page crashed',
  'not-responding': 'Browser does not answer',
  answered: 'Browser answers again',
}

/** Happen all the time by themselves; shown as they come, not kept for ever. */
const passing = new Set(['refreshed', 'popup-blocked', 'lease-taken', 'lease-ended'])

export function announce(events: EventSink, session: Session, { kind, text, tone }: SessionEvent, actor: string): void {
  const title = titles[kind]
  if (title === undefined) return
  events.emit({
    room: 'browsers',
    type: kind,
    title,
    subject: session.credentials.username || session.profile.title,
    actor,
    tone,
    data: { session: session.id, profile: session.profile.name, text, ...(session.endReason ? { reason: session.endReason } : {}) },
    ...(passing.has(kind) ? { audited: false } : {}),
  })
}
