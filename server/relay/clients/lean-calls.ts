/**
 * The short way of a plain tool call, which is most of what a relay does: checked, paid, passed on and answered without building a server
 * for it. Whatever is not certain to be plain takes the long way, and both give the same answers.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
  type RequestId,
} from '@modelcontextprotocol/server'
import { AnswerStream, type Resumable } from './answer-stream.ts'
import { headerOf, refuseCharge } from './refusals.ts'
import { MeteredCall, type Meter } from '../billing/metered-call.ts'
import type { RelayClient } from './relay-client.ts'
import { canBeAsked, type CallOptions } from '../upstreams/callers.ts'
import type { LegacyClient, LegacyClients } from './legacy-clients.ts'
import type { Json } from '../upstreams/connection.ts'
import { serverInfo } from './mcp-server.ts'
import type { ModernClients } from './modern-clients.ts'
import { Cancelled, ClientEnded } from './running-calls.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { ToolEntry } from '../sessions/view.ts'
import { requiresTask } from '../upstreams/tasks.ts'
import type { CallTimeout } from '../upstreams/definition.ts'

export interface LeanOptions {
  meter: Meter
  legacy: LegacyClients
  modern: ModernClients
  callTimeout: CallTimeout
  streamHold(): number
}

const modernRevision = '2026-07-28'
const firstWithEmptyEvents = '2025-11-25'

interface PlainCall {
  id: RequestId
  name: string
  args: Json | undefined
  meta: Json | undefined
  client: RelayClient
  /** Undefined in the stateless era. */
  legacy: LegacyClient | undefined
}

export class LeanCalls {
  readonly #options: LeanOptions

  constructor(options: LeanOptions) {
    this.#options = options
  }

  /** False when the request is not plain; nothing has happened then. */
  async handle(session: StoredSession, request: IncomingMessage, response: ServerResponse, body: unknown): Promise<boolean> {
    const call = this.#plainCall(session, request, body)
    const entry = call?.client.view().tools.get(call.name)
    if (call === null || entry === undefined || !isPlain(entry) || this.#options.meter.mayWait({ session, entry })) return false
    const held = this.#options.meter.hold({ session, entry, request: { name: call.name, arguments: call.args } })
    if (held instanceof MeteredCall) await this.#make(held, entry, call, response)
    else refuseCharge(response, held, entry, call.id)
    return true
  }

  async #make(held: MeteredCall, entry: ToolEntry, call: PlainCall, response: ServerResponse): Promise<void> {
    const running = call.client.running.begin(call.id)
    // A stateless client has no other way to take a request back; one of the session era comes back for its answer.
    const onClose = (): void => running.abort(new Cancelled())
    if (call.legacy === undefined) response.once('close', onClose)
    else this.#options.legacy.use(call.legacy, response)
    const stream = new AnswerStream(response, call.legacy === undefined ? null : this.#resumable(call.legacy, call.id))
    const meta = entry.upstream.isModern ? toStateless(call) : call.meta
    const paramsOf = (args: Json | undefined): Json => ({
      name: entry.tool.name,
      ...(args === undefined ? {} : { arguments: args }),
      ...(meta === undefined ? {} : { _meta: meta }),
    })
    const { signal } = running
    const options: CallOptions = { signal, timeout: this.#options.callTimeout(entry.upstream.definition) }
    // What the server says meanwhile turns the answer into a stream; a stateless request has not asked for it.
    if (call.legacy !== undefined)
      options.onNotification = (message) => {
        if (call.client.logs.hears(message, entry.upstream)) stream.send({ jsonrpc: '2.0', ...held.heard(message) })
      }
    try {
      await held.make(
        { args: call.args, signal },
        (args) => entry.upstream.request({ method: 'tools/call', params: paramsOf(args) }, options),
        (made) => {
          response.off('close', onClose)
          // What ended it here says more than what the library makes of that.
          const outcome = made instanceof Error && signal.reason instanceof Error ? signal.reason : made
          if (outcome instanceof ClientEnded && stream.abandon()) return ''
          return stream.end(statusOf(call, outcome), answerOf(call, outcome))
        },
      )
    } finally {
      running.end()
      stream.close()
    }
  }

  #resumable({ events, answers, protocolVersion }: LegacyClient, request: RequestId): Resumable {
    return { events, request, streams: answers, primed: protocolVersion >= firstWithEmptyEvents, hold: this.#options.streamHold() }
  }

  #plainCall(session: StoredSession, request: IncomingMessage, body: unknown): PlainCall | null {
    if (!isObject(body) || body['jsonrpc'] !== '2.0' || body['method'] !== 'tools/call' || Object.keys(body).length !== 4) return null
    const { id, params } = body
    if ((typeof id !== 'string' && !Number.isSafeInteger(id)) || !isObject(params) || typeof params['name'] !== 'string') return null
    for (const key in params) if (key !== 'name' && key !== 'arguments' && key !== '_meta') return null
    const { arguments: args, _meta: meta, name } = params
    if ((args !== undefined && !isObject(args)) || (meta !== undefined && !isObject(meta))) return null
    if (headerOf(request, 'content-type') !== 'application/json' || !acceptsBoth(headerOf(request, 'accept'))) return null
    const version = headerOf(request, 'mcp-protocol-version')
    // The id was looked at above; it is one of the two.
    const call = { id: id as RequestId, name, args, meta }
    if (version === modernRevision)
      return isPlainModern(request, name, meta)
        ? { ...call, meta: undefined, client: this.#options.modern.client(session), legacy: undefined }
        : null
    return this.#plainLegacy(session, request, version, call)
  }

  #plainLegacy(
    session: StoredSession,
    request: IncomingMessage,
    version: string | undefined,
    call: Omit<PlainCall, 'client' | 'legacy'>,
  ): PlainCall | null {
    const found = this.#options.legacy.find(headerOf(request, 'mcp-session-id'), session.id)
    if (found === undefined || canBeAsked(found.client.capabilities)) return null
    if (version !== undefined && version !== found.protocolVersion) return null
    if (call.meta !== undefined && Object.keys(call.meta).length > 0) return null
    return { ...call, meta: undefined, client: found.client, legacy: found }
  }
}

function isPlainModern(request: IncomingMessage, name: string, meta: Json | undefined): boolean {
  if (meta === undefined || headerOf(request, 'mcp-method') !== 'tools/call' || headerOf(request, 'mcp-name') !== name) return false
  const { [PROTOCOL_VERSION_META_KEY]: version, [CLIENT_CAPABILITIES_META_KEY]: capabilities, [CLIENT_INFO_META_KEY]: info, ...more } = meta
  if (version !== modernRevision || !isObject(capabilities) || Object.keys(capabilities).length > 0 || Object.keys(more).length > 0)
    return false
  return (
    info === undefined ||
    (isObject(info) && Object.keys(info).length === 2 && typeof info['name'] === 'string' && typeof info['version'] === 'string')
  )
}

/** A server that runs, and no headers to be compared with the arguments. */
function isPlain({ upstream, listed, tool }: ToolEntry): boolean {
  // Where it is not shared, whose call it is decides over which connection it goes.
  if (upstream.state !== 'ready' || upstream.definition.transport === 'built-in' || upstream.definition.options.process !== 'shared')
    return false
  if (requiresTask(tool.definition)) return false
  const schema = listed['inputSchema']
  const properties = isObject(schema) ? schema['properties'] : undefined
  return !isObject(properties) || !Object.values(properties).some((property) => isObject(property) && 'x-mcp-header' in property)
}

/** The server decides by what the client at the far end can do and wants to hear, not by what we do. */
function toStateless({ meta, legacy }: PlainCall): Json | undefined {
  if (legacy === undefined) return { ...meta, [CLIENT_CAPABILITIES_META_KEY]: {} }
  const { level } = legacy.client.logs
  return level === undefined ? meta : { ...meta, [LOG_LEVEL_META_KEY]: level }
}

function answerOf({ id, legacy }: PlainCall, outcome: Json | Error): Json {
  if (outcome instanceof Error) {
    const given = 'code' in outcome && Number.isSafeInteger(outcome.code) ? outcome.code : -32603
    // The stateless era has folded "resource not found" into "invalid parameters".
    const code = legacy === undefined && given === -32002 ? -32602 : given
    const data = 'data' in outcome ? outcome.data : undefined
    return { jsonrpc: '2.0', id, error: { code, message: outcome.message, ...(data === undefined ? {} : { data }) } }
  }
  const result = outcome['content'] === undefined ? { ...outcome, content: [] } : outcome
  if (legacy !== undefined) return { jsonrpc: '2.0', id, result }
  const meta = isObject(result['_meta']) ? result['_meta'] : {}
  return { jsonrpc: '2.0', id, result: { ...result, resultType: 'complete', _meta: { [SERVER_INFO_META_KEY]: serverInfo, ...meta } } }
}

/** Errors of a call are answers like others, but for those to which the specification gives a status. */
function statusOf({ legacy }: PlainCall, outcome: Json | Error): number {
  if (outcome instanceof ClientEnded) return 404
  return legacy === undefined && outcome instanceof Error && 'code' in outcome && outcome.code === missingCapability ? 400 : 200
}
const missingCapability = -32021

function acceptsBoth(accept: string | undefined): boolean {
  return accept !== undefined && accept.includes('application/json') && accept.includes('text/event-stream')
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
