/** Which origins of web pages a person has opened a session to. */
import type { IncomingMessage } from 'node:http'
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import { hashSecret } from '../../secrets/hash.ts'
import { bearerOf } from './bearer.ts'
import type { SessionStore } from '../sessions/store.ts'

export interface OpenedOriginsGiven {
  database: Database
  store: Pick<SessionStore, 'byHash' | 'byId'>
  clock: Clock
  /** The session behind an address that clients of the older transport send to. */
  sessionOfStream(stream: string): string | undefined
}

export function createOpenedOrigins({ database, store, clock, sessionOfStream }: OpenedOriginsGiven) {
  // Most sessions are open to none: their policies are not taken apart.
  const anywhere = database
    .prepare<{ origin: string; now: number }, number>(
      `SELECT 1 FROM relay_sessions WHERE instr(policy, '"origins":["') > 0 AND expires_at > @now
         AND EXISTS (SELECT 1 FROM json_each(policy, '$.origins') WHERE value = @origin) LIMIT 1`,
    )
    .pluck()

  return function isOpenTo(origin: string, request: IncomingMessage, params: Readonly<Record<string, string>>): boolean {
    const { sessionId: inAddress, stream } = params
    const secret = inAddress ?? bearerOf(request)
    const session =
      stream !== undefined ? store.byId(sessionOfStream(stream) ?? '') : secret === undefined ? undefined : store.byHash(hashSecret(secret))
    if (session !== undefined) return session.expiresAt > clock.now() && session.policy.origins.includes(origin)
    // The header that will name the session does not come with the question whether it may be sent.
    return (
      request.method === 'OPTIONS' &&
      secret === undefined &&
      stream === undefined &&
      anywhere.get({ origin, now: clock.now() }) !== undefined
    )
  }
}
