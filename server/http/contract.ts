/**
 * What an API is, as data: a route table from which come validation, the Koa app, OpenAPI and the renderer's typed client.
 * No Node import here: the renderer reads contracts too.
 */
import { z } from 'zod'
import type { ApiName } from '../rooms.ts'
import type { Right } from './rights.ts'

export { apiNames, roomNames, type ApiName, type RoomName } from '../rooms.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Who may call a route.
 * - `public`: anyone, always, because the published contract says so.
 * - `local`: anyone on this machine; a key once the API is open to the LAN.
 * - `key`: a key, the owner's token or a signed-in window, always.
 */
export type Access = Guarded['access']

/**
 * Who may call a route, and what a key has to hold for it; see `rights.ts`. What a contract calls public asks for nothing, all else for a
 * right or at least for a key that is good. There is no default: a route that declares nothing does not compile.
 */
export type Guarded =
  { access: 'public'; right: 'anyone' } | { access: 'local'; right: Right } | { access: 'key'; right: Right | 'any-key' }

/** What a key of the older form must be allowed to do. Read for GET, write for the rest, unless the route says otherwise. */
export type Verb = 'read' | 'write'

export interface ResponseDefinition {
  description: string
  /** Left out for a reply that is not JSON; then `contentType` names it. */
  body?: z.ZodType
  contentType?: string
}

export type RouteDefinition = RouteFacts & Guarded

export interface RouteFacts {
  method: Method
  /** From the API's root, parameters as `:name`. */
  path: string
  summary: string
  description?: string
  /** The heading under which the reference lists it. */
  tag?: string
  verb?: Verb
  /** Where a page of another site sends browsers without a key of ours, e.g. back from signing in there. */
  fromElsewhere?: boolean
  /** Pages of an origin that the session in the request has been opened to may call it; see `Api.isOpenTo`. */
  openedBySession?: boolean
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodType
  /** `form` also accepts application/x-www-form-urlencoded; `raw` hands the unread Node request to the handler. */
  bodyType?: 'json' | 'form' | 'raw'
  /** Bytes; the API's limit when left out. */
  bodyLimit?: number
  responses: Readonly<Record<number, ResponseDefinition>>
}

export type SocketDefinition = SocketFacts & Guarded

export interface SocketFacts {
  path: string
  summary: string
  description?: string
  tag?: string
  verb?: Verb
  params?: z.ZodObject
  query?: z.ZodObject
  /** WebSocket sub-protocols this route speaks; the first one offered by the client that stands here is chosen. */
  protocols?: readonly string[]
  /** Takes upgrades on every path that no other socket has. */
  anyPath?: boolean
  /** Bytes of one message; more closes with 1009. 16 MiB when left out. */
  maxMessageBytes?: number
  /** Asks for a secret of its own once open, so pages of any origin may try: without the secret they get nothing. */
  ownCredential?: boolean
}

/**
 * A failure as the border sees it: what an API's own `errorBody` turns into that API's shape.
 * Kernel codes: `invalid-json`, `invalid-body`, `invalid-params`, `invalid-query`, `body-too-large`, `body-too-deep`,
 * `unsupported-media-type`, `two-hosts`, `foreign-host`, `foreign-origin`, `key-required`, `key-refused`, `rate-limited`, `not-found`,
 * `method-not-allowed`, `internal`. All others come from the services' faults.
 */
export interface Problem {
  status: number
  code: string
  message: string
  details: Readonly<Record<string, unknown>>
  requestId: string
  /** The offending fields of an invalid body, query or parameter. */
  issues: readonly FieldIssue[]
}

export interface FieldIssue {
  /** Dotted path of the field, empty for the whole body. */
  field: string
  message: string
  missing: boolean
}

export interface FaultDefinition {
  status: number
  /** Replaces the fault's own message where the published contract fixes the words. */
  message?: string
  /** What the caller, or whoever runs Wheelhouse, can do about it; for `docs/errors.md`. */
  remedy: string
}

export interface Contract<
  Routes extends Record<string, RouteDefinition> = Record<string, RouteDefinition>,
  Faults extends Readonly<Record<string, FaultDefinition>> = Readonly<Record<string, FaultDefinition>>,
> {
  api: ApiName
  title: string
  version: string
  description: string
  routes: Routes
  sockets?: Readonly<Record<string, SocketDefinition>>
  /**
   * The path parameters that name the one thing of the room that a route is about, e.g. `userId`: a caller who may not see it is told by
   * this fault code that it is not there, and a key may be limited to some of them.
   */
  subject?: { params: readonly string[]; missing: string }
  /** Status, and where fixed the words, for each fault code; may also restate a kernel code. */
  faults: Faults
  errorSchema: z.ZodType
  errorBody(problem: Problem): unknown
}

/**
 * Keeps the literal types of a route table, so that handlers and client are typed from it, and those of the faults, so that only they are
 * thrown.
 */
export function defineContract<
  const Routes extends Record<string, RouteDefinition>,
  const Faults extends Readonly<Record<string, FaultDefinition>>,
>(contract: Contract<Routes, Faults> & { subject?: { missing: keyof NoInfer<Faults> } }): Contract<Routes, Faults> {
  return contract
}

type Parsed<Schema, Fallback> = Schema extends z.ZodType ? z.output<Schema> : Fallback
type Sent<Schema, Fallback> = Schema extends z.ZodType ? z.input<Schema> : Fallback

export interface RouteInput<Route extends RouteDefinition> {
  params: Parsed<Route['params'], Record<string, never>>
  query: Parsed<Route['query'], Record<string, never>>
  body: Parsed<Route['body'], undefined>
}

/** What a client sends: optional parts are those the route does not have. */
export type RouteCall<Route extends RouteDefinition> = (Route['params'] extends z.ZodType
  ? { params: z.input<Route['params']> }
  : { params?: never }) &
  (Route['query'] extends z.ZodType ? { query?: z.input<Route['query']> } : { query?: never }) &
  (Route['body'] extends z.ZodType ? { body: Sent<Route['body'], undefined> } : { body?: never })

/** The reply of one status, as a handler returns it. A reply without a schema carries bytes or text. */
export type RouteReply<Route extends RouteDefinition> = {
  [Status in keyof Route['responses'] & number]: {
    status: Status
    body: Route['responses'][Status] extends { body: infer Schema extends z.ZodType } ? z.input<Schema> : Uint8Array | string | null
    headers?: Readonly<Record<string, string>>
  }
}[keyof Route['responses'] & number]

type SuccessStatus = 200 | 201 | 202 | 204

/** The parsed body of a route's successful reply, as the client hands it out. */
export type RouteResult<Route extends RouteDefinition> = {
  [Status in keyof Route['responses'] & SuccessStatus]: Route['responses'][Status] extends { body: infer Schema extends z.ZodType }
    ? z.output<Schema>
    : Uint8Array | null
}[keyof Route['responses'] & SuccessStatus]

/** Replaces `:name` in a route's path; values are percent-encoded. */
export function fillPath(path: string, params: Readonly<Record<string, unknown>> = {}): string {
  return path.replace(/:([A-Za-z_]\w*)/g, (_, name: string) => encodeURIComponent(String(params[name])))
}

/** The one thing of its room that a call is about; null for a route about all of them. */
export function subjectOf({ subject }: Pick<Contract, 'subject'>, params: Readonly<Record<string, unknown>>): string | null {
  for (const name of subject?.params ?? []) {
    const value = params[name]
    if (typeof value === 'string') return value
  }
  return null
}

/** The verb a key of the older form needs for a route. */
export function verbOf(route: { method?: Method; verb?: Verb }): Verb {
  return route.verb ?? (route.method === undefined || route.method === 'GET' ? 'read' : 'write')
}

/** ISO 8601 in UTC with milliseconds, e.g. `2024-01-07T12:34:56.789Z`. */
export const isoTime = z.iso.datetime({ precision: 3 })
