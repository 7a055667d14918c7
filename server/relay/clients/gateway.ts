/**
 * What stands at `/mcp/<id>` and `/mcp`: every request is checked against its session, its tool calls are paid for, and then it goes the
 * way of its protocol era, or the short way when it is a plain tool call.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isJsonContentType, isLegacyRequest, type RequestId } from '@modelcontextprotocol/server'
import { RelayFault } from '../fault.ts'
import { escape } from '../../isolation.ts'
import { bearerOf } from './bearer.ts'
import { headerOf, refuse, refuseCharge } from './refusals.ts'
import type { Meter } from '../billing/metered-call.ts'
import { HeldCalls } from './held-calls.ts'
import type { KnownClients } from './known-clients.ts'
import { LeanCalls } from './lean-calls.ts'
import type { CreditLedger } from '../billing/credit-ledger.ts'
import { LegacyClients, type RelayRequest } from './legacy-clients.ts'
import { MessageReader } from './message-reader.ts'
import { ModernClients } from './modern-clients.ts'
import { OlderClients, opensOlderStream } from './sse/older-clients.ts'
import { PageStreams } from './page-streams.ts'
import { PendingInputs } from './pending-input.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Views } from '../sessions/views.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { Clock } from '../../clock.ts'
import { builtInId } from '../upstreams/definition.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { unwrapped } from '../search/found-calls.ts'
import type { Rests } from '../calls/rests.ts'
import type { MetaCallParts } from '../search/meta-calls.ts'
import type { CallTimeout } from '../upstreams/definition.ts'

export interface GatewayOptions {
  sessions: Sessions
  upstreams: Upstreams
  views: Views
  ledger: CreditLedger
  meter: Meter
  search: MetaCallParts
  rests: Rests
  clock: Clock
  callTimeout: CallTimeout
  streamHold(): number
  /** Clients that are known beyond this process. */
  known: KnownClients
  /** Bytes of a request. */
  maxRequestSize(): number
  /** Off, every call goes through the SDK; for tests that both give the same answers. */
  lean?: boolean
}

const maxBatch = 100

export class Gateway {
  readonly #options: GatewayOptions
  readonly #messages: MessageReader
  readonly #pendingInputs = new PendingInputs()
  readonly #legacy: LegacyClients
  readonly #modern: ModernClients
  /** Clients of the transport before Streamable HTTP. */
  readonly older: OlderClients
  readonly #leanCalls: LeanCalls | null
  readonly #pages = new PageStreams()

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#messages = new MessageReader(options.maxRequestSize)
    const { upstreams, views, sessions, search, rests, clock, callTimeout, streamHold } = options
    const shared = {
      upstreams,
      views,
      search,
      rests,
      clock,
      callTimeout,
      streamHold,
      pendingInputs: this.#pendingInputs,
      session: (id: string) => sessions.find(id),
    }
    this.#legacy = new LegacyClients({ ...shared, known: options.known })
    this.#modern = new ModernClients(shared)
    this.older = new OlderClients({ handle: (request, response) => this.handle(request, response, null), messages: this.#messages })
    this.#leanCalls =
      options.lean === false
        ? null
        : new LeanCalls({ meter: options.meter, legacy: this.#legacy, modern: this.#modern, callTimeout, streamHold })
    upstreams.onCatalogue((upstream, parts) => {
      this.#legacy.onCatalogueChange(upstream, parts)
      this.#modern.onCatalogueChange(upstream, parts)
    })
    upstreams.onNotification((upstream, message) => {
      this.#legacy.onNotification(upstream, message)
      this.#modern.onNotification(upstream, message)
    })
    sessions.onEnd((id) => void this.end(id).catch(escape))
    sessions.onReach((id) => {
      this.#pages.keepOnly(id, sessions.find(id)?.policy.origins ?? [])
      this.#legacy.onReachChange(id)
      this.#modern.onReachChange(id)
    })
  }

  /** Clients with a protocol session. */
  get clients(): number {
    return this.#legacy.size
  }

  /**
   * Answers one request. `sessionId` is the one in the address; null when it stands in the Bearer header. `prefix` is what stands before
   * our paths where the client called us.
   */
  async handle(request: IncomingMessage, response: ServerResponse, sessionId: string | null, prefix = ''): Promise<void> {
    const secret = sessionId ?? bearerOf(request)
    const session = this.#sessionOf(response, secret)
    if (session === null || secret === undefined) return
    this.#pages.note(session, request, response)
    if (request.method === 'HEAD')
      return refuse(response, 405, -32000, 'Send a message by POST', { headers: { allow: 'GET, POST, DELETE' } })
    if (opensOlderStream(request)) return this.older.open(session, request, response, { secret, prefix })
    if (request.method !== 'POST') return this.#legacy.handle(session, request, response, undefined)
    const message = await this.#messages.read(request, response)
    if (message === null) return
    const { body, turned } = this.#asNamed(session, request, message.body)
    if (this.#leanCalls !== null && (await this.#leanCalls.handle(session, request, response, body))) return
    if (!isJsonContentType(headerOf(request, 'content-type'))) return refuse(response, 415, -32000, 'Send the body as application/json')
    if (Array.isArray(body) && body.length > maxBatch) return refuse(response, 400, -32600, `A batch has at most ${maxBatch} messages`)

    if (hasTwins(body)) return refuse(response, 400, -32600, 'Requests of one batch need ids of their own')
    const legacy = await isLegacyRequest(new Request('http://relay/', { method: 'POST', headers: plainHeaders(request) }), body)
    const heldCalls = this.#hold(session, request, response, body, legacy)
    if (heldCalls === null) return
    response.once('close', () => heldCalls.abandonRest())
    const carried: RelayRequest = Object.assign(request, {
      auth: { token: '', clientId: session.id, scopes: [], extra: { heldCalls, turned } },
    })
    await (legacy ? this.#legacy : this.#modern).handle(session, carried, response, body)
  }

  /** Removes what belongs to sessions that are over, and protocol sessions nobody uses. */
  async sweep(isOver: (sessionId: string) => boolean): Promise<void> {
    await Promise.all([this.older.sweep(isOver), this.#legacy.sweep(isOver), this.#modern.sweep(isOver)])
  }

  /** Ends all that is open for a session. */
  async end(sessionId: string): Promise<void> {
    this.#options.ledger.forget(sessionId)
    this.#pendingInputs.end(sessionId)
    await Promise.all([this.older.end(sessionId), this.#legacy.end(sessionId), this.#modern.end(sessionId)])
  }

  async stop(): Promise<void> {
    this.#pendingInputs.stop()
    await this.older.stop()
    await Promise.all([this.#legacy.stop(), this.#modern.stop()])
  }

  #sessionOf(response: ServerResponse, sessionId: string | undefined): StoredSession | null {
    try {
      if (sessionId !== undefined) {
        const { session } = this.#options.sessions.validate(sessionId)
        if (session.policy.upstreams?.includes(builtInId) === true) this.#options.upstreams.wake()
        return session
      }
    } catch (error) {
      if (!RelayFault.is(error, 'session-not-found') && !RelayFault.is(error, 'session-expired')) throw error
    }
    response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Bearer' })
    response.end(JSON.stringify({ error: 'Invalid or expired session', statusCode: 401 }))
    return null
  }

  /** Calls through `call_tool` as the calls they stand for. */
  #asNamed(session: StoredSession, request: IncomingMessage, body: unknown): { body: unknown; turned: boolean } {
    if (session.policy.search === 'off') return { body, turned: false }
    const client = () => this.#legacy.find(headerOf(request, 'mcp-session-id'), session.id)?.client ?? this.#modern.client(session)
    return unwrapped(() => client().view(), request, body)
  }

  /** Holds the price of each tool call in the request; null when one of them cannot be paid and the answer has said so. */
  #hold(session: StoredSession, request: IncomingMessage, response: ServerResponse, body: unknown, legacy: boolean): HeldCalls | null {
    const held = new HeldCalls(this.#options.meter, session, body)
    for (const { id, name } of toolCalls(body)) {
      const client = legacy ? this.#legacy.find(headerOf(request, 'mcp-session-id'), session.id)?.client : this.#modern.client(session)
      const entry = client?.view().tools.get(name)
      const refusal = entry === undefined ? null : held.hold(id, entry)
      if (entry === undefined || refusal === null) continue
      held.abandonRest()
      refuseCharge(response, refusal, entry, id)
      return null
    }
    return held
  }
}

function toolCalls(body: unknown): { id: RequestId; name: string }[] {
  return (Array.isArray(body) ? body : [body]).flatMap((message: unknown) => {
    if (typeof message !== 'object' || message === null || !('method' in message) || message.method !== 'tools/call' || !('id' in message))
      return []
    const { id } = message
    const params = 'params' in message ? message.params : undefined
    const name = typeof params === 'object' && params !== null && 'name' in params ? params.name : undefined
    return (typeof id === 'string' || typeof id === 'number') && typeof name === 'string' ? [{ id, name }] : []
  })
}

/** Two requests of one id could not be told apart, neither in their answers nor in what they cost. */
function hasTwins(body: unknown): boolean {
  if (!Array.isArray(body)) return false
  const ids = body.flatMap((message: unknown) =>
    typeof message === 'object' && message !== null && 'method' in message && 'id' in message ? [message.id] : [],
  )
  return new Set(ids).size < ids.length
}

function plainHeaders(request: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === 'string' && !name.startsWith(':')) headers.set(name, value)
  return headers
}
