/**
 * The reference gateway: lets requests through to what stands behind it when their token is good, for Koa, Express and fetch handlers.
 *
 * A token is asked about once; then it is good here without a call, for as long as the revocation stream is open and has not said
 * otherwise. Where tokens are signed with a private key, that of a session which began while the stream was open is verified here and not
 * asked about at all. Without the stream every request asks. Near a token's end, and after a pause that may have been too long, the service
 * is asked as well: it has the next token, and it alone judges idle time. What is let through here is reported as use. When the service
 * cannot be reached nothing passes. It stands on its own: nothing of the server is imported.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createKeySet, isRemembered, type TokenClaims } from './key-set.ts'
import { openStream } from './stream.ts'
import { elapsedOf, systemTime, type GatewayTime } from './time.ts'
import { startUseReports } from './uses.ts'
import type { GatewaySession, Verdict } from './verdict.ts'
import { createVerdicts, type Token } from './verdicts.ts'

export type { GatewaySession, Verdict } from './verdict.ts'

export interface GatewayOptions {
  /** Of the session service, e.g. `http://127.0.0.1:8081`. */
  url: string
  /** Sent as X-API-Key; needed where the service is on another machine. */
  apiKey?: string
  /** Ms after which a token is asked about again, whatever the stream said. Uses are reported and tokens renewed however long it is. */
  askAgainAfter?: number
  /** Ms an answer of the service may take. */
  timeout?: number
  /** The machine's own when not given. */
  time?: GatewayTime
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
  /** Whether all that ends is heard; while it is not, every request asks. */
  listening(): boolean
  /** How many checks were answered here, how many by the service, and how many messages came over the stream. */
  counts(): { here: number; asked: number; heard: number }
  /** Reports the last uses; resolves when that is done, or has failed. */
  close(): Promise<void>
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

export function createGateway({ url, apiKey, askAgainAfter = 60_000, timeout = 5_000, time = systemTime }: GatewayOptions): Gateway {
  const base = url.replace(/\/+$/, '')
  const headers: Record<string, string> = apiKey === undefined ? {} : { 'x-api-key': apiKey }
  const elapsed = elapsedOf(time)
  const verdicts = createVerdicts(askAgainAfter, elapsed)
  const keys = createKeySet(base, timeout)
  const stream = openStream(base, headers, time, elapsed, {
    created: (sessions) => verdicts.created(sessions),
    ended: (sessions) => verdicts.drop(sessions),
    renewed: (sessions) => verdicts.drop(sessions),
    keysChanged() {
      verdicts.forget()
      void keys.reload()
    },
    alive: verdicts.set,
    // What was missed while it was closed is not known: nothing that was learnt before counts.
    lost: verdicts.forget,
  })
  const reports = startUseReports({ base, headers, timeout, time, elapsed, verdicts })
  void keys.reload()
  const counts = { here: 0, asked: 0 }

  async function ask(token: string): Promise<Verdict> {
    counts.asked += 1
    const before = verdicts.mark()
    try {
      const response = await fetch(`${base}/api/v1/sessions/validate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ token }),
        signal: AbortSignal.timeout(timeout),
      })
      // The published reply of this route.
      const reply = (await response.json()) as {
        is_valid?: boolean
        session?: GatewaySession
        new_token?: string
        error_code?: string
        error_message?: string
      }
      if (reply.is_valid === true && isSession(reply.session)) {
        const verdict = { ok: true, session: reply.session, newToken: reply.new_token ?? null } as const
        const { session_id: sessionId, expires_at } = reply.session
        if (stream.isOpen() && verdict.newToken === null)
          verdicts.keep({ text: token, sessionId, expiresAt: Date.parse(expires_at), rememberMe: isRemembered(token) }, verdict, before)
        return verdict
      }
      if (response.status >= 500) return unreachable
      return {
        ok: false,
        status: 401,
        code: reply.error_code ?? 'session_not_found',
        message: reply.error_message ?? 'The token is not good',
      }
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
    const session = claims === null ? null : sessionOf(claims)
    if (claims === null || session === null || !stream.isOpen()) return ask(token)
    const verdict = { ok: true, session, newToken: null } as const
    const itself: Token = { text: token, sessionId: claims.sid, expiresAt: claims.exp * 1_000, rememberMe: claims.remember_me === true }
    if (!verdicts.vouch(itself, verdict)) return ask(token)
    counts.here += 1
    return verdict
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
      // What `next` itself throws must not reach the process: there is nobody left to hand it to.
      decided
        .then((passes) => void (passes && next()), next)
        .catch(() => (response.headersSent ? response.destroy() : response.writeHead(500).end()))
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
    listening: stream.isOpen,
    counts: () => ({ ...counts, heard: stream.heard() }),
    async close() {
      reports.stop()
      stream.close()
      await reports.flush()
    },
  }
}

const unreachable: Verdict = { ok: false, status: 503, code: 'validation_error', message: 'The session service cannot be reached' }

/** The session as its token tells it; null when the token does not hold all of it. */
function sessionOf({ sid, exp, user_id, username, role_name, permissions }: TokenClaims): GatewaySession | null {
  return permissions === undefined
    ? null
    : { session_id: sid, user_id, username, role_name, permissions, expires_at: new Date(exp * 1_000).toISOString() }
}

/** The reply may come from something else than the service. */
function isSession(value: unknown): value is GatewaySession {
  if (typeof value !== 'object' || value === null) return false
  const { session_id, user_id, username, role_name, permissions, expires_at } = value as Partial<Record<keyof GatewaySession, unknown>> // looked at one by one
  return (
    [session_id, user_id, username, role_name, expires_at].every((text) => typeof text === 'string') &&
    Array.isArray(permissions) &&
    permissions.every((each) => typeof each === 'string')
  )
}

function bearerOf(authorization: string | undefined): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null
}

function refusalOf({ code, message }: Verdict & { ok: false }) {
  return { success: false, error_code: code, error_message: message }
}

function identityOf(session: GatewaySession): [string, string][] {
  // A header holds no letters beyond Latin-1: percent-encoded, as in addresses.
  const values = [
    session.user_id,
    session.username,
    session.role_name,
    session.permissions.map(encodeURIComponent).join(','),
    session.session_id,
  ]
  return identityHeaders.map((name, index) => [
    name,
    name === 'x-user-permissions' ? (values[index] ?? '') : encodeURIComponent(values[index] ?? ''),
  ])
}

function identify(request: IncomingMessage, session: GatewaySession): void {
  for (const [name, value] of identityOf(session)) request.headers[name] = value
}
