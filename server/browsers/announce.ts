/** Which of a session's own events the whole house hears of. */
import { createAnnouncer } from '../events/event-types.ts'
import type { EventSink } from '../events/event.ts'
import type { SessionEvent } from './contract/index.ts'
import { browserEvents, sessionEvents } from './events.ts'
import type { Session } from './session/session.ts'

export function announce(events: EventSink, session: Session, { kind, text, tone }: SessionEvent, actor: string): void {
  if (!isAnnounced(kind)) return
  const { credentials, profile, id, endReason } = session
  const about = { subject: credentials.username || profile.title, actor }
  const facts = { session: id, profile: profile.name, text, reason: endReason ?? undefined }
  const announcer = createAnnouncer(events, 'browsers', browserEvents)
  if (kind === 'refreshed') announcer.emit({ type: kind, ...about, data: { ...facts, ok: tone === 'good' } })
  else announcer.emit({ type: kind, ...about, data: facts })
}

function isAnnounced(kind: string): kind is keyof typeof sessionEvents {
  return Object.hasOwn(sessionEvents, kind)
}
