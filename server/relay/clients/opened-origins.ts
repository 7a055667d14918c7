/** Which origins of web pages a person has opened a session to. */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../clock.ts'
import { hashSecret } from '../../secrets/hash.ts'
import { bearerOf } from './bearer.ts'
import type { SessionStore } from '../sessions/store.ts'

export interface OpenedOriginsGiven {
  store: Pick<SessionStore, 'byHash' | 'byId' | 'isAnyOpenTo'>
  clock: Clock
  /** The session behind an address that clients of the older transport send to. */
  sessionOfStream(stream: string): string | undefined
}

export function createOpenedOrigins({ store, clock, sessionOfStream }: OpenedOriginsGiven) {
  return function isOpenTo(origin: string, request: IncomingMessage, params: Readonly<Record<string, string>>): boolean {
    const { sessionId: inAddress, stream } = params
    const secret = inAddress ?? bearerOf(request)
    const session =
      stream !== undefined ? store.byId(sessionOfStream(stream) ?? '') : secret === undefined ? undefined : store.byHash(hashSecret(secret))
    if (session !== undefined) return session.expiresAt > clock.now() && session.policy.origins.includes(origin)
    // The header that will name the session does not come with the question whether it may be sent.
    return request.method === 'OPTIONS' && secret === undefined && stream === undefined && store.isAnyOpenTo(origin, clock.now())
  }
}
