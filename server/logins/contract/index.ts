/** The logins API: the published session routes, the legacy ones, the standards beside them, and what the window needs. */
import { z } from 'zod'
import { defineContract, type Problem } from '../../http/contract.ts'
import { blank, failed } from './parts.ts'
import { nativeRoutes } from './native.ts'
import { legacyRoutes } from './legacy.ts'
import { publishedRoutes } from './published.ts'
import { standardRoutes } from './standard.ts'

export type { InspectedToken, LoginFilter, LoginKey, LoginStatus, LoginUser, LoginView } from './native-views.ts'

export const loginsContract = defineContract({
  api: 'logins',
  title: 'Login sessions',
  version: '1.0.0',
  description: 'Login sessions carried by a JWT, for a gateway to stand on.',
  routes: { ...publishedRoutes, ...standardRoutes, ...legacyRoutes, ...nativeRoutes },
  sockets: {
    revocations: {
      path: '/api/v1/sessions/revocations',
      summary: 'Tells gateways at once which sessions ended and that keys changed',
      description:
        'Server messages: `{"type":"ended","sessions":[{session_id,user_id,reason,at}]}`, first for all that ended since `since` while their tokens still look good, then `{"type":"ready","at","idle_timeout","refresh_threshold","remember_me_threshold"}` (ms), then as they happen; `{"type":"created","sessions":[{session_id}]}` for those that begin; `{"type":"alive"}` with the fields of `ready` every two seconds; `{"type":"renewed","sessions":[{session_id}]}` when the good tokens of a session changed; `{"type":"keys"}` after a rotation; `{"type":"unsure"}` when endings may be missed (the store cannot be reached).',
      tag: 'Gateway',
      access: 'local',
      right: 'logins:use',
      verb: 'read',
      query: z.object({
        /** Ms since the epoch, or `now` for none of the past; all that matter when left out. */ since: z
          .union([z.literal('now'), z.coerce.number().int().min(0)])
          .optional(),
      }),
    },
  },
  faults: {
    'invalid-json': { status: 400, remedy: 'Send valid JSON in UTF-8, whole.' },
    'invalid-params': { status: 400, remedy: 'Correct the address: a part of the path is not what the route takes.' },
    /** Where a token is what the call is about; `missing-token` where it says who calls. */
    'token-missing': { status: 400, message: 'JWT token not provided', remedy: 'Send the token that the call is about.' },
    'missing-token': { status: 401, message: 'JWT token not provided', remedy: 'Log in, and send the token as `Authorization: Bearer`.' },
    'session-not-found': { status: 404, remedy: 'Log in again: the session is gone, or the token is not of this server.' },
    'session-expired': { status: 401, remedy: 'Log in again.' },
    'session-inactive': { status: 401, remedy: 'Log in again; the session was ended.' },
    'token-refused': { status: 401, remedy: 'Log in again: the token is not valid.' },
    'access-denied': { status: 403, remedy: 'Call with a session of the same user, or of an administrator.' },
    'session-limit': { status: 409, remedy: 'End a session of the user, or raise the limit in the settings.' },
    'invalid-expiry': { status: 400, remedy: 'Give a time in the future.' },
    'store-unavailable': {
      status: 503,
      remedy: 'Try again when the store of the sessions can be reached; "Needs attention" says why it cannot.',
    },
    'signing-keys-locked': { status: 503, remedy: 'Put the sealing key back, or give up the locked signing keys.' },
    'sealed-locked': { status: 503, remedy: 'Put the sealing key back, or give up what it sealed.' },
    'refresh-failed': { status: 400, remedy: 'Refresh when the token is near its end.' },
    'missing-credentials': { status: 400, message: 'Username and password are required', remedy: 'Send user name and password.' },
    'invalid-credentials': { status: 401, message: 'Invalid username or password', remedy: 'Check user name and password.' },
    'user-inactive': { status: 403, message: 'User account is inactive', remedy: 'Have the account activated.' },
    'too-many-attempts': { status: 429, remedy: 'Wait as long as `Retry-After` says, then log in again.' },
    'user-not-found': { status: 404, remedy: 'Check the id of the user; the list shows those there are.' },
    'user-taken': { status: 409, remedy: 'Choose another user name.' },
    'key-not-found': { status: 404, remedy: 'Check the id; the list of keys shows those there are.' },
    'key-in-use': { status: 409, remedy: 'Rotate the signing keys first; the one that signs cannot be removed.' },
  },
  errorSchema: failed,
  errorBody: describeFailure,
})

/** Fault codes of ours as the contract names them; others are their own code with underscores. */
const publishedCodes: Readonly<Record<string, string>> = {
  'token-missing': 'missing_token',
  'invalid-json': 'invalid_request',
  'body-too-deep': 'invalid_request',
  'body-too-large': 'invalid_request',
  'unsupported-media-type': 'invalid_request',
  'invalid-params': 'invalid_request',
  'invalid-query': 'invalid_request',
  'invalid-expiry': 'invalid_request',
  'session-limit': 'session_creation_failed',
  'store-unavailable': 'validation_error',
  internal: 'validation_error',
}

/** `error_code` and `error_message` as in the contract's invalid validation; `message` as in its successes. */
function describeFailure({ status, code, message, issues, requestId }: Problem): z.output<typeof failed> {
  const named =
    code === 'invalid-body'
      ? bodyProblem(issues, message)
      : { error_code: publishedCodes[code] ?? code.replaceAll('-', '_'), error_message: message }
  return { success: false, ...named, message: named.error_message, ...(status >= 500 ? { request_id: requestId } : {}) }
}

function bodyProblem(issues: Problem['issues'], message: string): { error_code: string; error_message: string } {
  const missing = issues.filter((issue) => (issue.missing || issue.message === blank) && issue.field !== '').map(({ field }) => field)
  if (missing.includes('token')) return { error_code: 'missing_token', error_message: 'JWT token not provided' }
  if (missing.length > 0) return { error_code: 'missing_fields', error_message: `Missing required fields: ${missing.join(', ')}` }
  return { error_code: 'invalid_request', error_message: message }
}
