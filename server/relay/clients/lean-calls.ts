/**
 * The short way of a plain tool call, which is most of what a relay does: checked, paid, passed on and answered without building a server
 * for it. Whatever is not certain to be plain takes the long way, and both give the same answers.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
  type RequestId,
} from '@modelcontextprotocol/server'
import { headerOf, refuseCharge } from './refusals.ts'
import { MeteredCall, type Meter } from '../billing/metered-call.ts'
import { isLevelOrAbove } from './log-levels.ts'
import { canBeAsked, type RelayClient } from './relay-client.ts'
import type { LegacyClients } from './legacy-clients.ts'
import type { Json } from '../upstreams/connection.ts'
import type { SharedRequestOptions } from '../upstreams/shared-connection.ts'
import { serverInfo } from './mcp-server.ts'
import type { ModernClients } from './modern-clients.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { ToolEntry } from '../sessions/view.ts'
import { plainText } from '../../plain-text.ts'

export interface LeanOptions {
  meter: Meter
  legacy: LegacyClients
  modern: ModernClients
  callTimeout(): number
}

const modernRevision = '2026-07-28'

interface PlainCall {
  id: RequestId
  name: string
  args: Json | undefined
  meta: Json | undefined
  client: RelayClient
  modern: boolean
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
    const gone = new AbortController()
    const onClose = (): void => gone.abort(new Error('The client went away'))
    response.once('close', onClose)
    const stream = new AnswerStream(response)
    const meta = call.modern && entry.upstream.isModern ? { ...call.meta, [CLIENT_CAPABILITIES_META_KEY]: {} } : call.meta
    const paramsOf = (args: Json | undefined): Json => ({
      name: entry.tool.name,
      ...(args === undefined ? {} : { arguments: args }),
      ...(meta === undefined ? {} : { _meta: meta }),
    })
    const options: SharedRequestOptions = { signal: gone.signal, timeout: this.#options.callTimeout() }
    // What the server says meanwhile turns the answer into a stream; a stateless request has not asked for it.
    if (!call.modern)
      options.onNotification = (message) => {
        if (mayHear(call.client, message.params)) stream.send({ jsonrpc: '2.0', ...held.heard(message) })
      }
    await held.make(
      { args: call.args, signal: gone.signal },
      (args) => entry.upstream.request({ method: 'tools/call', params: paramsOf(args) }, options),
      (outcome) => {
        response.off('close', onClose)
        const answer = answerOf(call, outcome)
        return stream.end(statusOf(call, answer), answer)
      },
    )
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
        ? { ...call, meta: undefined, client: this.#options.modern.client(session), modern: true }
        : null
    return this.#plainLegacy(session, request, version, call)
  }

  #plainLegacy(
    session: StoredSession,
    request: IncomingMessage,
    version: string | undefined,
    call: Omit<PlainCall, 'client' | 'modern'>,
  ): PlainCall | null {
    const found = this.#options.legacy.find(headerOf(request, 'mcp-session-id'), session.id)
    if (found === undefined || canBeAsked(found.client.capabilities)) return null
    if (version !== undefined && version !== found.protocolVersion) return null
    if (call.meta !== undefined && Object.keys(call.meta).length > 0) return null
    return { ...call, meta: undefined, client: found.client, modern: false }
  }
}

/** One JSON answer, unless something is said before it: then a stream of events that ends with it. */
class AnswerStream {
  readonly #response: ServerResponse
  #begun = false

  constructor(response: ServerResponse) {
    this.#response = response
  }

  send(message: Json): void {
    if (!this.#begun) this.#response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    this.#begun = true
    this.#response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
  }

  /** The text of the answer. */
  end(status: number, answer: Json): string {
    const text = JSON.stringify(answer)
    const response = this.#response
    if (response.destroyed) return text
    if (this.#begun) response.end(`event: message\ndata: ${text}\n\n`)
    else {
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      response.end(text)
    }
    return text
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
function isPlain({ upstream, listed }: ToolEntry): boolean {
  if (upstream.state !== 'ready' || upstream.definition.transport === 'built-in') return false
  const schema = listed['inputSchema']
  const properties = isObject(schema) ? schema['properties'] : undefined
  return !isObject(properties) || !Object.values(properties).some((property) => isObject(property) && 'x-mcp-header' in property)
}

function answerOf({ id, modern }: PlainCall, outcome: Json | Error): Json {
  if (outcome instanceof Error) {
    const given = 'code' in outcome && Number.isSafeInteger(outcome.code) ? outcome.code : -32603
    // The stateless era has folded "resource not found" into "invalid parameters".
    const code = modern && given === -32002 ? -32602 : given
    const data = 'data' in outcome ? outcome.data : undefined
    return { jsonrpc: '2.0', id, error: { code, message: outcome.message, ...(data === undefined ? {} : { data }) } }
  }
  const result = outcome['content'] === undefined ? { ...outcome, content: [] } : outcome
  if (!modern) return { jsonrpc: '2.0', id, result }
  const meta = isObject(result['_meta']) ? result['_meta'] : {}
  return { jsonrpc: '2.0', id, result: { ...result, resultType: 'complete', _meta: { [SERVER_INFO_META_KEY]: serverInfo, ...meta } } }
}

/** Errors of a call are answers like others, but for the one to which the specification gives a status. */
function statusOf({ modern }: PlainCall, { error }: Json): number {
  return modern && isObject(error) && error['code'] === missingCapability ? 400 : 200
}
const missingCapability = -32021

function mayHear({ logLevel }: RelayClient, params: Json | undefined): boolean {
  return logLevel === undefined || isLevelOrAbove(plainText(params?.['level']), logLevel)
}

function acceptsBoth(accept: string | undefined): boolean {
  return accept !== undefined && accept.includes('application/json') && accept.includes('text/event-stream')
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
