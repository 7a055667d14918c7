/** The published session routes. Who calls them is named by the `x-user-id` header. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { expiresIn, failure, givenPolicy, metadata, secretId } from './parts.ts'

const done = <Data extends z.ZodType>(data: Data) => z.object({ success: z.literal(true), data })
const issued = z.object({ sessionId: secretId, sessionUrl: z.string(), expiresAt: isoTime, createdAt: isoTime })
/** Only its first characters for who may read and not use, and where the sealed copy cannot be opened. */
const listedId = z.union([secretId, z.string().regex(/^[\w-]{6}…$/)])
const ofUser = 'The account is named by the `x-user-id` header.'
const params = z.object({ sessionId: secretId })
const count = z.object({ count: z.number().int() })
const refusals = { 400: failure('x-user-id is missing, or the body is not valid'), 404: failure('No such account') }

export const publishedRoutes = {
  createSession: {
    method: 'POST',
    path: '/api/sessions',
    tag: 'Sessions',
    summary: 'Create a session',
    description: `${ofUser} \`sessionUrl\` is the address an MCP client is given; it is a secret. \`policy\` limits what the session reaches.`,
    access: 'local',
    right: 'relay:use',
    body: z.object({ metadata: metadata.default({}), expiresIn: expiresIn.optional(), policy: givenPolicy.prefault({}) }).prefault({}),
    responses: { 200: { description: 'The session', body: done(issued) }, ...refusals },
  },
  listSessions: {
    method: 'GET',
    path: '/api/sessions',
    tag: 'Sessions',
    summary: 'All active sessions of the account',
    description: `${ofUser} A key that may read and nothing else is shown the first characters of each \`sessionId\`: enough to tell them apart, not to use them.`,
    access: 'local',
    right: 'relay:use',
    responses: {
      200: {
        description: 'Sessions, newest first',
        body: done(
          z.array(
            z.object({
              id: z.uuid(),
              sessionId: listedId,
              createdAt: isoTime,
              expiresAt: isoTime,
              lastAccessedAt: isoTime.nullable(),
              metadata,
            }),
          ),
        ),
      },
      ...refusals,
    },
  },
  sessionStats: {
    method: 'GET',
    path: '/api/sessions/stats',
    tag: 'Sessions',
    summary: 'Counts of the account’s sessions',
    description: ofUser,
    access: 'local',
    right: 'relay:use',
    responses: {
      200: {
        description: 'Counts',
        body: done(
          z.object({
            totalSessions: z.number().int(),
            activeSessions: z.number().int(),
            expiredSessions: z.number().int(),
            lastActivity: isoTime.nullable(),
          }),
        ),
      },
      ...refusals,
    },
  },
  validateSession: {
    method: 'GET',
    path: '/api/sessions/:sessionId/validate',
    tag: 'Sessions',
    summary: 'Whose session it is',
    access: 'local',
    right: 'relay:use',
    params,
    responses: {
      200: {
        description: 'The account',
        body: done(
          z.object({ userId: z.string(), user: z.object({ id: z.string(), primaryEmail: z.string(), credits: z.number().int() }) }),
        ),
      },
      401: failure('The session is over'),
      404: failure('No such session'),
    },
  },
  refreshSession: {
    method: 'POST',
    path: '/api/sessions/:sessionId/refresh',
    tag: 'Sessions',
    summary: 'Extend a session',
    description: `${ofUser} It ends \`expiresIn\` days from now, never sooner than it would have.`,
    access: 'local',
    right: 'relay:use',
    params,
    body: z.object({ expiresIn: expiresIn.optional() }).prefault({}),
    responses: {
      200: { description: 'The session', body: done(issued) },
      ...refusals,
      401: failure('The session is over'),
      403: failure('Another account’s session'),
    },
  },
  revokeSession: {
    method: 'DELETE',
    path: '/api/sessions/:sessionId',
    tag: 'Sessions',
    summary: 'Revoke a session',
    description: `${ofUser} The next request with it is refused.`,
    access: 'local',
    right: 'relay:use',
    params,
    responses: {
      200: { description: 'Revoked', body: z.object({ success: z.literal(true), message: z.string() }) },
      ...refusals,
      403: failure('Another account’s session'),
    },
  },
  revokeAllSessions: {
    method: 'DELETE',
    path: '/api/sessions',
    tag: 'Sessions',
    summary: 'Revoke all sessions of the account',
    description: ofUser,
    access: 'local',
    right: 'relay:use',
    responses: {
      200: { description: 'Revoked', body: z.object({ success: z.literal(true), message: z.string(), data: count }) },
      ...refusals,
    },
  },
  cleanupSessions: {
    method: 'POST',
    path: '/api/sessions/cleanup',
    tag: 'Sessions',
    summary: 'Remove all expired sessions',
    description: 'Also happens by itself.',
    access: 'local',
    right: 'relay:use',
    responses: { 200: { description: 'Removed', body: z.object({ success: z.literal(true), message: z.string(), data: count }) } },
  },
} as const satisfies Record<string, RouteDefinition>
