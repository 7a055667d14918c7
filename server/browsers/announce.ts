/** Tells the whole house those of a session's own events that it hears of. */
import { createAnnouncer } from '../events/event-types.ts'
import type { EventSink } from '../events/event.ts'
import { browserEvents, isAnnounced, type SessionEventText } from './events.ts'
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
