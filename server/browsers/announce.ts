/** Tells the whole house those of a session's own events that it hears of. */
import { createAnnouncer } from '../events/event-types.ts'
import type { EventSink } from '../events/event.ts'
import { browserEvents, isAnnounced, type SessionEventFacts, type SessionEventText } from './events.ts'
import type { KeptRow } from './kept/kept-logins.ts'
import type { RecordedEvent } from './session/history.ts'
import type { Session } from './session/session.ts'

export function announce(events: EventSink, session: Session, event: RecordedEvent, actor: string, textOf: SessionEventText): void {
  if (!isAnnounced(event.kind)) return
  const { credentials, profile, id } = session
  const data = { ...event.facts, session: id, profile: profile.name, text: textOf(event) }
  createAnnouncer(events, 'browsers', browserEvents).emit({
    type: event.kind,
    subject: credentials.username || profile.title,
    actor,
    data,
  })
}

/** A kept login is no more; its session may have ended in an earlier run. */
export function announceForgotten(
  events: EventSink,
  { id, facts }: KeptRow,
  why: 'by-request' | 'too-old' | 'site-gone',
  actor: string,
): void {
  const { username, profile } = facts
  createAnnouncer(events, 'browsers', browserEvents).emit({
    type: 'kept-login-forgotten',
    subject: username || profile,
    actor,
    data: { session: id, profile, why },
  })
}

/** The same of what was done with the state of one that sleeps. */
export function announceTouched(
  events: EventSink,
  { id, facts }: KeptRow,
  touch: SessionEventFacts<'state-touched'>,
  actor: string,
  textOf: SessionEventText,
): void {
  const { username, profile } = facts
  createAnnouncer(events, 'browsers', browserEvents).emit({
    type: 'state-touched',
    subject: username || profile,
    actor,
    data: { ...touch, session: id, profile, text: textOf({ kind: 'state-touched', facts: touch }) },
  })
}
