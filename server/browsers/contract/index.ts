/**
 * The browsers API: the published E-Modal session contract, and beside it the native resource of sessions and of the Chromium they run on.
 */
import { defineContract } from '../../http/contract.ts'
import { handsRoutes } from './hands.ts'
import { asleepRoutes } from './asleep.ts'
import { clientsRoutes, clientsSockets } from './clients.ts'
import { nativeRoutes, nativeSockets } from './native.ts'
import { operationFaults, operationRoutes } from './operations.ts'
import { debugFaults, debugRoutes } from './debug.ts'
import { failed } from './parts.ts'
import { oneShotFaults, oneShotRoutes } from './one-shots.ts'
import { describeFailure, publishedRoutes } from './published.ts'
import { stateFaults, stateRoutes } from './state.ts'
import { resourceFaults, resourceRoutes } from './resource.ts'
import { wallRoutes, wallSockets } from './wall.ts'
import { workshopFaults, workshopRoutes } from './workshop.ts'
import { recorderRoutes, recorderSockets } from './recorder.ts'
import { recordingFaults, recordingRoutes } from './recording.ts'

export type { DownloadView } from './hands.ts'
export type { EndReason } from './endings.ts'
export { recordHeaderBytes } from './recording-format.ts'
export type { RecordingView } from './recording.ts'
export type { ShownCookie, ShownStorage } from './state.ts'
export { sessionId } from './parts.ts'
export * from './recorder.ts'
export * from './recorder-entries.ts'
export * from './resources.ts'
export type { RoomView } from './room.ts'

export type { LoginRecording } from './login-recording.ts'
export { loginSteps, siteProfile, type OperationOutput } from './site-profile.ts'
export { kindOf, oneByOne, selectorOf, siteStep, stepKinds, type PageSign, type SiteStep, type StepKind } from './site-steps.ts'
export type { Picked, PictureFacts, Trial, TrialStepState } from './trial.ts'

export const browsersContract = defineContract({
  api: 'browsers',
  title: 'Browser sessions',
  version: '1.0.0',
  description: 'Logged-in Chromium sessions that stay alive between calls.',
  subject: { params: ['id', 'session_id'], missing: 'session-not-found' },
  routes: {
    ...publishedRoutes,
    ...nativeRoutes,
    ...handsRoutes,
    ...recorderRoutes,
    ...wallRoutes,
    ...resourceRoutes,
    ...oneShotRoutes,
    ...asleepRoutes,
    ...recordingRoutes,
    ...operationRoutes,
    ...debugRoutes,
    ...stateRoutes,
    ...clientsRoutes,
    ...workshopRoutes,
  },
  sockets: { ...nativeSockets, ...recorderSockets, ...wallSockets, ...clientsSockets },
  faults: {
    ...operationFaults,
    ...debugFaults,
    'session-not-found': { status: 404, message: 'Session not found', remedy: 'Check the id of the session; it may have ended.' },
    'invalid-params': { status: 404, message: 'Session not found', remedy: 'Check the id of the session.' },
    'close-failed': { status: 500, message: 'Failed to close browser session', remedy: 'Try again; the log says what the browser did.' },
    'authentication-failed': {
      status: 401,
      message: 'Authentication failed',
      remedy: 'Check the credentials by signing in at the site yourself.',
    },
    'no-capacity': {
      status: 500,
      message: 'Failed to allocate session capacity',
      remedy: 'Close a session, or raise the number of sessions in the settings.',
    },
    'missing-fields': { status: 400, remedy: 'Send the fields that the message names.' },
    'address-refused': { status: 400, remedy: 'Give an address on the internet, or allow its network in the settings.' },
    'session-ended': { status: 500, remedy: 'Open a new session.' },
    'operation-failed': {
      status: 500,
      remedy: 'Look at the page in the live view; the site may have changed, and its profile has to follow.',
    },
    'operation-unknown': { status: 400, remedy: 'Use an operation that the site profile has.' },
    'no-browser': { status: 500, remedy: 'Install Chromium from the window, or name one with `--browser`.' },
    'start-failed': { status: 500, remedy: 'Read the message, which has the last words of Chromium; then try again.' },
    'login-timeout': {
      status: 500,
      remedy: 'Look at the page in the live view; give the login more time in the site profile, or correct its steps.',
    },
    'login-unreachable': { status: 500, remedy: 'Check the address in the site profile, and the network.' },
    'login-failed': { status: 500, remedy: 'Look at the page in the live view; correct the site profile.' },
    /** The login of a session that slept counts no more, and the call named the session alone. */
    'login-expired': {
      status: 400,
      message: 'Missing required fields: username, password, captcha_api_key (or valid session_id)',
      remedy: 'Send the credentials: the session goes on under the same id. In the window, sign in by hand.',
    },
    ...stateFaults,
    'session-in-use': { status: 409, remedy: 'Wait until the lease that the message names has ended, or end it.' },
    'not-kept': { status: 409, remedy: 'Allow logins to be kept, in the settings and in the site profile; the message says which.' },
    /** The native words for `no-capacity`. */
    'all-in-use': { status: 409, remedy: 'Close a session, wait for one, or raise the number of sessions in the settings.' },
    'browser-silent': { status: 504, remedy: 'Try again; if it stays silent, close the session and open a new one.' },
    /** The published words for `browser-silent`. */
    'browser-unusable': { status: 500, remedy: 'Try again; a session whose browser does not answer is replaced.' },
    'page-failed': { status: 409, remedy: 'Try again, or load another page.' },
    'install-failed': {
      status: 500,
      remedy: 'Check the network and the room on the disk, then try again; or name a Chromium with `--browser`.',
    },
    'captcha-failed': { status: 500, remedy: 'Check the key and the balance at the captcha service, or solve it in the live view.' },
    'page-not-found': { status: 404, remedy: 'Read the session again for the pages that are open.' },
    'download-not-found': { status: 404, remedy: 'List the downloads of the session; files are removed 24 hours after its end.' },
    'download-unfinished': { status: 409, remedy: 'Wait until its state is `done`, then fetch it.' },
    'file-too-large': { status: 413, remedy: 'Use a smaller file, or remove what is no longer needed.' },
    'picture-not-found': { status: 404, remedy: 'Ask for one that the list of what happened names; only the last few are kept.' },
    'crash-card-not-found': { status: 404, remedy: 'Ask when the session has ended.' },
    'address-without-path': {
      status: 404,
      message: 'The path of the address names the session, and this program dropped it',
      remedy: 'Connect with `browserWSEndpoint` and the `connectUrl`; Puppeteer takes a `browserURL` with a path from version 25 on.',
    },
    'address-expired': {
      status: 401,
      message: 'This address is not good any more',
      remedy: 'Ask for a new address with `POST /v1/browser-sessions/:id/connect`, or use the lasting one with a key.',
    },
    'too-many-clients': { status: 409, remedy: 'End a client that is not needed, or let one program do the work of several.' },
    'client-not-found': { status: 404, remedy: 'It has left; `GET /v1/browser-sessions/:id/clients` lists who is connected.' },
    'lease-not-found': { status: 404, remedy: 'Take a new lease; this one has ended.' },
    ...resourceFaults,
    ...recordingFaults,
    ...oneShotFaults,
    ...workshopFaults,
    'profile-not-found': { status: 400, remedy: 'Use the name of a site profile; the control API lists them.' },
  },
  errorSchema: failed,
  errorBody: describeFailure,
})
