/** Ends all sessions that match a filter, part by part, so that requests are answered in between. */
import type { Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { createAnnouncer } from '../events/event-types.ts'
import type { Activity } from './activity.ts'
import { loginEvents } from './events.ts'
import type { Policy } from './policy.ts'
import { ended, isLive, type Session } from './session.ts'
import type { SessionFilter, SessionStore } from './store/session-store.ts'

/**
 * Resolves with how many of those that were ended were live. What time alone has ended gets its end too, or it would be live again with
 * another idle limit, or by the clock of another server. No time of creation is looked at: that of a session made elsewhere may lie ahead
 * of this clock.
 */
export function createBulkEnding({
  store,
  activity,
  policy,
  clock,
  events,
}: {
  store: SessionStore
  activity: Pick<Activity, 'latest'>
  policy(): Policy
  clock: Clock
  events: EventSink
}): (filter: SessionFilter, actor: string) => Promise<number> {
  const announcer = createAnnouncer(events, 'logins', loginEvents)
  function end({ id, userId }: Session): Promise<boolean> {
    return store.change(userId, { session: id }, ([stored]) => {
      // Somebody may have ended it since it was read.
      if (stored === undefined || stored.endedAt !== null) return { put: [], result: false }
      const now = clock.now()
      return { put: [ended(stored, 'revoked', now)], result: isLive(activity.latest(stored), now, policy().idleTimeout) }
    })
  }

  return async (filter, actor) => {
    let count = 0
    let written = 0
    for await (const some of store.scan({ ...filter, state: 'unended' }, { now: clock.now(), idleTimeout: policy().idleTimeout })) {
      const outcomes = await Promise.all(some.map(end))
      count += outcomes.filter(Boolean).length
      written += outcomes.length
    }
    if (written > 0)
      announcer.emit({
        type: 'sessions-ended',
        actor,
        data: { sessions: count },
      })
    return count
  }
}
