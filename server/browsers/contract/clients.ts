/**
 * How programs drive a session: over the DevTools protocol, at an address that `connect` gives, or with a key at one that lasts. Below
 * either stand the addresses that DevTools have, so that programs written for Chromium find their way.
 */
import { z } from 'zod'
import { isoTime, type RouteDefinition, type SocketDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'
import { clientView } from './resources.ts'

const sessionParams = z.object({ id: sessionId })
const token = z.string().regex(/^[\w-]{43}$/)
const tokenParams = z.object({ token })
const page = z.string().regex(/^[0-9A-Za-z-]{8,64}$/)
const name = z.string().min(1).max(80)

const version = z.record(z.string(), z.string())
const describedPage = z.object({
  description: z.string(),
  devtoolsFrontendUrl: z.string(),
  id: z.string(),
  title: z.string(),
  type: z.literal('page'),
  url: z.string(),
  webSocketDebuggerUrl: z.string(),
})

/** Addresses with a secret in their path ask for nothing else. */
const bySecret = { access: 'public', right: 'anyone', tag: 'DevTools' } as const
const byKey = { access: 'key', right: 'browsers:use', tag: 'DevTools', params: sessionParams } as const
const expired = { 401: failure('The address is not good any more'), 404: failure('The session has ended') }
const unknown = { 404: failure('No such session') }

const told = { description: 'As Chromium tells it, with addresses of ours', body: version }
const protocol = { description: 'Domains with their commands, events and types', contentType: 'application/json' }
const listed = { description: 'The page in front first', body: z.array(describedPage) }
const browserAt = '/v1/browser-sessions/:id/cdp'

export const clientsRoutes = {
  connectClient: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/connect',
    tag: 'Clients',
    summary: 'Let a program drive the session',
    description:
      'Answers with addresses that open this session and no other, for the short while in which a program connects; while it is connected they stay good. `connectUrl` is for `puppeteer.connect({browserWSEndpoint})`, `httpUrl` for `puppeteer.connect({browserURL})` and Playwright’s `connectOverCDP`.',
    access: 'key',
    right: 'browsers:use',
    params: sessionParams,
    body: z
      .object({
        /** The name under which the program is shown. */
        client: name.optional(),
        seconds: z.number().int().min(5).max(3_600).default(300),
      })
      .default({ seconds: 300 }),
    responses: {
      201: {
        description: 'Addresses, told once',
        body: z.object({
          connectUrl: z.string(),
          httpUrl: z.string(),
          expiresAt: isoTime,
          /** The same as `connectUrl`. */
          websocketUrl: z.string(),
          /** The same as `connectUrl`. */
          browserWSEndpoint: z.string(),
        }),
      },
      404: failure('No such session'),
      409: failure('As many programs as may be are connected'),
    },
  },
  clients: {
    method: 'GET',
    path: '/v1/browser-sessions/:id/clients',
    tag: 'Clients',
    summary: 'Who is connected to the session',
    access: 'key',
    right: 'browsers:use',
    params: sessionParams,
    responses: { 200: { description: 'In the order in which they came', body: z.object({ clients: z.array(clientView) }) }, ...unknown },
  },
  endClient: {
    method: 'DELETE',
    path: '/v1/browser-sessions/:id/clients/:client',
    tag: 'Clients',
    summary: 'End the connection of one client',
    description: 'The session and its pages stay open.',
    access: 'key',
    right: 'browsers:use',
    params: z.object({ id: sessionId, client: z.string().max(60) }),
    responses: { 204: { description: 'Ended' }, 404: failure('No such session or client') },
  },
  devtoolsVersion: {
    ...{ method: 'GET', path: '/cdp/:token/json/version', ...bySecret, params: tokenParams },
    summary: 'The browser and its WebSocket, as DevTools tell it',
    responses: { 200: told, ...expired },
  },
  devtoolsPages: {
    ...{ method: 'GET', path: '/cdp/:token/json/list', ...bySecret, params: tokenParams },
    summary: 'The pages and their WebSockets',
    responses: { 200: listed, ...expired },
  },
  devtoolsPagesShort: {
    ...{ method: 'GET', path: '/cdp/:token/json', ...bySecret, params: tokenParams },
    summary: 'The same as `json/list`',
    responses: { 200: listed, ...expired },
  },
  devtoolsProtocol: {
    ...{ method: 'GET', path: '/cdp/:token/json/protocol', ...bySecret, params: tokenParams },
    summary: 'What can be asked for in the protocol, as a program may read it',
    responses: { 200: protocol, ...expired },
  },
  devtoolsWithoutPath: {
    ...{ method: 'GET', path: '/json/version', ...bySecret },
    summary: 'What a program gets that drops the path of the address it was given',
    description: 'Puppeteer does so with `browserURL` before version 25; it is told to connect with `browserWSEndpoint`.',
    responses: { 404: failure('The path names the session') },
  },
  devtoolsProtocolAlone: {
    ...{ method: 'GET', path: '/json/protocol', ...bySecret },
    summary: 'The same, for a program that was given a WebSocket and asks at its host',
    responses: { 200: protocol },
  },
  devtoolsNew: {
    ...{ method: 'PUT', path: '/cdp/:token/json/new', ...bySecret, params: tokenParams },
    summary: 'Open a page at the address after the question mark',
    responses: { 200: { description: 'The page', body: describedPage }, 400: failure('Not an address of the web'), ...expired },
  },
  devtoolsActivate: {
    ...{ method: 'GET', path: '/cdp/:token/json/activate/:page', verb: 'write', ...bySecret, params: tokenParams.extend({ page }) },
    summary: 'Bring a page to the front',
    responses: { 200: { description: 'Done', contentType: 'text/plain' }, ...expired },
  },
  devtoolsClose: {
    ...{ method: 'GET', path: '/cdp/:token/json/close/:page', verb: 'write', ...bySecret, params: tokenParams.extend({ page }) },
    summary: 'Close a page',
    responses: { 200: { description: 'Done', contentType: 'text/plain' }, ...expired },
  },
  keyedDevtoolsVersion: {
    ...{ method: 'GET', path: `${browserAt}/json/version`, ...byKey },
    summary: 'The browser and its WebSocket, for a program that sends a key',
    responses: { 200: told, ...unknown },
  },
  keyedDevtoolsPages: {
    ...{ method: 'GET', path: `${browserAt}/json/list`, ...byKey },
    summary: 'The pages and their WebSockets, for a program that sends a key',
    responses: { 200: listed, ...unknown },
  },
  keyedDevtoolsProtocol: {
    ...{ method: 'GET', path: `${browserAt}/json/protocol`, ...byKey },
    summary: 'What can be asked for in the protocol, for a program that sends a key',
    responses: { 200: protocol, ...unknown },
  },
  keyedDevtoolsPagesShort: {
    ...{ method: 'GET', path: `${browserAt}/json`, ...byKey },
    summary: 'The same as `json/list`',
    responses: { 200: listed, ...unknown },
  },
} as const satisfies Record<string, RouteDefinition>

/** Bytes of one command, e.g. one that brings a file: more closes with 1009. */
const maxMessageBytes = 32 * 1_048_576
const nameQuery = z.object({ client: name.optional() })
const messages = 'The DevTools protocol. What would end the session is answered without its effect; closing the connection closes nothing.'

export const clientsSockets = {
  drive: { path: '/cdp/:token', summary: 'Drive the browser', description: messages, ...bySecret, params: tokenParams, maxMessageBytes },
  driveBrowser: {
    ...{ path: '/cdp/:token/devtools/browser/:browser', ...bySecret, params: tokenParams, maxMessageBytes },
    summary: 'The same, where DevTools have it',
  },
  drivePage: {
    ...{ path: '/cdp/:token/devtools/page/:page', ...bySecret, params: tokenParams.extend({ page }), maxMessageBytes },
    summary: 'Drive one page',
  },
  keyedDrive: {
    ...{ path: browserAt, verb: 'write', ...byKey, query: nameQuery, maxMessageBytes },
    summary: 'Drive the browser, with a key',
    description: messages,
  },
  keyedDriveBrowser: {
    ...{ path: `${browserAt}/devtools/browser/:browser`, verb: 'write', ...byKey, query: nameQuery, maxMessageBytes },
    summary: 'The same, where DevTools have it',
  },
  keyedDrivePage: {
    ...{ path: `${browserAt}/devtools/page/:page`, verb: 'write', ...byKey, query: nameQuery, maxMessageBytes },
    params: sessionParams.extend({ page }),
    summary: 'Drive one page, with a key',
  },
} as const satisfies Record<string, SocketDefinition>
