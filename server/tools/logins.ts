/** What an MCP client may do with login sessions through the relay: look them up and revoke them. Tokens never pass. */
import { z } from 'zod'
import { iso } from '../clock.ts'
import { loginsContract } from '../logins/contract/index.ts'
import type { LoginsRoom } from '../logins/index.ts'
import type { Session } from '../logins/session.ts'
import { builtInTool, type BuiltInTool } from '../relay/built-in/server.ts'
import { facts } from './content.ts'
import { withRemedies } from './remedies.ts'

export interface LoginAccess {
  sessions: Pick<LoginsRoom['sessions'], 'page' | 'get' | 'end' | 'endAll'>
  stateOf: LoginsRoom['stateOf']
}

const loginId = z.string().regex(/^[0-9a-f]{32}$/, 'The id of a login, from login_find')

export function loginTools(access: LoginAccess): BuiltInTool[] {
  const view = (session: Session) => {
    const { id, userId, username, roleName, createdAt, lastActivity, expiresAt, address, device } = session
    const state = access.stateOf(session)
    return {
      id,
      userId,
      username,
      role: roleName,
      state: state.live ? 'active' : state.reason,
      createdAt: iso(createdAt),
      lastActivity: iso(lastActivity),
      expiresAt: iso(expiresAt),
      ...(state.live ? {} : { endedAt: iso(state.at) }),
      address,
      device,
    }
  }
  return withRemedies(loginsContract.faults, [
    builtInTool({
      name: 'login_find',
      title: 'Look up logins',
      description: 'Login sessions of users, the last used first: by a part of user name, user id, session id, address or device.',
      input: z.object({
        text: z.string().max(200).optional(),
        userId: z.string().min(1).max(200).optional(),
        state: z.enum(['live', 'over', 'any']).default('live'),
        offset: z.number().int().min(0).default(0),
        limit: z.number().int().min(1).max(200).default(50),
      }),
      readOnly: true,
      right: 'logins:manage',
      about: ({ userId, text }) => userId ?? text ?? '',
      async run({ text, userId, state, offset, limit }) {
        const filter = { text: text === '' ? undefined : text, userId, state: state === 'any' ? undefined : state }
        const { sessions: found, total } = await access.sessions.page({ filter, sort: 'lastActivity', descending: true, offset, limit })
        return facts({ total, logins: found.map(view) })
      },
    }),
    builtInTool({
      name: 'login_revoke',
      title: 'Revoke a login',
      description: 'Ends one login session; its token is refused from the next request on.',
      input: z.object({ id: loginId }),
      readOnly: false,
      right: 'logins:manage',
      destructive: true,
      about: ({ id }) => id,
      async run({ id }, { actor }) {
        const { session, now } = await access.sessions.end(id, 'revoked', actor)
        return facts({ revoked: now, login: view(session) })
      },
    }),
    builtInTool({
      name: 'login_revoke_user',
      title: 'Revoke all logins of a user',
      description: 'Ends every login session of a user, on all devices.',
      input: z.object({ userId: z.string().min(1).max(200) }),
      readOnly: false,
      right: 'logins:manage',
      destructive: true,
      about: ({ userId }) => userId,
      async run({ userId }, { actor }) {
        const { ended } = await access.sessions.endAll(userId, null, actor)
        return facts({ userId, revoked: ended.length })
      },
    }),
  ])
}
