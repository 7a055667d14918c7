/** What the window needs of relay sessions: those of all accounts, what each reaches, and limits of accounts. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { accountId, accountRules, expiresIn, failure, givenPolicy, rowId, secretId, sessionPolicy } from './parts.ts'

export const relaySession = z.object({
  id: rowId,
  name: z.string().nullable(),
  accountId: z.string(),
  /** The first characters of the secret, to tell sessions apart. */
  prefix: z.string(),
  createdAt: isoTime,
  expiresAt: isoTime,
  lastUsedAt: isoTime.nullable(),
  address: z.string(),
  userAgent: z.string().nullable(),
  policy: sessionPolicy,
  spent: z.number().int(),
  /** Tools it sees now. */
  tools: z.number().int(),
})
export type RelaySession = z.output<typeof relaySession>

/** How this program is started for a client that speaks to programs alone. */
const startCommand = z.object({ command: z.string(), args: z.array(z.string()) })
const row = z.object({ id: rowId })

export const sessionRoutes = {
  relaySessions: {
    method: 'GET',
    path: '/v1/relay-sessions',
    tag: 'Window',
    summary: 'Sessions of all accounts, without their secrets',
    access: 'key',
    right: 'relay:use',
    responses: {
      200: {
        description: 'Sessions, newest first',
        body: z.object({ sessions: z.array(relaySession), mcpUrl: z.string(), bridge: startCommand }),
      },
    },
  },
  createRelaySession: {
    method: 'POST',
    path: '/v1/relay-sessions',
    tag: 'Window',
    summary: 'Create a session; its secret is in this answer and nowhere else',
    access: 'key',
    right: 'relay:use',
    body: z.object({
      accountId,
      name: z.string().trim().max(80).optional(),
      expiresIn: expiresIn.optional(),
      policy: givenPolicy.prefault({}),
    }),
    responses: {
      201: {
        description: 'The session with its secret',
        body: z.object({ session: relaySession, sessionId: secretId, sessionUrl: z.string(), bearerUrl: z.string() }),
      },
      404: failure('No such account'),
    },
  },
  changeRelaySession: {
    method: 'PATCH',
    path: '/v1/relay-sessions/:id',
    tag: 'Window',
    summary: 'Rename a session or change what it may reach',
    access: 'key',
    right: 'relay:use',
    params: row,
    body: z.object({ name: z.string().trim().max(80).nullable().optional(), policy: givenPolicy.optional() }),
    responses: { 200: { description: 'The session', body: relaySession }, 404: failure('No such session') },
  },
  relaySessionAddress: {
    method: 'POST',
    path: '/v1/relay-sessions/:id/address',
    tag: 'Window',
    summary: 'The secret address of a session once more, as the published list has it',
    description: 'Noted in the audit trail.',
    access: 'key',
    right: 'relay:use',
    params: row,
    responses: {
      200: { description: 'The addresses', body: z.object({ sessionId: secretId, sessionUrl: z.string(), bearerUrl: z.string() }) },
      404: failure('No such session'),
    },
  },
  removeRelaySession: {
    method: 'DELETE',
    path: '/v1/relay-sessions/:id',
    tag: 'Window',
    summary: 'Revoke a session',
    access: 'key',
    right: 'relay:use',
    params: row,
    responses: { 204: { description: 'Revoked' }, 404: failure('No such session') },
  },
  accountRules: {
    method: 'GET',
    path: '/v1/account-rules',
    tag: 'Window',
    summary: 'What accounts may reach; those without limits are left out',
    access: 'key',
    right: 'relay:manage',
    responses: {
      200: { description: 'Rules', body: z.object({ accounts: z.array(z.object({ accountId: z.string(), rules: accountRules })) }) },
    },
  },
  changeAccountRules: {
    method: 'PUT',
    path: '/v1/account-rules/:accountId',
    tag: 'Window',
    summary: 'Limit what all sessions of an account may reach, also those in use',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ accountId }),
    body: accountRules,
    responses: { 200: { description: 'The rules', body: accountRules }, 404: failure('No such account') },
  },
  sessionTools: {
    method: 'GET',
    path: '/v1/relay-sessions/:id/tools',
    tag: 'Window',
    summary: 'The tools a session sees, under the names it sees them',
    access: 'key',
    right: 'relay:use',
    params: row,
    responses: {
      200: {
        description: 'Tools',
        body: z.object({
          tools: z.array(z.object({ name: z.string(), description: z.string(), inputSchema: z.unknown(), price: z.number().int() })),
        }),
      },
      404: failure('No such session'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
