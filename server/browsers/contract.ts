/**
 * The browsers API. The first block is the published E-Modal session contract, byte for byte; below it the native
 * resource `/v1/browser-sessions`, which the window, scripts and other tools use for what the contract has no words for.
 */
import { z } from 'zod'
import { defineContract, isoTime, type Problem } from '../http/contract.ts'
import { siteProfileName } from './site-profile.ts'

/** `session_<epoch seconds>_<ten random digits>-<22 random characters>` begins like the document's ids and cannot be guessed. */
export const sessionId = z.string().regex(/^session_\d{10}_\d{10}[0-9A-Za-z_-]{0,40}$/)

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

const failed = z.object({ success: z.literal(false), error: z.string(), details: z.string().optional(), request_id: z.string().optional() })
const failure = (description: string) => ({ description, body: failed })

/** The life of a session; transitions stand in `service.ts`. */
export const sessionState = z.enum([
  'starting',
  'signing-in',
  'ready',
  'in-use',
  'taken-over',
  'needs-you',
  'not-responding',
  'closing',
  'closed',
])
export type SessionState = z.output<typeof sessionState>

export const endReason = z.enum(['closed', 'idle', 'evicted', 'crashed', 'login-failed', 'start-failed', 'shutdown'])
export type EndReason = z.output<typeof endReason>

export const leaseView = z.object({
  id: z.string(),
  holder: z.string(),
  startedAt: isoTime,
  expiresAt: isoTime,
})

export const browserSession = z.object({
  id: z.string(),
  username: z.string(),
  profile: z.string(),
  state: sessionState,
  /** Why it is in this state, in plain words, where there is something to say. */
  reason: z.string().nullable(),
  createdAt: isoTime,
  lastUsedAt: isoTime,
  /** When it ends if nobody uses it; null while leased or signing in. */
  idleExpiresAt: isoTime.nullable(),
  currentUrl: z.string(),
  title: z.string(),
  pages: z.array(z.object({ id: z.string(), url: z.string(), title: z.string(), active: z.boolean() })),
  leases: z.array(leaseView),
  memoryBytes: z.number().nullable(),
  processCount: z.number().nullable(),
  pid: z.number().nullable(),
  lastRefresh: z.object({ at: isoTime, ok: z.boolean(), message: z.string() }).nullable(),
  nextRefreshAt: isoTime.nullable(),
  endReason: endReason.nullable(),
})
export type BrowserSession = z.output<typeof browserSession>

export const sessionEvent = z.object({
  id: z.number(),
  at: isoTime,
  kind: z.string(),
  text: z.string(),
  tone: z.enum(['neutral', 'good', 'busy', 'attention', 'bad']),
})
export type SessionEvent = z.output<typeof sessionEvent>

export const chromiumState = z.object({
  state: z.enum(['unknown', 'checking', 'ready', 'missing', 'installing', 'failed']),
  path: z.string().nullable(),
  version: z.string().nullable(),
  /** Where it was found: `flag`, `environment`, `setting`, `system`, `puppeteer-cache`, `playwright-cache`, `installed`. */
  source: z.string().nullable(),
  sandbox: z.boolean(),
  message: z.string().nullable(),
  progress: z.object({ receivedBytes: z.number(), totalBytes: z.number().nullable() }).nullable(),
  searched: z.array(z.string()),
})
export type ChromiumState = z.output<typeof chromiumState>

const sessionParams = z.object({ id: sessionId })

export const openSessionRequest = z.object({
  profile: siteProfileName,
  /** Where to go; needed by a profile without an address. */
  address: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional(),
  username: z.string().max(1_024).default(''),
  password: z.string().max(1_024).default(''),
  captchaApiKey: z.string().max(1_024).optional(),
})

export const browsersContract = defineContract({
  api: 'browsers',
  title: 'Browser sessions',
  version: '1.0.0',
  description: 'Logged-in Chromium sessions that stay alive between calls.',
  subject: { params: ['id', 'session_id'], missing: 'session-not-found' },
  routes: {
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

    openSession: {
      method: 'POST',
      path: '/v1/browser-sessions',
      tag: 'Sessions',
      summary: 'Open a session on a site profile',
      description: 'Answers at once with the session in state `starting`; its progress arrives as events.',
      access: 'key',
      right: 'browsers:use',
      body: openSessionRequest,
      responses: {
        202: { description: 'Starting, or already there', body: z.object({ session: browserSession, isNew: z.boolean() }) },
        400: failure('Invalid'),
        409: failure('No capacity'),
      },
    },
    browserSessions: {
      method: 'GET',
      path: '/v1/browser-sessions',
      tag: 'Sessions',
      summary: 'All live sessions with state, pages and leases',
      access: 'key',
      right: 'browsers:use',
      responses: {
        200: {
          description: 'Sessions, the most recently used first',
          body: z.object({
            sessions: z.array(browserSession),
            capacity: z.number().int(),
            nextEvicted: z.string().nullable(),
            spareReady: z.boolean().describe('A started browser waits for the next session'),
          }),
        },
      },
    },
    browserSession: {
      method: 'GET',
      path: '/v1/browser-sessions/:id',
      tag: 'Sessions',
      summary: 'One session with its recent events',
      access: 'key',
      right: 'browsers:use',
      params: sessionParams,
      responses: {
        200: { description: 'The session', body: z.object({ session: browserSession, events: z.array(sessionEvent) }) },
        404: failure('No such session'),
      },
    },
    closeBrowserSession: {
      method: 'DELETE',
      path: '/v1/browser-sessions/:id',
      tag: 'Sessions',
      summary: 'Close a session',
      access: 'key',
      right: 'browsers:use',
      params: sessionParams,
      responses: { 204: { description: 'Closed' }, 404: failure('No such session') },
    },
    restartSession: {
      method: 'POST',
      path: '/v1/browser-sessions/:id/restart',
      tag: 'Sessions',
      summary: 'Open a session anew with the credentials it had',
      description: 'For one that crashed or does not answer; a live one is closed first. The new session has another id.',
      access: 'key',
      right: 'browsers:use',
      params: sessionParams,
      responses: {
        202: { description: 'Starting', body: z.object({ session: browserSession, isNew: z.boolean() }) },
        404: failure('No such session, or its credentials are no longer known'),
        409: failure('No capacity'),
      },
    },
    navigate: {
      method: 'POST',
      path: '/v1/browser-sessions/:id/navigate',
      tag: 'Sessions',
      summary: 'Send the active page to an address, or back, forward, reload',
      access: 'key',
      right: 'browsers:use',
      params: sessionParams,
      body: z.union([
        z.object({ address: z.url({ protocol: /^https?$/ }).max(2_000) }),
        z.object({ action: z.enum(['back', 'forward', 'reload']) }),
      ]),
      responses: { 204: { description: 'On its way' }, 404: failure('No such session') },
    },
    screenshot: {
      method: 'GET',
      path: '/v1/browser-sessions/:id/screenshot',
      tag: 'Sessions',
      summary: 'A picture of the active page',
      access: 'key',
      right: 'browsers:use',
      params: sessionParams,
      responses: { 200: { description: 'PNG', contentType: 'image/png' }, 404: failure('No such session') },
    },
    takeLease: {
      method: 'POST',
      path: '/v1/browser-sessions/:id/leases',
      tag: 'Leases',
      summary: 'Keep a session from being refreshed, evicted or ended while work goes on',
      access: 'key',
      right: 'browsers:use',
      params: sessionParams,
      body: z.object({ holder: z.string().min(1).max(80), seconds: z.number().int().min(1).max(3_600).default(60) }),
      responses: { 201: { description: 'The lease', body: leaseView }, 404: failure('No such session') },
    },
    endLease: {
      method: 'DELETE',
      path: '/v1/browser-sessions/:id/leases/:lease',
      tag: 'Leases',
      summary: 'Give a lease back',
      access: 'key',
      right: 'browsers:use',
      params: z.object({ id: sessionId, lease: z.string().regex(/^lease_[0-9A-Za-z_-]{1,40}$/) }),
      responses: { 204: { description: 'Ended' }, 404: failure('No such session or lease') },
    },
    chromium: {
      method: 'GET',
      path: '/v1/chromium',
      tag: 'Chromium',
      summary: 'Which Chromium is used, or where it was looked for',
      access: 'key',
      right: 'browsers:manage',
      responses: { 200: { description: 'State', body: chromiumState } },
    },
    findChromium: {
      method: 'POST',
      path: '/v1/chromium/find',
      tag: 'Chromium',
      summary: 'Look for a Chromium again and validate it by a launch',
      access: 'key',
      right: 'control:manage',
      responses: { 200: { description: 'State', body: chromiumState } },
    },
    installChromium: {
      method: 'POST',
      path: '/v1/chromium/install',
      tag: 'Chromium',
      summary: 'Download Chrome for Testing into the data directory',
      access: 'key',
      right: 'control:manage',
      responses: { 202: { description: 'Started; progress arrives as events', body: chromiumState } },
    },
    cancelInstall: {
      method: 'DELETE',
      path: '/v1/chromium/install',
      tag: 'Chromium',
      summary: 'Cancel the download',
      access: 'key',
      right: 'control:manage',
      responses: { 200: { description: 'State', body: chromiumState } },
    },
  },
  sockets: {
    view: {
      path: '/v1/browser-sessions/:id/view',
      summary: 'Live view: JPEG frames out, input in',
      description: 'Messages are described in `live-view-messages.ts`. Frames are sent only while the client says that it is visible.',
      tag: 'Sessions',
      access: 'key',
      right: 'browsers:use',
      verb: 'write',
      params: sessionParams,
    },
  },
  faults: {
    'session-not-found': { status: 404, message: 'Session not found' },
    'invalid-params': { status: 404, message: 'Session not found' },
    'close-failed': { status: 500, message: 'Failed to close browser session' },
    'authentication-failed': { status: 401, message: 'Authentication failed' },
    'no-capacity': { status: 500, message: 'Failed to allocate session capacity' },
    'missing-fields': { status: 400 },
    'address-refused': { status: 400 },
    'session-ended': { status: 500 },
    'operation-failed': { status: 500 },
    'operation-unknown': { status: 400 },
    'no-browser': { status: 500 },
    'start-failed': { status: 500 },
    'login-timeout': { status: 500 },
    'login-unreachable': { status: 500 },
    'login-failed': { status: 500 },
    /** The native words for `no-capacity`. */
    'all-in-use': { status: 409 },
    'browser-silent': { status: 504 },
    /** The published words for `browser-silent`. */
    'browser-unusable': { status: 500 },
    'page-failed': { status: 409 },
    'install-failed': { status: 500 },
    'captcha-failed': { status: 500 },
    'lease-not-found': { status: 404 },
    'profile-not-found': { status: 400 },
  },
  errorSchema: failed,
  errorBody: describeFailure,
})

/** The contract's error shape: `{success: false, error, details?}`. */
function describeFailure(problem: Problem): z.output<typeof failed> {
  const { status, code, message, details, issues, requestId } = problem
  if (code === 'invalid-body') {
    return { success: false, error: invalidBodyText(issues) }
  }
  return {
    success: false,
    error: message,
    ...(code === 'authentication-failed' ? { details: String(details['reason'] ?? 'Invalid credentials') } : {}),
    ...(status >= 500 ? { request_id: requestId } : {}),
  }
}

function invalidBodyText(issues: Problem['issues']): string {
  const contractFields = ['username', 'password', 'captcha_api_key']
  if (issues.some((issue) => issue.missing && contractFields.includes(issue.field)) || issues.some((issue) => issue.field === '')) {
    return `Missing required fields: ${contractFields.join(', ')}`
  }
  const missing = issues.filter((issue) => issue.missing).map((issue) => issue.field)
  if (missing.length > 0) return `Missing required fields: ${missing.join(', ')}`
  return `Invalid fields: ${issues.map((issue) => `${issue.field} (${issue.message})`).join(', ')}`
}
