/** The published fastPort contract: sessions are made, suspended and dropped by whoever knows their password and secret key. */
import { z } from 'zod'
import { policySchema } from '../policy.ts'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { chosenPolicy, failure, name, password, secretKey, sessionExpiry } from './fields.ts'

/** As the published server takes the four numbers: 0, null and an empty text stand for the default. All else is refused in words. */
const isNothing = (value: unknown): boolean => value === 0 || value === null || value === ''
const orDefault = <Field extends z.ZodType>(field: Field) =>
  z.preprocess((value) => (isNothing(value) ? undefined : value), field.optional()).optional()
const orNever = z.preprocess((value) => (isNothing(value) ? null : value), sessionExpiry)

const credentials = { sessionName: name, password, secretKey }
const created = z.object({
  success: z.literal(true),
  sessionName: z.string(),
  password: z.string(),
  secretKey: z.string(),
  sessionExpiry: isoTime.nullable(),
})

export const publishedRoutes = {
  createSession: {
    method: 'POST',
    path: '/api/createSession',
    tag: 'Contract',
    summary: 'Create a session',
    description: 'The secret key is shown once: it is needed to suspend and drop the session.',
    access: 'local',
    right: 'brokers:use',
    body: chosenPolicy.extend({
      sessionName: name,
      password,
      retryInterval: orDefault(policySchema.shape.retryInterval),
      maxRetryLimit: orDefault(policySchema.shape.maxRetryLimit),
      messageExpiryTime: orDefault(policySchema.shape.messageExpiryTime),
      sessionExpiry: orNever.default(null),
    }),
    responses: { 200: { description: 'The session', body: created }, 400: failure('A field is missing or wrong, or the name is taken') },
  },
  suspendSession: {
    method: 'POST',
    path: '/api/suspendSession',
    tag: 'Contract',
    summary: 'Suspend a session, or end its suspension',
    description: 'Refuses logins and messages, and disconnects its clients with close code 4403.',
    access: 'local',
    right: 'brokers:use',
    body: z.object({ ...credentials, suspend: z.boolean({ error: 'suspend must be true or false' }).default(true) }),
    responses: {
      200: { description: 'Done', body: z.object({ success: z.literal(true), suspended: z.boolean() }) },
      400: failure('Session not found, or invalid credentials'),
    },
  },
  dropSession: {
    method: 'POST',
    path: '/api/dropSession',
    tag: 'Contract',
    summary: 'Delete a session with everything it holds',
    description: 'Disconnects its clients with close code 4410.',
    access: 'local',
    right: 'brokers:use',
    body: z.object(credentials),
    responses: {
      200: { description: 'Gone', body: z.object({ success: z.literal(true) }) },
      400: failure('Session not found, or invalid credentials'),
    },
  },
  adminSessions: {
    method: 'GET',
    path: '/api/admin/sessions',
    tag: 'Contract',
    summary: 'All sessions, without their secrets',
    access: 'key',
    right: 'brokers:manage',
    responses: {
      200: {
        description: 'Sessions',
        body: z.object({
          success: z.literal(true),
          sessions: z.array(
            z.object({
              sessionName: z.string(),
              suspended: z.boolean(),
              createdAt: isoTime,
              sessionExpiry: isoTime.nullable(),
              clients: z.int(),
            }),
          ),
        }),
      },
      401: failure('No key'),
    },
  },
  adminStats: {
    method: 'GET',
    path: '/api/admin/stats',
    tag: 'Contract',
    summary: 'Uptime, memory and connections',
    access: 'key',
    right: 'brokers:manage',
    responses: {
      200: {
        description: 'Figures',
        body: z.object({ success: z.literal(true), uptime: z.number(), memory: z.number(), connections: z.int(), sessions: z.int() }),
      },
      401: failure('No key'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
