/**
 * The reference gateway: lets requests through to what stands behind it when their token is good, for Koa, Express and fetch handlers.
 *
 * A token is asked about once; then it is good here without a call, for as long as the revocation stream is open and has not said otherwise. Where tokens are
 * signed with a private key, one that was issued since the stream opened is verified here and not asked about at all. Without the stream every request asks.
 * When the service cannot be reached nothing passes. It imports nothing of the server and may be copied out of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createKeySet, type TokenClaims } from './key-set.ts'
import { openStream } from './stream.ts'
import { createVerdicts } from './verdicts.ts'

export interface GatewaySession {
  session_id: string
  user_id: string
  username: string
  role_name: string
  permissions: readonly string[]
  expires_at: string
}

export type Verdict = { ok: true; session: GatewaySession; newToken: string | null } | { ok: false; status: 401 | 503; code: string; message: string }

export interface GatewayOptions {
  /** Of the session service, e.g. `http://127.0.0.1:8081`. */
  url: string
  /** Sent as X-API-Key; needed where the service is on another machine. */
  apiKey?: string
  /** Ms after which a token is asked about again, which also notes its session as used. */
  askAgainAfter?: number
  /** Ms an answer of the service may take. */
  timeout?: number
}

export interface Gateway {
  check(token: string | null): Promise<Verdict>
  /** Puts the session into `ctx.state.login` and the identity headers onto the request. */
  koa(): (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>
  /** For Express and anything else that calls `(request, response, next)`. */
  express(): (request: IncomingMessage & { login?: GatewaySession }, response: ServerResponse, next: (error?: unknown) => void) => void
  /** Wraps a fetch handler; it gets the request with the identity headers, and the session. */
  fetch(handler: (request: Request, session: GatewaySession) => Response | Promise<Response>): (request: Request) => Promise<Response>
  /** Resolves when the revocation stream is open. */
  ready(): Promise<void>
  /** How many checks were answered here, and how many by the service. */
  counts(): { here: number; asked: number }
  close(): void
}

/** The part of a Koa context that is used. */
export interface KoaContext {
  req: IncomingMessage
  state: Record<string, unknown>
  status: number
  body: unknown
  set(name: string, value: string): void
}

/** What stands behind the gateway reads these; whatever a client sent under their names is dropped. */
const identityHeaders = ['x-user-id', 'x-username', 'x-user-role', 'x-user-permissions', 'x-session-id'] as const

export function createGateway({ url, apiKey, askAgainAfter = 60_000, timeout = 5_000 }: GatewayOptions): Gateway {
  const base = url.replace(/\/+$/, '')
  const headers: Record<string, string> = apiKey === undefined ? {} : { 'x-api-key': apiKey }
  const verdicts = createVerdicts(askAgainAfter)
  const keys = createKeySet(base, timeout)
  const stream = openStream(base, headers, {
    ended: (sessions) => verdicts.drop(sessions),
    renewed: (sessions) => verdicts.drop(sessions),
    keysChanged() {
      verdicts.forget()
      void keys.reload()
    },
    ready: verdicts.listening,
    // What was missed while it was closed is not known: nothing that was learnt before counts.
    lost: verdicts.deaf,
  })
  void keys.reload()
  const counts = { here: 0, asked: 0 }

  async function ask(token: string): Promise<Verdict> {
    counts.asked += 1
    const before = verdicts.mark()
    try {
      const response = await fetch(`${base}/api/v1/sessions/validate`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ token }), signal: AbortSignal.timeout(timeout) })
      // The published reply of this route.
      const reply = (await response.json()) as { is_valid?: boolean; session?: GatewaySession; new_token?: string; error_code?: string; error_message?: string }
      if (reply.is_valid === true && reply.session !== undefined) {
        const verdict: Verdict = { ok: true, session: reply.session, newToken: reply.new_token ?? null }
        if (stream.isOpen() && verdict.newToken === null) verdicts.keep(token, verdict, before)
        return verdict
      }
      if (response.status >= 500) return unreachable
      return { ok: false, status: 401, code: reply.error_code ?? 'session_not_found', message: reply.error_message ?? 'The token is not good' }
    } catch {
      return unreachable
    }
  }

  async function check(token: string | null): Promise<Verdict> {
    if (token === null) return { ok: false, status: 401, code: 'missing_token', message: 'JWT token not provided' }
    const known = stream.isOpen() ? verdicts.find(token) : null
    if (known !== null) {
      counts.here += 1
      return known
    }
    const claims = keys.read(token)
    if (claims === 'refused') {
      counts.here += 1
      return { ok: false, status: 401, code: 'session_not_found', message: 'The token was not signed by the session service' }
    }
    const session = claims === null ? null : sessionHere(claims)
    if (session === null) return ask(token)
    counts.here += 1
    const verdict: Verdict = { ok: true, session, newToken: null }
    verdicts.keep(token, verdict, verdicts.mark())
    return verdict
  }

  /** The session as its token tells it, when that is all there is to know. */
  function sessionHere({ sid, iat, exp, user_id, username, role_name, permissions }: TokenClaims): GatewaySession | null {
    const isKnown = stream.isOpen() && verdicts.knowsAll(sid, iat * 1_000) && verdicts.now() < exp * 1_000
    if (!isKnown || permissions === undefined) return null
    return { session_id: sid, user_id, username, role_name, permissions, expires_at: new Date(exp * 1_000).toISOString() }
  }

  return {
    check,
    koa: () => async (ctx, next) => {
      const verdict = await check(bearerOf(ctx.req.headers.authorization))
      if (!verdict.ok) {
        ctx.status = verdict.status
        ctx.body = refusalOf(verdict)
        return
      }
      ctx.state['login'] = verdict.session
      identify(ctx.req, verdict.session)
      if (verdict.newToken !== null) ctx.set('x-new-token', verdict.newToken)
      await next()
    },
    express: () => (request, response, next) => {
      const decided = check(bearerOf(request.headers.authorization)).then((verdict) => {
        if (!verdict.ok) {
          response.writeHead(verdict.status, { 'content-type': 'application/json' }).end(JSON.stringify(refusalOf(verdict)))
          return false
        }
        request.login = verdict.session
        identify(request, verdict.session)
        if (verdict.newToken !== null) response.setHeader('x-new-token', verdict.newToken)
        return true
      })
      decided.then((passes) => void (passes && next()), next)
    },
    fetch: (handler) => async (request) => {
      const verdict = await check(bearerOf(request.headers.get('authorization') ?? undefined))
      if (!verdict.ok) return Response.json(refusalOf(verdict), { status: verdict.status })
      const inner = new Request(request)
      for (const [name, value] of identityOf(verdict.session)) inner.headers.set(name, value)
      const response = await handler(inner, verdict.session)
      if (verdict.newToken === null) return response
      const outer = new Response(response.body, response)
      outer.headers.set('x-new-token', verdict.newToken)
      return outer
    },
    ready: stream.ready,
    counts: () => ({ ...counts }),
    close: stream.close,
  }
}

const unreachable: Verdict = { ok: false, status: 503, code: 'validation_error', message: 'The session service cannot be reached' }

function bearerOf(authorization: string | undefined): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null
}

function refusalOf({ code, message }: Verdict & { ok: false }) {
  return { success: false, error_code: code, error_message: message }
}

function identityOf(session: GatewaySession): [string, string][] {
  // A header holds no letters beyond Latin-1: percent-encoded, as in addresses.
  const values = [session.user_id, session.username, session.role_name, session.permissions.map(encodeURIComponent).join(','), session.session_id]
  return identityHeaders.map((name, index) => [name, name === 'x-user-permissions' ? (values[index] ?? '') : encodeURIComponent(values[index] ?? '')])
}

function identify(request: IncomingMessage, session: GatewaySession): void {
  for (const [name, value] of identityOf(session)) request.headers[name] = value
}
