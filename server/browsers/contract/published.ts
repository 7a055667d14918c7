/** The published E-Modal session contract, byte for byte. */
import { z } from 'zod'
import { isoTime, type Problem, type RouteDefinition } from '../../http/contract.ts'
import { failure, sessionId, type failed } from './parts.ts'

const credential = z.string('must be a text').min(1, 'must not be empty').max(1_024, 'must not be longer than 1024 characters')

const publishedSession = z.object({
  session_id: z.string(),
  username: z.string(),
  created_at: isoTime,
  last_used: isoTime,
  keep_alive: z.boolean(),
  current_url: z.string(),
})

const gotSession = z.object({
  success: z.literal(true),
  session_id: z.string(),
  is_new: z.boolean(),
  username: z.string(),
  created_at: isoTime,
  expires_at: z.null(),
  message: z.string(),
})

export const publishedRoutes = {
  getSession: {
    method: 'POST',
    path: '/get_session',
    tag: 'Contract',
    summary: 'Create a session or get the existing one for these credentials',
    access: 'local',
    right: 'browsers:use',
    body: z.object({ username: credential, password: credential, captcha_api_key: credential }),
    responses: {
      200: { description: 'The session', body: gotSession },
      400: failure('A field is missing or has the wrong type'),
      401: failure('The site refused the login'),
      500: failure('No capacity, or the browser could not be started'),
    },
  },
  listSessions: {
    method: 'GET',
    path: '/sessions',
    tag: 'Contract',
    summary: 'List active sessions',
    access: 'local',
    right: 'browsers:use',
    responses: {
      200: {
        description: 'All active sessions',
        body: z.object({ active_sessions: z.number().int(), sessions: z.array(publishedSession) }),
      },
    },
  },
  closeSession: {
    method: 'DELETE',
    path: '/sessions/:session_id',
    tag: 'Contract',
    summary: 'Close a session',
    access: 'local',
    right: 'browsers:use',
    params: z.object({ session_id: sessionId }),
    responses: {
      200: { description: 'Closed', body: z.object({ success: z.literal(true), message: z.string() }) },
      404: failure('No such session'),
      500: failure('The browser could not be closed'),
    },
  },
  getBookingNumber: {
    method: 'POST',
    path: '/get_booking_number',
    tag: 'Contract',
    summary: 'Read the booking number of a container through a session',
    description:
      'Takes a session_id, or credentials with which a session is found or made. The session is leased while the operation runs.',
    access: 'local',
    right: 'browsers:use',
    body: z.object({
      session_id: z.string('must be a text').max(200, 'must not be longer than 200 characters').optional(),
      username: credential.optional(),
      password: credential.optional(),
      captcha_api_key: credential.optional(),
      container_id: z.string('must be a text').regex(/^[A-Za-z0-9]{1,20}$/, 'must be 1 to 20 letters and digits'),
      debug: z.boolean('must be true or false').optional(),
    }),
    responses: {
      200: {
        description: 'The booking number, null when the container has none',
        body: z.object({
          success: z.literal(true),
          session_id: z.string(),
          is_new_session: z.boolean(),
          container_id: z.string(),
          booking_number: z.string().nullable(),
          debug_bundle_url: z.string().optional(),
        }),
      },
      400: failure('A field is missing or has the wrong type'),
      401: failure('The site refused the login'),
      500: failure('The operation failed'),
    },
  },
  health: {
    method: 'GET',
    path: '/health',
    tag: 'Contract',
    summary: 'Liveness and capacity',
    access: 'public',
    right: 'anyone',
    responses: {
      200: {
        description: 'The service runs',
        body: z.object({
          status: z.literal('healthy'),
          service: z.string(),
          active_sessions: z.number().int(),
          max_sessions: z.number().int(),
          session_capacity: z.string(),
          persistent_sessions: z.number().int(),
          timestamp: isoTime,
        }),
      },
    },
  },
} as const satisfies Record<string, RouteDefinition>

/** The contract's error shape: `{success: false, error, details?}`. */
export function describeFailure(problem: Problem): z.output<typeof failed> {
  const { status, code, message, details, issues, requestId } = problem
  if (code === 'invalid-body') {
    return { success: false, error: invalidBodyText(issues) }
  }
  return {
    success: false,
    error: message,
    ...(code === 'login-expired' ? { details: 'The kept login of this session counts no more' } : {}),
    ...(code === 'authentication-failed' ? { details: String(details['reason'] ?? 'Invalid credentials') } : {}),
    ...(status >= 500 ? { request_id: requestId } : {}),
    ...(typeof details['debugBundleUrl'] === 'string' ? { debug_bundle_url: details['debugBundleUrl'] } : {}),
  }
}

function invalidBodyText(issues: Problem['issues']): string {
  const contractFields = ['username', 'password', 'captcha_api_key']
  const whole = issues.find((issue) => issue.field === '')?.message
  const isNoObject = whole?.includes('expected object') === true
  if (issues.some((issue) => issue.missing && contractFields.includes(issue.field)) || isNoObject) {
    return `Missing required fields: ${contractFields.join(', ')}`
  }
  // Of native routes: fields that do not go together.
  if (whole !== undefined) return `Invalid fields: ${whole}`
  const missing = issues.filter((issue) => issue.missing).map((issue) => issue.field)
  if (missing.length > 0) return `Missing required fields: ${missing.join(', ')}`
  return `Invalid fields: ${issues.map((issue) => `${issue.field} (${issue.message})`).join(', ')}`
}
