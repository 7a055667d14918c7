/** What the handlers of all routes stand on, and what they read of a call: its token, and who asks. */
import type { Clock } from '../../clock.ts'
import type { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'
import { actorOf, type Call } from '../../http/api.ts'
import { lockedFault, type SigningKeys } from '../keys/signing-keys.ts'
import type { Policy } from '../policy.ts'
import type { Revocations } from '../revocations.ts'
import type { Sessions } from '../sessions.ts'
import type { Session } from '../session.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { Inspection } from '../tokens/inspect.ts'
import type { LoginUsers } from '../users/users.ts'

export interface LoginsApiParts {
  sessions: Sessions
  users: LoginUsers
  keys: SigningKeys
  store: SessionStore
  revocations: Revocations
  inspect(token: string): Promise<Inspection>
  policy(): Policy
  clock: Clock
  /** When what is over is next removed. */
  nextCleanupAt(): number
}

/** Why no login can be made or validated now; null when it can. */
export function troubleOf(store: SessionStore, keys: SigningKeys): Fault | null {
  if (!store.state().up) return new LoginFault('store-unavailable', 'The session store cannot be reached')
  if (keys.state() === 'locked') return lockedFault()
  return keys.state() === 'unread' ? new LoginFault('store-unavailable', 'The signing keys cannot be read') : null
}

/**
 * Who asks about sessions: the owner of a token, or whoever holds a key of this server, who may do all. A gateway sends its key with all it
 * passes on: where a token comes as well, its user asks, and may no more than they may.
 */
export interface SessionCaller {
  actor: string
  sessionId: string | null
  userId: string | null
  role: string | null
}

export async function callerOf(call: Call, sessions: Sessions): Promise<SessionCaller> {
  const isKeyed = call.caller.kind === 'owner' || call.caller.kind === 'key'
  if (isKeyed && (call.headers['x-api-key'] === undefined || bearerOf(call) === null))
    return { actor: actorOf(call.caller), sessionId: null, userId: null, role: null }
  // Looking at sessions is not using them.
  const session = await sessionOf(call, sessions, false)
  return { actor: `user:${session.username}`, sessionId: session.id, userId: session.userId, role: session.roleName }
}

/** The session of the Authorization header. Throws `missing-token`, or why the token is not good. */
export function sessionOf(call: Call, sessions: Sessions, asUse: boolean): Promise<Session> {
  const token = bearerOf(call)
  if (token === null) throw new LoginFault('missing-token')
  return sessions.authenticate(token, asUse)
}

export function allow(caller: SessionCaller, userId: string, { adminRoles }: Policy): void {
  if (caller.role === null || caller.userId === userId || adminRoles.includes(caller.role)) return
  throw new LoginFault('access-denied', 'Only the user or an administrator may do this')
}

/** From the body, else from the Authorization header. */
export function tokenGiven(inBody: string | undefined, call: Call): string {
  const token = inBody !== undefined && inBody !== '' ? inBody : bearerOf(call)
  if (token === null) throw new LoginFault('token-missing')
  return token
}

export function bearerOf(call: Call): string | null {
  const { authorization } = call.headers
  return (typeof authorization === 'string' ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined) ?? null
}

export function seenFrom(call: Call): { address: string; device: string } {
  const agent = call.headers['user-agent']
  return { address: call.address, device: typeof agent === 'string' ? agent.slice(0, 512) : '' }
}
