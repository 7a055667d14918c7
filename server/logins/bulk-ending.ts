/** Ends all sessions that match a filter, part by part, so that requests are answered in between. */
import type { Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import type { Activity } from './activity.ts'
import type { Policy } from './policy.ts'
import { ended, isLive, type Session } from './session.ts'
import type { SessionFilter, SessionStore } from './session-store.ts'

/** Resolves with how many were ended. Sessions created after the call are left alone: nobody has seen them in the count. */
export function createBulkEnding({ store, activity, policy, clock, events }: { store: SessionStore; activity: Pick<Activity, 'latest'>; policy(): Policy; clock: Clock; events: EventSink }): (filter: SessionFilter, actor: string) => Promise<number> {
  function endIfLive({ id, userId }: Session): Promise<boolean> {
    return store.change(userId, { session: id }, ([stored]) => {
      // It may have come to its end since it was read.
      if (stored === undefined || !isLive(activity.latest(stored), clock.now(), policy().idleTimeout)) return { put: [], result: false }
      return { put: [ended(stored, 'revoked', clock.now())], result: true }
    })
  }

  return async (filter, actor) => {
    const begun = clock.now()
    let count = 0
    for await (const some of store.scan({ ...filter, state: 'live' }, { now: begun, idleTimeout: policy().idleTimeout })) {
      const outcomes = await Promise.all(some.filter(({ createdAt }) => createdAt <= begun).map(endIfLive))
      count += outcomes.filter(Boolean).length
    }
    if (count > 0) events.emit({ room: 'logins', type: 'sessions-ended', title: 'Logins revoked by filter', actor, tone: 'attention', data: { sessions: count } })
    return count
  }
}
