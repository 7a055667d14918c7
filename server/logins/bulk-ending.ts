/** Ends all sessions that match a filter, some hundred at a time, so that requests are answered in between. */
import type { Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import type { Policy } from './policy.ts'
import { ended } from './session.ts'
import type { SessionFilter, SessionStore } from './session-store.ts'

const atOnce = 500

/** Resolves with how many were ended. Sessions created after the call are left alone: nobody has seen them in the count. */
export function createBulkEnding({ store, policy, clock, events }: { store: SessionStore; policy(): Policy; clock: Clock; events: EventSink }): (filter: SessionFilter, actor: string) => Promise<number> {
  async function endSome(filter: SessionFilter, begun: number): Promise<number> {
    // Always the first page: what it held is over afterwards.
    const { sessions } = await store.page({ filter: { ...filter, state: 'live' }, sort: 'createdAt', descending: false, offset: 0, limit: atOnce }, { now: clock.now(), idleTimeout: policy().idleTimeout })
    const outcomes = await Promise.all(
      sessions
        .filter(({ createdAt }) => createdAt <= begun)
        .map(({ id, userId }) =>
          store.change(userId, { session: id }, ([stored]) => (stored === undefined || stored.endedAt !== null ? { put: [], result: false } : { put: [ended(stored, 'revoked', clock.now())], result: true })),
        ),
    )
    return outcomes.filter(Boolean).length
  }

  return async (filter, actor) => {
    const begun = clock.now()
    let count = 0
    for (let some = await endSome(filter, begun); some > 0; some = await endSome(filter, begun)) count += some
    if (count > 0) events.emit({ room: 'logins', type: 'sessions-ended', title: 'Logins revoked by filter', actor, tone: 'attention', data: { sessions: count } })
    return count
  }
}
