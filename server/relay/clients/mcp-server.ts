/** The server side that MCP clients speak to: every request is looked up in the session's view and passed on to the server it is for. */
import {
  LOG_LEVEL_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  McpServer,
  ProtocolError,
  ResourceNotFoundError,
  type ClientCapabilities,
  type InputRequiredResult,
  type ServerCapabilities,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { escape } from '../../isolation.ts'
import { version } from '../../version.ts'
import { canBeAsked, type RelayClient } from './relay-client.ts'
import { HeldCalls } from './held-calls.ts'
import type { Json, Message } from '../upstreams/connection.ts'
import { asJson } from '../upstreams/connection.ts'
import { isPendingInput, type PendingInputs } from './pending-input.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { builtInId } from '../upstreams/definition.ts'
import { callerKey } from '../built-in/server.ts'
import { upstreamOfResource, type ToolEntry, type View } from '../sessions/view.ts'

export const serverInfo = { name: 'wheelhouse-relay', title: 'Wheelhouse relay', version }
/** Lists change when servers do, and differ between sessions. */
const cacheHint = { ttlMs: 1_000, cacheScope: 'private' } as const
const logLevels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

export interface RelayServerOptions {
  client: RelayClient
  pendingInputs: PendingInputs
  era: 'modern' | 'legacy'
  /** Milliseconds a server may stay silent. */
  callTimeout(): number
  /** Milliseconds after which a client that can come back for its answer no longer holds its stream open. */
  streamHold(): number
}

/** The SDK checks headers that tools declare against the schema it asks for here. */
class RelayMcpServer extends McpServer {
  private readonly view: () => View
  constructor(view: () => View, capabilities: ServerCapabilities, instructions: string) {
    super(serverInfo, {
      capabilities,
      ...(instructions === '' ? {} : { instructions }),
      cacheHints: {
        'tools/list': cacheHint,
        'prompts/list': cacheHint,
        'resources/list': cacheHint,
        'resources/templates/list': cacheHint,
        'resources/read': { ttlMs: 0, cacheScope: 'private' },
        'server/discover': cacheHint,
      },
    })
    this.view = view
  }

  override toolInputSchemaJson(name: string): Record<string, unknown> | undefined {
    const schema = this.view().tools.get(name)?.listed['inputSchema']
    return typeof schema === 'object' && schema !== null ? { ...schema } : undefined
  }
}

export function createRelayServer(options: RelayServerOptions): McpServer {
  const { client } = options
  const view = client.view()
  const relay = new RelayMcpServer(() => client.view(), capabilitiesOf(view.upstreams), instructionsOf(view))
  const { server } = relay

  // What servers answer passes through as it came: the casts stand where the SDK's types know less than the newest server may send.
  server.setRequestHandler('tools/list', async () => ({
    tools: [...(await client.settledView()).tools.values()].map(
      ({ listed }) => listed as { name: string; inputSchema: { type: 'object' } },
    ),
  }))
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const entry = client.view().tools.get(params.name) ?? (await client.settledView()).tools.get(params.name)
    if (entry === undefined) throw new ProtocolError(-32602, `Unknown tool: ${params.name}`)
    return (await callTool(options, entry, params, ctx)) as { content: [] }
  })
  server.setRequestHandler('prompts/list', async () => ({
    prompts: [...(await client.settledView()).prompts.values()].map(({ listed }) => listed as { name: string }),
  }))
  server.setRequestHandler('prompts/get', async ({ params }, ctx) => {
    const entry = (await client.settledView()).prompts.get(params.name)
    if (entry === undefined) throw new ProtocolError(-32602, `Unknown prompt: ${params.name}`)
    return (await passOn(options, entry.upstream, { method: 'prompts/get', params: { ...params, name: entry.name } }, ctx)) as {
      messages: []
    }
  })
  server.setRequestHandler('resources/list', async () => ({
    resources: [...(await client.settledView()).listedResources] as { name: string; uri: string }[],
  }))
  server.setRequestHandler('resources/templates/list', async () => ({
    resourceTemplates: (await client.settledView()).listedTemplates.map(
      ({ upstream: _, ...listed }) => listed as { name: string; uriTemplate: string },
    ),
  }))
  server.setRequestHandler('resources/read', async ({ params }, ctx) => {
    const upstream = upstreamOfResource(await client.settledView(), params.uri)
    if (upstream === undefined) throw new ResourceNotFoundError(params.uri)
    return (await passOn(options, upstream, { method: 'resources/read', params: { ...params } }, ctx)) as { contents: [] }
  })
  server.setRequestHandler('completion/complete', async ({ params }, ctx) => {
    const { ref } = params
    const current = await client.settledView()
    const prompt = ref.type === 'ref/prompt' ? current.prompts.get(ref.name) : undefined
    const upstream =
      ref.type === 'ref/prompt'
        ? prompt?.upstream
        : (current.listedTemplates.find(({ uriTemplate }) => uriTemplate === ref.uri)?.upstream ?? upstreamOfResource(current, ref.uri))
    if (upstream === undefined) throw new ProtocolError(-32602, 'There is nothing of this name to complete')
    return (await passOn(
      options,
      upstream,
      { method: 'completion/complete', params: { ...params, ref: prompt === undefined ? ref : { ...ref, name: prompt.name } } },
      ctx,
    )) as { completion: { values: [] } }
  })
  if (options.era === 'legacy') {
    server.setRequestHandler('resources/subscribe', async ({ params }) => {
      const upstream = upstreamOfResource(await client.settledView(), params.uri)
      if (upstream === undefined) throw new ResourceNotFoundError(params.uri)
      await client.watch(params.uri, upstream)
      return {}
    })
    server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
      await client.unwatch(params.uri)
      return {}
    })
    server.setRequestHandler('logging/setLevel', ({ params }) => {
      client.logLevel = params.level
      return {}
    })
    server.fallbackNotificationHandler = async ({ method, params }) => {
      if (method === 'notifications/roots/list_changed') client.broadcast({ method, params })
    }
  }
  return relay
}

/** One round of a tool call, paid for: taken when there is a result, given back when there is none or the tool says it failed. */
async function callTool(options: RelayServerOptions, entry: ToolEntry, params: Json, ctx: ServerContext): Promise<Json> {
  const { upstream, tool, name } = entry
  const call = heldCallsOf(ctx).take(ctx.mcpReq.id, entry)
  const { outcome } = await call.make(() =>
    passOn(options, upstream, { method: 'tools/call', params: { ...params, name: tool.name } }, ctx, name),
  )
  if (outcome instanceof Error) throw outcome
  return outcome
}

/** Sends a request on to the server it is for, over the connection that fits what the client can do. */
async function passOn(
  options: RelayServerOptions,
  upstream: Upstream,
  message: Message,
  ctx: ServerContext,
  pendingAs = message.method,
): Promise<Json> {
  const { client, era, pendingInputs } = options
  /** What is on its way to the client: the answer ends its stream, so it must not overtake them. */
  const underway: Promise<unknown>[] = []
  const ongoing = {
    notify: (said: Message) => void underway.push(notifyClient(options, said, ctx)),
    ask: (asked: Message, signal: AbortSignal) =>
      ctx.mcpReq.send({ method: asked.method, ...(asked.params === undefined ? {} : { params: asked.params }) }, asJson, {
        signal,
        timeout: 3_600_000,
      }),
  }
  const hold = holdStream(options, ctx)
  const requestOptions = requestOptionsOf(options, ctx, underway)
  const own = { ...message, params: { ...message.params, ...metaOf(ctx, upstream) } }
  if (upstream.definition.id === builtInId) own.params._meta = { ...own.params._meta, [callerKey]: client.session.id }
  try {
    if (era === 'legacy') {
      if (!canBeAsked(client.capabilities)) return await upstream.request(own, { ...requestOptions, onNotification: ongoing.notify })
      const connection = await client.connectionTo(upstream)
      return await client.during(upstream, ongoing, () => connection.request(own, requestOptions))
    }
    const capabilities = envelopeOf(ctx)[CLIENT_CAPABILITIES_META_KEY] ?? {}
    const state = ctx.mcpReq.requestState()
    if (typeof state === 'string' && isPendingInput(state))
      return answered(await pendingInputs.resume(client.session.id, pendingAs, state, ctx.mcpReq.inputResponses ?? {}))
    if (upstream.isModern || !canBeAsked(capabilities))
      return await upstream.request(own, { ...requestOptions, onNotification: ongoing.notify })
    return answered(await callWithInput(options, upstream, own, capabilities, ctx, pendingAs, requestOptions))
  } finally {
    clearTimeout(hold)
    await Promise.all(underway)
  }
}

/** A call to a server of the session era for a stateless client that can be asked: on a connection of its own, which outlives the request. */
async function callWithInput(
  { client, pendingInputs, ...options }: RelayServerOptions,
  upstream: Upstream,
  message: Message,
  capabilities: ClientCapabilities,
  ctx: ServerContext,
  pendingAs: string,
  requestOptions: RequestOptions,
) {
  let ask: (asked: Message) => Promise<Json> = () => Promise.reject(new Error('Not under way'))
  const connection = await upstream.openDedicated({
    ...{ id: client.session.id, capabilities },
    onNotification: (said) => void notifyClient({ client, pendingInputs, ...options }, said, ctx).catch(escape),
    onRequest: (asked) => ask(asked),
    onEnd: () => undefined,
  })
  return pendingInputs.begin(
    client.session.id,
    pendingAs,
    (asker) => {
      ask = asker
      // The request's own end must not end the call: it goes on with the client's next request.
      return connection.request(message, { ...requestOptions, signal: undefined, timeout: 3_600_000 })
    },
    () => void upstream.closeDedicated(connection).catch(escape),
  )
}

function answered(outcome: Awaited<ReturnType<PendingInputs['resume']>>): Json {
  if (outcome.kind === 'done') return outcome.result
  const asked: Omit<InputRequiredResult, 'inputRequests'> & { inputRequests: Json } = {
    resultType: 'input_required',
    inputRequests: outcome.requests,
    requestState: outcome.state,
  }
  return asked
}

interface RequestOptions {
  signal?: AbortSignal | undefined
  timeout: number
  resetTimeoutOnProgress: boolean
  onprogress?: (progress: { progress: number; total?: number; message?: string }) => void
}

function requestOptionsOf({ callTimeout }: RelayServerOptions, ctx: ServerContext, underway: Promise<unknown>[]): RequestOptions {
  const progressToken = ctx.mcpReq._meta?.progressToken
  const base = { signal: ctx.mcpReq.signal, timeout: callTimeout(), resetTimeoutOnProgress: true }
  if (progressToken === undefined) return base
  return {
    ...base,
    onprogress: (progress) =>
      void underway.push(
        ctx.mcpReq.notify({ method: 'notifications/progress', params: { ...progress, progressToken } }).catch(() => undefined),
      ),
  }
}

/** What a request says about itself, without what belongs to our own connection with the client. */
function metaOf(ctx: ServerContext, upstream: Upstream): Json & { _meta?: Json | undefined } {
  const { progressToken: _, ...meta } = { ...ctx.mcpReq._meta }
  const envelope = envelopeOf(ctx)
  if (!upstream.isModern || ctx.mcpReq.envelope === undefined)
    return Object.keys(meta).length === 0 ? { _meta: undefined } : { _meta: meta }
  const passed = [CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, LOG_LEVEL_META_KEY] as const
  // The server decides by what the client at the far end can do, not by what we can.
  for (const key of passed) if (envelope[key] !== undefined) Object.assign(meta, { [key]: envelope[key] })
  const state = ctx.mcpReq.requestState()
  return {
    _meta: meta,
    ...(ctx.mcpReq.inputResponses === undefined ? {} : { inputResponses: ctx.mcpReq.inputResponses }),
    ...(typeof state === 'string' ? { requestState: state } : {}),
  }
}

/** The SDK checked it, but types it by names it does not export. */
function envelopeOf({ mcpReq }: ServerContext): Json & { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } {
  return { ...mcpReq.envelope }
}

async function notifyClient({ client, era }: RelayServerOptions, { method, params }: Message, ctx: ServerContext): Promise<void> {
  const level = method === 'notifications/message' ? String(params?.['level']) : undefined
  try {
    if (era === 'legacy') {
      if (level !== undefined && client.logLevel !== undefined && logLevels.indexOf(level) < logLevels.indexOf(client.logLevel)) return
      await ctx.mcpReq.notify({ method, ...(params === undefined ? {} : { params }) })
    } else if (level !== undefined) {
      // Drops what the request did not ask for. The SDK types levels by name; an unknown one is refused there.
      await ctx.mcpReq.log(level as 'info', params?.['data'], params?.['logger'] === undefined ? undefined : String(params['logger']))
    }
  } catch {
    // The client has gone; what is said to it is lost with it.
  }
}

/** A client of 2025-11-25 or later polls for a late answer, so that no connection is held for hours. */
function holdStream({ era, streamHold }: RelayServerOptions, ctx: ServerContext): NodeJS.Timeout | undefined {
  const close = ctx.http?.closeSSE
  return era === 'legacy' && close !== undefined ? setTimeout(close, streamHold()) : undefined
}

function heldCallsOf(ctx: ServerContext): HeldCalls {
  const held = ctx.http?.authInfo?.extra?.['heldCalls']
  // Put there by the gateway itself with every request, never by a client.
  if (!(held instanceof HeldCalls)) throw new TypeError('a request came past the gateway')
  return held
}

/** All that one of the servers can; everything while some have not said yet. */
function capabilitiesOf(upstreams: readonly Upstream[]): ServerCapabilities {
  const unknown = upstreams.some(({ capabilities, state }) => Object.keys(capabilities).length === 0 && state !== 'failed')
  const any = (of: (capabilities: ServerCapabilities) => unknown): boolean =>
    unknown || upstreams.some(({ capabilities }) => of(capabilities) !== undefined)
  return {
    tools: { listChanged: true },
    ...(any(({ resources }) => resources)
      ? { resources: { listChanged: true, subscribe: any(({ resources }) => (resources?.subscribe === true ? true : undefined)) } }
      : { resources: {} }),
    ...(any(({ prompts }) => prompts) ? { prompts: { listChanged: true } } : { prompts: {} }),
    completions: {},
    logging: {},
  }
}

function instructionsOf({ upstreams }: View): string {
  const own = upstreams.filter(({ instructions }) => instructions !== undefined && instructions !== '')
  return own
    .map(({ definition, instructions }) => (upstreams.length === 1 ? instructions : `${definition.name}: ${instructions}`))
    .join('\n\n')
}
