/** The browsers API: the published E-Modal session contract, and beside it the native resource of sessions and of the Chromium they run on. */
import { defineContract } from '../../http/contract.ts'
import { nativeRoutes, nativeSockets } from './native.ts'
import { failed } from './parts.ts'
import { describeFailure, publishedRoutes } from './published.ts'

export { sessionId } from './parts.ts'
export * from './resources.ts'

export const browsersContract = defineContract({
  api: 'browsers',
  title: 'Browser sessions',
  version: '1.0.0',
  description: 'Logged-in Chromium sessions that stay alive between calls.',
  subject: { params: ['id', 'session_id'], missing: 'session-not-found' },
  routes: { ...publishedRoutes, ...nativeRoutes },
  sockets: nativeSockets,
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
