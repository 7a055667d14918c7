/** What a session's browser knows of the sites it has been to: looked at, exported, imported, changed. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { stateCookie, storageState, webOrigin } from '../kept/browser-state.ts'
import { failure, sessionId } from './parts.ts'

const params = z.object({ id: sessionId })

const cookieName = stateCookie.pick({ name: true, domain: true, partitionKey: true }).extend({ path: z.string().max(1_024).default('/') })

export const shownCookie = z.object({
  name: z.string(),
  domain: z.string(),
  path: z.string(),
  /** Null for one that ends with the browser. */
  expiresAt: isoTime.nullable(),
  httpOnly: z.boolean(),
  secure: z.boolean(),
  sameSite: z.enum(['Strict', 'Lax', 'None']).nullable(),
  partitionKey: z.string().nullable(),
  /** Of name and value. */
  bytes: z.number(),
})
export type ShownCookie = z.output<typeof shownCookie>

export const storageKind = z.enum(['local', 'session', 'indexed-db', 'cache'])
export type StorageKind = z.output<typeof storageKind>

/** Storage that has names and values. */
const itemKind = z.enum(['local', 'session'])
const itemPlace = z.object({ origin: webOrigin, kind: itemKind })

export const shownStorage = z.object({
  origin: z.string(),
  kind: storageKind,
  /** Names or object stores; null where it is not known. */
  holds: z.number().nullable(),
  bytes: z.number(),
})
export type ShownStorage = z.output<typeof shownStorage>

const unknown = failure('No such session, or nothing of that name in it')
const asleep = failure('The session sleeps; wake it first')
const changed = { 204: { description: 'Done' }, 404: unknown, 409: asleep }

/** Of an imported state; IndexedDB is most of it. */
const largestImport = 40_000_000

export const stateRoutes = {
  sessionState: {
    method: 'GET',
    path: '/v1/browser-sessions/:id/state',
    tag: 'State',
    summary: 'Cookies and storage of a session, without their values',
    description: 'Of one that sleeps, what is kept of it.',
    access: 'key',
    right: 'browsers:use',
    params,
    responses: {
      200: {
        description: 'Names, lifetimes and sizes',
        body: z.object({
          cookies: z.array(shownCookie),
          storage: z.array(shownStorage),
          /** When it was last written down, sealed; null when it never was. */
          keptAt: isoTime.nullable(),
          leftOut: z.array(z.string()),
        }),
      },
      404: failure('No such session'),
    },
  },
  revealCookie: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/state/cookies/value',
    tag: 'State',
    summary: 'The value of one cookie',
    description:
      'Reading never returns what signs somebody in, so this is no GET, and it is told in the trail. Who may use a session may drive its browser, which knows the same.',
    access: 'key',
    right: 'browsers:use',
    params,
    body: cookieName,
    responses: { 200: { description: 'The value', body: z.object({ value: z.string() }) }, 404: unknown },
  },
  putCookie: {
    method: 'PUT',
    path: '/v1/browser-sessions/:id/state/cookies',
    tag: 'State',
    summary: 'Set a cookie, or change it',
    access: 'key',
    right: 'browsers:use',
    params,
    body: stateCookie,
    responses: { 204: { description: 'Done' }, 400: failure('The browser refuses such a cookie'), 404: unknown, 409: asleep },
  },
  removeCookie: {
    method: 'DELETE',
    path: '/v1/browser-sessions/:id/state/cookies',
    tag: 'State',
    summary: 'Delete a cookie',
    access: 'key',
    right: 'browsers:use',
    params,
    query: cookieName,
    responses: changed,
  },
  storageItems: {
    method: 'GET',
    path: '/v1/browser-sessions/:id/state/storage',
    tag: 'State',
    summary: 'What a site stores under which names, without the values',
    access: 'key',
    right: 'browsers:use',
    params,
    query: itemPlace,
    responses: {
      200: { description: 'Names and sizes', body: z.object({ items: z.array(z.object({ name: z.string(), bytes: z.number() })) }) },
      404: unknown,
    },
  },
  revealItem: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/state/storage/value',
    tag: 'State',
    summary: 'One value that a site stores',
    access: 'key',
    right: 'browsers:use',
    params,
    body: itemPlace.extend({ name: z.string().max(1_000_000) }),
    responses: { 200: { description: 'The value', body: z.object({ value: z.string() }) }, 404: unknown },
  },
  putItem: {
    method: 'PUT',
    path: '/v1/browser-sessions/:id/state/storage',
    tag: 'State',
    summary: 'Store a value for a site, or change it',
    access: 'key',
    right: 'browsers:use',
    params,
    body: itemPlace.extend({ name: z.string().max(1_000_000), value: z.string().max(5_000_000) }),
    responses: { 204: { description: 'Done' }, 400: failure('The browser refuses it'), 404: unknown, 409: asleep },
  },
  removeStorage: {
    method: 'DELETE',
    path: '/v1/browser-sessions/:id/state/storage',
    tag: 'State',
    summary: 'Delete one value, or all that a site stores',
    description: 'With `kind` and `name` one value, with `kind` all of that kind, without both everything of the origin but its cookies.',
    access: 'key',
    right: 'browsers:use',
    params,
    query: z.object({ origin: webOrigin, kind: itemKind.optional(), name: z.string().optional() }),
    responses: changed,
  },
  exportState: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/state/export',
    tag: 'State',
    summary: 'The state of a session as Playwright’s `storageState`',
    description: 'Signs in whoever has it, so it is no GET, and it is told in the trail. It says what could not be taken along.',
    access: 'key',
    right: 'browsers:use',
    params,
    body: z.object({ indexedDB: z.boolean().default(true) }).prefault({}),
    responses: { 200: { description: 'To be given to Playwright as it is', body: storageState.extend({ leftOut: z.array(z.string()) }) } },
  },
  exportCookies: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/state/cookies.txt',
    tag: 'State',
    summary: 'The cookies of a session in Netscape’s format, for curl and wget',
    description: 'Signs in whoever has it, so it is no GET, and it is told in the trail. Partitioned cookies have no place in it.',
    access: 'key',
    right: 'browsers:use',
    params,
    responses: { 200: { description: 'cookies.txt', contentType: 'text/plain; charset=utf-8' } },
  },
  importState: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/state/import',
    tag: 'State',
    summary: 'Put an exported state into a session',
    description:
      'All of it or nothing. `replace` removes first what the session knows. Tabs on the sites that it is about are loaded anew; what they had not saved is gone.',
    access: 'key',
    right: 'browsers:use',
    bodyLimit: largestImport,
    params,
    body: z
      .object({
        storageState: storageState.optional(),
        cookiesTxt: z.string().max(10_000_000).optional(),
        replace: z.boolean().default(false),
      })
      .refine(
        ({ storageState: state, cookiesTxt }) => (state === undefined) !== (cookiesTxt === undefined),
        'give either storageState or cookiesTxt',
      ),
    responses: {
      200: { description: 'What was put in', body: z.object({ cookies: z.number().int(), origins: z.number().int() }) },
      400: failure('It is not valid, or the browser refuses a part of it; nothing was changed'),
      409: asleep,
    },
  },
  clearState: {
    method: 'DELETE',
    path: '/v1/browser-sessions/:id/state',
    tag: 'State',
    summary: 'Remove all cookies and everything that sites store in a session',
    access: 'key',
    right: 'browsers:use',
    params,
    responses: changed,
  },
} as const satisfies Record<string, RouteDefinition>

export const stateFaults = {
  'state-invalid': { status: 400, remedy: 'Correct what the message names; nothing was changed.' },
  'state-not-found': { status: 404, remedy: 'Read the state again: what the message names is not in it.' },
  'state-not-taken': { status: 409, remedy: 'Import the state into the session that is there, or close it first.' },
  'session-asleep': { status: 409, remedy: 'Wake the session first.' },
} as const
