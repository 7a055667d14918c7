/**
 * Passes a client's request on to the server it is for, over the connection that fits what the client can do, and what the server says
 * meanwhile back.
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  type RequestId,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { RequestOptions } from '@modelcontextprotocol/client'
import { escape } from '../../isolation.ts'
import { callerKey } from '../built-in/server.ts'
import type { ToolEntry } from '../sessions/view.ts'
import { canBeAsked, type Caller } from '../upstreams/callers.ts'
import { asJson, type Json, type Message } from '../upstreams/connection.ts'
import { builtInId } from '../upstreams/definition.ts'
import type { SharedRequestOptions } from '../upstreams/shared-connection.ts'
import { callAsTask, requiresTask, withoutTasks } from '../upstreams/tasks.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { HeldCalls } from './held-calls.ts'
import { readyRedactorOf, redactedAnswer, redactedMessage } from '../calls/redactor.ts'
import type { Rests } from '../calls/rests.ts'
import type { LaterRound } from '../calls/steps.ts'
import type { MetaCallParts } from '../search/meta-calls.ts'
import { isPendingInput, type PendingInputs } from './pending-input.ts'
import { inRounds } from './input-rounds.ts'
import type { RelayClient } from './relay-client.ts'
import { plainText } from '../../plain-text.ts'
import type { CallTimeout } from '../upstreams/definition.ts'

export interface PassOnOptions {
  client: RelayClient
  pendingInputs: PendingInputs
  search: MetaCallParts
  /** What was left of answers that were too large. */
  rests: Rests
  /** The request named `call_tool`: headers for arguments, which the tool it stands for may want, cannot have come with it. */
  turned?: boolean
  era: 'modern' | 'legacy'
  /** Milliseconds a server may stay silent. */
  callTimeout: CallTimeout
  /** Milliseconds after which a client that can come back for its answer no longer holds its stream open. */
  streamHold(): number
  /** What the server says meanwhile, as the client is to hear it. */
  heard?(said: Message): Message
  /** The server asks the client something. */
  asked?(): void
  /** The call is to be a task of the server. */
  asTask?: boolean
  /** A client of the session era has taken a request back. */
  cancelled?(id: RequestId): void
}

/** One round of a tool call, paid for: taken when there is a result, given back when there is none or the tool says it failed. */
export async function callTool(options: PassOnOptions, entry: ToolEntry, params: Json, ctx: ServerContext): Promise<Json> {
  const { upstream, tool, name } = entry
  const call = heldCallsOf(ctx).take(ctx.mcpReq.id, entry)
  const making = {
    args: asArguments(params['arguments']),
    signal: ctx.mcpReq.signal,
    waiting: waitingOf(ctx),
    laterRound: laterRoundOf(options, name, ctx),
  }
  const { outcome } = await toldWhenCancelled(options, ctx, () =>
    call.make(making, (args) => {
      // A receiver without tasks of its own works on such a request as on any other.
      const { arguments: _, task: __, ...rest } = params
      const own = { ...rest, name: tool.name, ...(args === undefined ? {} : { arguments: args }) }
      const ofCall = {
        ...{ ...options, heard: (said: Message) => call.heard(said), asked: () => call.clientIsAsked() },
        asTask: requiresTask(tool.definition) && !upstream.isModern,
      }
      return sendOn(ofCall, upstream, { method: 'tools/call', params: own }, ctx, name)
    }),
  )
  if (outcome instanceof Error) throw outcome
  return outcome
}

/** Undefined in the session era, whose clients are asked in the middle of their calls. */
function laterRoundOf({ client, era, pendingInputs }: PassOnOptions, tool: string, { mcpReq }: ServerContext): LaterRound | undefined {
  const given = mcpReq.requestState()
  const state = typeof given === 'string' ? given : null
  if (era === 'legacy' || (state === null && mcpReq.inputResponses === undefined)) return undefined
  return { state, giveUp: () => state !== null && pendingInputs.giveUp({ sessionId: client.session.id, tool }, state) }
}

/** Below zero, where no progress of the server itself stands: the protocol wants it to rise. */
function waitingOf({ mcpReq }: ServerContext): ((left: number, message: string) => void) | undefined {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return undefined
  return (left, message) =>
    void mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: -left, message } }).catch(() => undefined)
}

/** Sends a request on to the server it is for, over the connection that fits what the client can do. */
export function passOn(options: PassOnOptions, upstream: Upstream, message: Message, ctx: ServerContext): Promise<Json> {
  const { redact } = options.client.session.policy
  const heard = (said: Message): Message => readyRedactorOf(redact)?.value(said).value ?? said
  return toldWhenCancelled(options, ctx, () =>
    redactedAnswer(redact, () => sendOn({ ...options, heard }, upstream, message, ctx, message.method)),
  )
}

async function toldWhenCancelled<Result>(
  { cancelled }: PassOnOptions,
  { mcpReq }: ServerContext,
  work: () => Promise<Result>,
): Promise<Result> {
  if (cancelled === undefined) return work()
  const onAbort = (): void => cancelled(mcpReq.id)
  mcpReq.signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await work()
  } finally {
    mcpReq.signal.removeEventListener('abort', onAbort)
  }
}

async function sendOn(options: PassOnOptions, upstream: Upstream, message: Message, ctx: ServerContext, pendingAs: string): Promise<Json> {
  const { client, era, pendingInputs } = options
  /** What is on its way to the client: the answer ends its stream, so it must not overtake them. */
  const underway: Promise<unknown>[] = []
  const ongoing = {
    notify: (said: Message) => void underway.push(notifyClient(options, upstream, said, ctx)),
    ask: async (asked: Message, signal: AbortSignal) => {
      options.asked?.()
      const { method, params } = await redactedMessage(client.session.policy.redact, asked)
      return ctx.mcpReq.send({ method, ...(params === undefined ? {} : { params }) }, asJson, { signal, timeout: 3_600_000 })
    },
  }
  const ask = askOf(options)
  const hold = holdStream(options, ctx)
  const requestOptions = requestOptionsOf(options, upstream, ctx, underway)
  const own = { ...message, params: { ...message.params, ...metaOf(ctx, upstream, client) } }
  if (upstream.definition.id === builtInId) own.params._meta = { ...own.params._meta, [callerKey]: client.session.id }
  try {
    if (era === 'legacy') {
      const { caller } = client
      const called = { ...requestOptions, onNotification: ongoing.notify, caller, ask: ongoing.ask }
      if (!upstream.isModern) return await ask(through(upstream), own, called)
      const meta = { ...own.params._meta, [CLIENT_CAPABILITIES_META_KEY]: client.capabilities }
      const send = (params: Json): Promise<Json> => upstream.request({ ...own, params }, called)
      return await inRounds(send, { ...own.params, _meta: meta }, ongoing.ask, ctx.mcpReq.signal)
    }
    const capabilities = withoutTasks(envelopeOf(ctx)[CLIENT_CAPABILITIES_META_KEY] ?? {})
    const state = ctx.mcpReq.requestState()
    if (typeof state === 'string' && isPendingInput(state))
      return answered(
        await pendingInputs.resume(
          { sessionId: client.session.id, tool: pendingAs, signal: ctx.mcpReq.signal },
          state,
          ctx.mcpReq.inputResponses ?? {},
        ),
      )
    if (upstream.isModern || !canBeAsked(capabilities))
      return await client.logs.wantDuring(levelOf(ctx), upstream, () =>
        ask(through(upstream), own, { ...requestOptions, onNotification: ongoing.notify, caller: client.caller }),
      )
    return answered(await callWithInput(options, upstream, own, capabilities, ctx, pendingAs, requestOptions))
  } finally {
    clearTimeout(hold)
    await Promise.all(underway)
  }
}

/** A call to a server of the session era for a stateless client that can be asked: it outlives the request. */
async function callWithInput(
  { client, pendingInputs, ...options }: PassOnOptions,
  upstream: Upstream,
  message: Message,
  capabilities: ClientCapabilities,
  ctx: ServerContext,
  pendingAs: string,
  requestOptions: RequestOptions,
) {
  return pendingInputs.begin(
    { sessionId: client.session.id, tool: pendingAs, signal: ctx.mcpReq.signal },
    (ask, abandoned) => {
      // What is asked belongs to this call: the session's other calls are somebody else's for all that can be known.
      const caller: Caller = { ...client.caller, capabilities, of: client.caller }
      const onNotification = (said: Message): void =>
        void notifyClient({ client, pendingInputs, ...options }, upstream, said, ctx).catch(escape)
      // The end of the request that asked for it must not end the call: it goes on with the client's next request.
      const called = { ...requestOptions, signal: abandoned, timeout: 3_600_000, caller, ask, onNotification }
      return client.logs.wantDuring(levelOf(ctx), upstream, () => askOf(options)(through(upstream), message, called))
    },
    () => undefined,
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

function requestOptionsOf(
  { callTimeout, heard }: PassOnOptions,
  { definition }: Upstream,
  ctx: ServerContext,
  underway: Promise<unknown>[],
): RequestOptions {
  const progressToken = ctx.mcpReq._meta?.progressToken
  const base = { signal: ctx.mcpReq.signal, timeout: callTimeout(definition), resetTimeoutOnProgress: true }
  if (progressToken === undefined) return base
  return {
    ...base,
    onprogress: (progress) => {
      const said = { method: 'notifications/progress', params: { ...progress } }
      const { method, params } = heard?.(said) ?? said
      underway.push(ctx.mcpReq.notify({ method, params: { ...params, progressToken } }).catch(() => undefined))
    },
  }
}

/** The SDK has checked that they are an object. */
function asArguments(given: unknown): Json | undefined {
  return given === undefined ? undefined : (given as Json)
}

/** What a request says about itself, without what belongs to our own connection with the client. */
function metaOf(ctx: ServerContext, upstream: Upstream, client: RelayClient): Json & { _meta?: Json | undefined } {
  const { progressToken: _, ...meta } = { ...ctx.mcpReq._meta }
  const envelope = envelopeOf(ctx)
  if (!upstream.isModern || ctx.mcpReq.envelope === undefined) return withLevel(meta, upstream, client)
  const passed = [CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, LOG_LEVEL_META_KEY] as const
  // The server decides by what the client at the far end can do, not by what we can.
  for (const key of passed) if (envelope[key] !== undefined) Object.assign(meta, { [key]: taskless(envelope[key]) })
  const state = ctx.mcpReq.requestState()
  return {
    _meta: meta,
    ...(ctx.mcpReq.inputResponses === undefined ? {} : { inputResponses: ctx.mcpReq.inputResponses }),
    ...(typeof state === 'string' ? { requestState: state } : {}),
  }
}

/** To a server of the stateless era each request says what a client of the session era has said once. */
function withLevel(meta: Json, upstream: Upstream, { logs: { level } }: RelayClient): { _meta: Json | undefined } {
  const all = upstream.isModern && level !== undefined ? { ...meta, [LOG_LEVEL_META_KEY]: level } : meta
  return { _meta: Object.keys(all).length === 0 ? undefined : all }
}

/** From which level on a stateless request wants to hear what is logged. */
function levelOf(ctx: ServerContext): string | undefined {
  const level = envelopeOf(ctx)[LOG_LEVEL_META_KEY]
  return typeof level === 'string' ? level : undefined
}

function taskless(said: unknown): unknown {
  return typeof said === 'object' && said !== null ? withoutTasks(said) : said
}

function through(upstream: Upstream): (message: Message, options: SharedRequestOptions) => Promise<Json> {
  return (message, options) => upstream.request(message, options)
}

function askOf({ asTask }: Pick<PassOnOptions, 'asTask'>): typeof callAsTask {
  return asTask === true ? callAsTask : (request, message, options) => request(message, options)
}

/** The SDK checked it, but types it by names it does not export. */
function envelopeOf({ mcpReq }: ServerContext): Json & { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } {
  return { ...mcpReq.envelope }
}

async function notifyClient({ client, era, heard }: PassOnOptions, upstream: Upstream, said: Message, ctx: ServerContext): Promise<void> {
  const { method, params } = heard?.(said) ?? said
  const level = method === 'notifications/message' ? plainText(params?.['level']) : undefined
  try {
    if (era === 'legacy') {
      if (client.logs.hears(said, upstream)) await ctx.mcpReq.notify({ method, ...(params === undefined ? {} : { params }) })
    } else if (level !== undefined) {
      // Drops what the request did not ask for. The SDK types levels by name; an unknown one is refused there.
      await ctx.mcpReq.log(level as 'info', params?.['data'], params?.['logger'] === undefined ? undefined : plainText(params['logger']))
    }
  } catch {
    // The client has gone; what is said to it is lost with it.
  }
}

/** A client of 2025-11-25 or later polls for a late answer, so that no connection is held for hours. */
function holdStream({ era, streamHold }: PassOnOptions, ctx: ServerContext): NodeJS.Timeout | undefined {
  const close = ctx.http?.closeSSE
  return era === 'legacy' && close !== undefined ? setTimeout(close, streamHold()) : undefined
}

function heldCallsOf(ctx: ServerContext): HeldCalls {
  const held = ctx.http?.authInfo?.extra?.['heldCalls']
  // Put there by the gateway itself with every request, never by a client.
  if (!(held instanceof HeldCalls)) throw new TypeError('a request came past the gateway')
  return held
}
