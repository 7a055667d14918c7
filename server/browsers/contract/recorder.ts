/** What happened in a session: its own events, its pages' requests, console and errors in one list, as a file, and why it ended. */
import { z } from 'zod'
import { isoTime, type RouteDefinition, type SocketDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'
import { crashCard, recorderCategory, recorderEntry, recorderSource } from './recorder-entries.ts'

const counts = z.partialRecord(recorderCategory, z.number().int())
const totals = z.object({ requests: z.number().int(), bytes: z.number().describe('That came over the network') })

/** Several, with commas between them. */
function listOf<Word extends string>(one: z.ZodType<Word, string>) {
  return z
    .string()
    .max(200)
    .transform((text) => text.split(',').filter((part) => part !== ''))
    .pipe(z.array(one))
}

const filter = z.object({
  /** E.g. `failed,console`; `requests` includes the failed ones. Everything when left out. */
  category: listOf(recorderCategory).optional(),
  source: listOf(recorderSource).optional(),
  /** Found in what the entry says, whatever its case. */
  text: z.string().max(200).optional(),
})
export type RecorderFilter = z.output<typeof filter>

const sessionParams = z.object({ id: sessionId })
const ofSession = { method: 'GET', tag: 'What happened', access: 'key', right: 'browsers:use', params: sessionParams } as const

export const recorderRoutes = {
  recorder: {
    ...ofSession,
    path: '/v1/browser-sessions/:id/recorder',
    summary: 'What happened in a session, the latest first',
    description:
      'Navigations, requests, the console, errors, leases, people, logins in one list. Addresses are without passwords and tokens; bodies, cookies and authorizations are not recorded. Also of a session that has ended, while it is among the last fifty.',
    query: filter.extend({
      /** Older than this entry. */
      before: z.coerce.number().int().min(0).optional(),
      /** Newer than this entry. */
      after: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(200),
    }),
    responses: {
      200: {
        description: 'Entries',
        body: z.object({
          entries: z.array(recorderEntry),
          /** There are older ones that fit. */
          more: z.boolean(),
          /** By category, of all that fit the text and the source. */
          counts,
          /** Of the session; also those that are kept no more. */
          totals,
          /** Requests and lines of the console that had to make room for later ones. */
          dropped: z.number().int(),
          pictures: z.array(z.object({ id: z.number().int(), at: isoTime, why: z.enum(['loaded', 'error', 'click']), url: z.string() })),
        }),
      },
      404: failure('No such session'),
    },
  },
  recorderHar: {
    ...ofSession,
    path: '/v1/browser-sessions/:id/recorder.har',
    summary: 'The requests of a session as HAR 1.2',
    description: 'Without bodies, cookies and headers that could carry a secret.',
    responses: { 200: { description: 'HAR', contentType: 'application/json' }, 404: failure('No such session') },
  },
  recorderZip: {
    ...ofSession,
    path: '/v1/browser-sessions/:id/recorder.zip',
    summary: 'Everything that is recorded of a session, with its last pictures',
    description: '`session.json`, `events.json`, `requests.har`, `crash-card.json` where it has ended, and `pictures/`.',
    responses: { 200: { description: 'ZIP', contentType: 'application/zip' }, 404: failure('No such session') },
  },
  recorderPicture: {
    ...ofSession,
    path: '/v1/browser-sessions/:id/recorder/pictures/:picture',
    summary: 'One of the last pictures',
    params: sessionParams.extend({ picture: z.coerce.number().int().min(1) }),
    responses: { 200: { description: 'JPEG', contentType: 'image/jpeg' }, 404: failure('No such session or picture') },
  },
  crashCard: {
    ...ofSession,
    path: '/v1/browser-sessions/:id/crash-card',
    summary: 'Why a session ended',
    description: 'Those of browsers that died are known after a restart of the server as well.',
    responses: { 200: { description: 'The card', body: crashCard }, 404: failure('No such session, or it has not ended') },
  },
} as const satisfies Record<string, RouteDefinition>

/** What the live tail sends: at most ten entries a second, and of the rest how many there were. */
export const recorderTailMessage = z.object({
  entries: z.array(recorderEntry),
  /** Not sent; read them from the list when they are wanted. */
  skipped: z.number().int(),
  counts,
  totals,
})
export type RecorderTailMessage = z.output<typeof recorderTailMessage>

export const recorderSockets = {
  recorderTail: {
    path: '/v1/browser-sessions/:id/recorder/tail',
    summary: 'What happens in a session, as it happens',
    description:
      'Text messages `{entries, skipped, counts, totals}`, the latest entry last: at most ten entries a second; beyond that they are only counted. Ends with the session. Takes the filter of the list.',
    tag: 'What happened',
    access: 'key',
    right: 'browsers:use',
    verb: 'read',
    params: sessionParams,
    query: filter,
  },
} as const satisfies Record<string, SocketDefinition>
