/**
 * The native resource `/v1/browser-sessions`, which the window, scripts and other tools use for what the published contract has no words
 * for.
 */
import { z } from 'zod'
import type { RouteDefinition, SocketDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'
import { browserSession, chromiumState, leaseView, sessionEvent } from './resources.ts'
import { madeRoom, roomView } from './room.ts'
import { storageState } from '../kept/browser-state.ts'
import { setupRequest } from './setup.ts'
import { siteProfileName } from './site-profile.ts'

const sessionParams = z.object({ id: sessionId })

const openSessionRequest = z.object({
  profile: siteProfileName,
  /** Where to go; needed by a profile without an address. */
  address: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional(),
  username: z.string().max(1_024).default(''),
  password: z.string().max(1_024).default(''),
  captchaApiKey: z.string().max(1_024).optional(),
  ...setupRequest.shape,
  /** What its browser is to know from the start, as it was exported elsewhere; not for one that is there already. */
  storageState: storageState.optional(),
})

export const nativeRoutes = {
  openSession: {
    method: 'POST',
    path: '/v1/browser-sessions',
    tag: 'Sessions',
    summary: 'Open a session on a site profile',
    description: 'Answers at once with the session in state `starting`; its progress arrives as events.',
    access: 'key',
    right: 'browsers:use',
    bodyLimit: 40_000_000,
    body: openSessionRequest,
    responses: {
      202: {
        description: 'Starting, or already there',
        body: z.object({
          session: browserSession,
          isNew: z.boolean(),
          madeRoom: z.array(madeRoom).describe('Those that the caller may see'),
        }),
      },
      400: failure('Invalid'),
      409: failure('No capacity, or a session of these credentials that cannot take what was asked for'),
    },
  },
  browserSessions: {
    method: 'GET',
    path: '/v1/browser-sessions',
    tag: 'Sessions',
    summary: 'All sessions with state, pages and leases, those that sleep too',
    access: 'key',
    right: 'browsers:use',
    query: z.object({
      tag: z
        .union([z.string(), z.array(z.string()).max(20)])
        .describe('Only sessions that have this tag, as `name` or `name:value`; more than once for all of several')
        .optional(),
    }),
    responses: {
      200: {
        description: 'Live sessions, the most recently used first, then those that sleep (`hibernated`)',
        body: z.object({
          sessions: z.array(browserSession),
          capacity: z.number().int(),
          room: roomView,
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
    summary: 'Close a session, or forget one that sleeps',
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
    description:
      'For one that crashed or does not answer; a live one is closed first. The new session has another id and signs in anew; what was kept is forgotten.',
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
    body: z.union(
      [z.object({ address: z.url({ protocol: /^https?$/ }).max(2_000) }), z.object({ action: z.enum(['back', 'forward', 'reload']) })],
      'give an address of the web, or an action: back, forward or reload',
    ),
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
} as const satisfies Record<string, RouteDefinition>

export const nativeSockets = {
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
} as const satisfies Record<string, SocketDefinition>
