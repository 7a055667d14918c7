/** Answers the relay API: each handler is one call of the room's services. */
import { iso } from '../clock.ts'
import { RelayFault } from './fault.ts'
import { actorOf, handled, implement, type Api, type Call } from '../http/api.ts'
import { keptBack } from '../http/shown-address.ts'
import { relayContract } from './contract/index.ts'
import { checkPatterns } from './calls/redactor.ts'
import type { Gateway } from './clients/gateway.ts'
import { fieldHandlers } from './api-field.ts'
import { nativeHandlers, type NativeParts } from './api-native.ts'
import type { IssuedSession, Sessions } from './sessions/sessions.ts'

export interface RelayParts extends Omit<NativeParts, 'baseOf'> {
  sessions: Sessions
  gateway(): Promise<Gateway>
  /** Base of session addresses, without a slash at its end; null for the one under which the caller reached us. */
  publicUrl(): string | null
  isOpenTo: NonNullable<Api['isOpenTo']>
}

export function createRelayApi(parts: RelayParts): Api {
  const { sessions, gateway, publicUrl, isOpenTo } = parts
  const baseOf = (call: Call): string => publicUrl() ?? call.origin
  const issued = ({ sessionId, session }: IssuedSession, call: Call) => ({
    sessionId,
    sessionUrl: `${baseOf(call)}/mcp/${sessionId}`,
    expiresAt: iso(session.expiresAt),
    createdAt: iso(session.createdAt),
  })
  /** What stands before our paths where the client called us; behind a proxy what the owner says that stands there. */
  const prefixOf = (call: Call): string => {
    const called = new URL(call.origin)
    const outside = URL.parse(publicUrl() ?? '')
    return (outside?.host === called.host ? outside : called).pathname.replace(/\/+$/, '')
  }
  const mcp = async (sessionId: string | null, call: Call): Promise<typeof handled> => {
    await (await gateway()).handle(call.node.request, call.node.response, sessionId, prefixOf(call))
    return handled
  }
  const api = implement(relayContract, {
    createSession: async ({ body }, call) => {
      await checkPatterns(body.policy)
      const {
        metadata: { userAgent, origin },
        expiresIn,
        policy,
      } = body
      const created = sessions.create(
        {
          accountId: userOf(call),
          expiresIn,
          policy,
          // What the server sees wins: a client could claim any address.
          address: call.address,
          userAgent: userAgent ?? textOf(call.headers['user-agent']),
          origin: origin ?? textOf(call.headers['origin']),
        },
        actorOf(call.caller),
        call.standing,
      )
      return { status: 200, body: { success: true, data: issued(created, call) } }
    },
    listSessions: (_, call) => {
      // Who may read and nothing else is shown which is which, and holds none of them.
      const holds = call.standing.may('relay:use')
      const data = sessions
        .list(userOf(call), call.standing)
        .map(({ sessionId, session: { id, prefix, createdAt, expiresAt, lastUsedAt, address, userAgent, origin } }) => ({
          ...{
            id,
            sessionId: holds && sessionId !== null ? sessionId : `${prefix}${keptBack}`,
            createdAt: iso(createdAt),
            expiresAt: iso(expiresAt),
            lastAccessedAt: lastUsedAt === null ? null : iso(lastUsedAt),
          },
          metadata: { ...(userAgent === null ? {} : { userAgent }), ipAddress: address, ...(origin === null ? {} : { origin }) },
        }))
      return { status: 200, body: { success: true, data } }
    },
    sessionStats: (_, call) => {
      const stats = sessions.stats(userOf(call), call.standing)
      return {
        status: 200,
        body: { success: true, data: { ...stats, lastActivity: stats.lastActivity === null ? null : iso(stats.lastActivity) } },
      }
    },
    validateSession: ({ params }) => {
      const { account } = sessions.validate(params.sessionId)
      return { status: 200, body: { success: true, data: { userId: account.id, user: account } } }
    },
    refreshSession: ({ params, body }, call) => ({
      status: 200,
      body: { success: true, data: issued(sessions.refresh(params.sessionId, userOf(call), body.expiresIn, actorOf(call.caller)), call) },
    }),
    revokeSession: ({ params }, call) => {
      sessions.revoke(params.sessionId, userOf(call), actorOf(call.caller))
      return { status: 200, body: { success: true, message: 'Session revoked successfully' } }
    },
    revokeAllSessions: (_, call) => {
      const count = sessions.revokeAll(userOf(call), actorOf(call.caller), call.standing)
      return { status: 200, body: { success: true, message: `Revoked ${count} sessions`, data: { count } } }
    },
    cleanupSessions: () => {
      const count = sessions.cleanup()
      return { status: 200, body: { success: true, message: `Cleaned up ${count} expired sessions`, data: { count } } }
    },

    ...nativeHandlers({ ...parts, baseOf }),

    mcpPost: ({ params }, call) => mcp(params.sessionId, call),
    mcpGet: ({ params }, call) => mcp(params.sessionId, call),
    mcpDelete: ({ params }, call) => mcp(params.sessionId, call),
    mcpBearerPost: (_, call) => mcp(null, call),
    mcpBearerGet: (_, call) => mcp(null, call),
    mcpBearerDelete: (_, call) => mcp(null, call),
    ...fieldHandlers({ gateway, mcp }),
  })
  return { ...api, isOpenTo }
}

/** The account the caller speaks for. Throws `user-required`. */
function userOf({ headers }: Call): string {
  const id = textOf(headers['x-user-id'])?.trim()
  if (id === undefined || id === '') throw new RelayFault('user-required', 'The x-user-id header is required')
  return id
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
