/** Makes the Koa app of one API as it is exposed at one place: guards outside, then the route table. */
import Koa, { type Context, type ParameterizedContext } from 'koa'
import type { Log } from '../log.ts'
import { handled, type Api } from './api.ts'
import { defaultBodyLimit, readBody } from './body.ts'
import { allowOpened, allowOrigin, answerPreflight, isOpened, isPreflight } from './cross-origin.ts'
import { subjectOf, type RouteDefinition } from './contract.ts'
import { referencePages } from './docs.ts'
import { exposureOf, isFromElsewhere, pageOfOurs, type Exposure, type Guards, type GuardedRoute } from './guards.ts'
import { checkSubject } from './subjects.ts'
import { fieldIssues, Refusal, toProblem, type KernelCode } from './problem.ts'
import type { KeySockets } from './key-sockets.ts'
import { RequestCall } from './request-call.ts'
import { RouteTable } from './route-table.ts'
import type { Shelter } from './shelter.ts'
import type { Traffic } from './traffic.ts'

export interface AppOptions {
  guards: Guards
  traffic: Traffic
  shelter: Shelter
  keySockets: KeySockets
  log: Log
  /** Checks every reply against its schema; for tests, since a handler's type already promises it. */
  checkReplies: boolean
  newRequestId(): string
}

export type RequestHandler = ReturnType<Koa['callback']>

/** What is known of one request from its beginning. */
interface RequestState {
  requestId: string
}

/** Answers a request or throws. */
type Respond = (ctx: ParameterizedContext<RequestState>, params: Readonly<Record<string, string>>) => Promise<void> | void

/** What a path leads to: a route, a page of the reference, or the word that a socket is there. */
interface Target {
  guarded: GuardedRoute
  respond: Respond
}

/** A Node request handler for the API; paths are those of the contract, the prefix is already taken off. */
export function createApp(api: Api, outer: Exposure, options: AppOptions): RequestHandler {
  const exposure = exposureOf(api, outer)
  const { guards } = options
  const table = tableOf(api, exposure, options)
  const app = new Koa<RequestState>()
  app.silent = true
  // One middleware and not a chain of them: each link would cost every request a promise or two.
  app.use(
    countAndShapeErrors(api, options, async (ctx) => {
      guards.checkHost(ctx.req, exposure)
      if (ctx.req.headers.origin !== undefined || isFromElsewhere(ctx.req)) {
        // A preflight asks about another request: its method decides, and no key can come with it.
        const asked = ctx.method === 'OPTIONS' ? ctx.get('access-control-request-method') : ctx.method
        const meant = table.find(asked, ctx.path)
        const route = meant?.target.guarded
        if (isOpened(api, ctx.req, route, meant?.params)) {
          if (allowOpened(ctx)) return guards.checkRate(ctx.req)
        } else {
          const allowed = guards.checkOrigin(ctx.req, exposure, route ?? pageOfOurs)
          if (allowed !== null) allowOrigin(ctx, allowed)
        }
      }
      await guards.checkRate(ctx.req)
      if (isPreflight(ctx)) return answerPreflight(ctx)
      const found = table.find(ctx.method, ctx.path)
      if (found === null) refuseUnknown(table.methodsOf(ctx.path))
      else await found.target.respond(ctx, found.params)
    }),
  )
  return app.callback()
}

function tableOf(api: Api, exposure: Exposure, options: AppOptions): RouteTable<Target> {
  const table = new RouteTable<Target>()
  for (const [name, route] of Object.entries(api.contract.routes))
    table.add(route.method, route.path, { guarded: route, respond: answer(api, name, route, exposure, options) })
  for (const socket of Object.values(api.contract.sockets ?? {})) table.add('GET', socket.path, { guarded: socket, respond: askToUpgrade })
  for (const { path, respond } of referencePages(api.contract, exposure)) table.add('GET', path, { guarded: pageOfOurs, respond })
  return table
}

function askToUpgrade(): never {
  throw new Refusal('upgrade-required', undefined, { headers: { upgrade: 'websocket' } })
}

function refuseUnknown(methods: readonly string[]): never {
  if (methods.length === 0) throw new Refusal('not-found')
  throw new Refusal('method-not-allowed', undefined, { headers: { allow: methods.join(', ') } })
}

/** One route: key, then params and query, then the body, then the handler. Cheap and safe checks come before costly ones. */
function answer(api: Api, name: string, route: RouteDefinition, exposure: Exposure, options: AppOptions): Respond {
  // Looked up with each call: a room that was restarted has handlers of its own.
  const handlerNow = () => api.handlers[name] ?? missingHandler(api, name)
  handlerNow()
  return async (ctx, given) => {
    const subject = subjectOf(api.contract, given)
    const admitted = await options.guards.checkKey(ctx.req, exposure, api.contract.api, route, subject)
    const refusal = options.shelter.refusal(api.contract.api)
    if (refusal !== null) throw refusal
    const params = route.params === undefined ? {} : parse(route.params, given, 'invalid-params')
    const query = route.query === undefined ? {} : parse(route.query, { ...ctx.query }, 'invalid-query')
    const body =
      route.body === undefined || route.bodyType === 'raw'
        ? undefined
        : parse(route.body, await readBody(ctx.req, route.bodyType ?? 'json', route.bodyLimit ?? defaultBodyLimit), 'invalid-body')
    checkSubject(api, route, subject, admitted.standing)
    const reply = await handlerNow()({ params, query, body }, new RequestCall(ctx, admitted, exposure, options.guards))
    if (reply === handled) {
      ctx.respond = false
      return
    }
    send(ctx, route, reply, options.checkReplies)
  }
}

function missingHandler(api: Api, name: string): never {
  throw new TypeError(`${api.contract.api}: route ${name} has no handler`)
}

interface Reply {
  status: number
  body: unknown
  headers?: Readonly<Record<string, string>>
}

function send(ctx: Context, route: RouteDefinition, value: unknown, check: boolean): void {
  // Handlers are typed by their contract (`RouteReply`); the table they are kept in has lost that type.
  const reply = value as Reply
  const definition = route.responses[reply.status]
  if (definition === undefined) throw new TypeError(`${route.method} ${route.path} has no response ${reply.status}`)
  if (check && definition.body !== undefined) definition.body.parse(reply.body)
  if (reply.headers !== undefined) setHeaders(ctx, reply.headers)
  if (definition.body !== undefined) sendJson(ctx, reply.status, JSON.stringify(reply.body))
  else {
    ctx.status = reply.status
    // A reply that says what it is, of several that it may be, knows better.
    if (definition.contentType !== undefined && reply.headers?.['content-type'] === undefined) ctx.type = definition.contentType
    ctx.body = reply.body instanceof Uint8Array ? Buffer.from(reply.body.buffer, reply.body.byteOffset, reply.body.byteLength) : reply.body
  }
}

/** Straight to Node: Koa's own way finds out anew with every reply what a text is, how long, and whether there is a stream to close. */
function sendJson(ctx: Context, status: number, text: string): void {
  const { res } = ctx
  ctx.respond = false
  // Data, whatever a browser that is led here makes of it.
  res.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  res.setHeader('content-type', 'application/json; charset=utf-8')
  res.setHeader('content-length', Buffer.byteLength(text))
  res.statusCode = status
  res.end(text)
}

function setHeaders(ctx: Context, headers: Readonly<Record<string, string>>): void {
  for (const [header, text] of Object.entries(headers)) ctx.res.setHeader(header, text)
}

function parse(schema: NonNullable<RouteDefinition['body']>, value: unknown, code: KernelCode): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = fieldIssues(result.error, value)
  const words = issues.map((issue) => (issue.field === '' ? issue.message : `${issue.field}: ${issue.message}`)).join('; ')
  throw new Refusal(code, words, { issues })
}

/** Around everything, so that whatever a guard refuses is counted and answered in the API's own shape. */
function countAndShapeErrors(
  api: Api,
  { traffic, log, shelter, newRequestId }: AppOptions,
  respond: (ctx: ParameterizedContext<RequestState>) => Promise<void>,
): (ctx: ParameterizedContext<RequestState>) => Promise<void> {
  const { api: room } = api.contract
  return async (ctx) => {
    const begun = performance.now()
    const requestId = newRequestId()
    ctx.state.requestId = requestId
    ctx.res.setHeader('x-request-id', requestId)
    ctx.res.setHeader('x-content-type-options', 'nosniff')
    ctx.res.setHeader('cache-control', 'no-store')
    const fail = (error: unknown): void => {
      const { problem, headers, unexpected, disk } = toProblem(error, api.contract, requestId)
      if (unexpected) log.error({ api: room, requestId, error }, 'a request failed unexpectedly')
      if (disk !== undefined) shelter.diskRefused(room, disk)
      // By an error that escaped before.
      if (ctx.res.writableEnded) return
      // An answer that has begun cannot be taken back; cut off, at least it does not look whole.
      if (ctx.res.headersSent) return void ctx.res.destroy()
      setHeaders(ctx, headers)
      sendJson(ctx, problem.status, JSON.stringify(api.contract.errorBody(problem)))
    }
    // What a request starts and nobody awaits may throw later, when the answer is out: then there is nothing left to end.
    try {
      await shelter.enter({ room, kind: 'request', id: requestId, escaped: fail, passing: true }, () => respond(ctx))
    } catch (error) {
      fail(error)
    }
    traffic.record(performance.now() - begun, ctx.res.statusCode)
  }
}

/** An error in the API's shape for a bare response: what never reaches an app, and upgrades. */
export function contractError(
  api: Api,
  error: unknown,
  requestId: string,
): { status: number; body: string; headers: Readonly<Record<string, string>>; unexpected: boolean } {
  const { problem, headers, unexpected } = toProblem(error, api.contract, requestId)
  return { status: problem.status, body: JSON.stringify(api.contract.errorBody(problem)), headers, unexpected }
}
