/** One MCP client at our door: which session it came with, what it can do, and the connections to servers that are its alone. */
import type { ClientCapabilities } from '@modelcontextprotocol/client'
import { isDoneWithin } from '../../async/deadline.ts'
import type { Clock } from '../../clock.ts'
import { readList } from '../upstreams/read-list.ts'
import { withoutTwins } from '../upstreams/twins.ts'
import type { Json, UpstreamConnection, Message } from '../upstreams/connection.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { ToolDefinition } from '../upstreams/store.ts'
import { ClientLogs } from './log-levels.ts'
import type { PendingInputs } from './pending-input.ts'
import { RunningCalls } from './running-calls.ts'
import type { Rests } from '../calls/rests.ts'
import type { MetaCallParts } from '../search/meta-calls.ts'
import type { StoredSession } from '../sessions/store.ts'
import { upstreamOfResource } from '../sessions/resources.ts'
import type { View } from '../sessions/view.ts'
import type { Views } from '../sessions/views.ts'
import type { CallTimeout } from '../upstreams/definition.ts'

/** A request of the client that is being worked on: where what a server says meanwhile belongs. */
export interface Ongoing {
  notify(message: Message): void
  ask(message: Message, signal: AbortSignal): Promise<Json>
}

/** What the clients of either era are given. */
export interface ClientsOptions {
  upstreams: Upstreams
  views: Views
  pendingInputs: PendingInputs
  search: MetaCallParts
  /** What was left of answers that were too large. */
  rests: Rests
  clock: Clock
  /** Undefined for one that is over; its clients are about to be closed. */
  session(id: string): StoredSession | undefined
  callTimeout: CallTimeout
  streamHold(): number
}

export interface ClientOptions {
  upstreams: Upstreams
  views: Pick<Views, 'of' | 'missing'>
  clock: Clock
  session(): StoredSession
  capabilities: ClientCapabilities
  /** What a server says when nothing of the client's is under way. */
  notify(message: Message): void
  /** What a server asks then. */
  ask(message: Message, signal: AbortSignal): Promise<Json>
  onToolsChange(parts: ReadonlySet<string>): void
}

/** How old the start of a server may be for lists to wait for it; they wait until then, so that one which hangs is waited for once. */
const listWait = 2_500
/** The same for a request that names one thing: there is no answer to it without the server. A list without it is one. */
const nameWait = 30_000

/** True for a client that servers may ask things. */
export function canBeAsked({ sampling, elicitation, roots }: ClientCapabilities): boolean {
  return sampling !== undefined || elicitation !== undefined || roots !== undefined
}

export class RelayClient {
  readonly capabilities: ClientCapabilities
  readonly logs: ClientLogs
  /** Plain calls under way. */
  readonly running = new RunningCalls()
  readonly #options: ClientOptions
  readonly #dedicated = new Map<string, { connection: Promise<UpstreamConnection>; upstream: Upstream; since: number }>()
  readonly #dedicatedTools = new Map<string, readonly ToolDefinition[]>()
  readonly #ongoing = new Map<string, Set<Ongoing>>()
  readonly #watched = new Map<string, Upstream>()
  #cached: { view: View; version: number } | undefined
  #closed = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.capabilities = options.capabilities
    this.logs = new ClientLogs({
      upstreams: options.upstreams,
      reached: () => this.view().upstreams,
      own: () => [...this.#dedicated.values()].map(({ connection }) => connection),
    })
  }

  get session(): StoredSession {
    return this.#options.session()
  }

  /** Built once for each change of anything it shows. */
  view(): View {
    const { version } = this.#options.upstreams
    if (this.#cached?.version !== version) this.#cached = { view: this.#options.views.of(this.session, this.#dedicatedTools), version }
    return this.#cached.view
  }

  /** The view after servers that are only just starting had a moment, and showed what they show a client of this kind. */
  async settledView(): Promise<View> {
    await Promise.all(this.#starts(listWait))
    return this.view()
  }

  /** What a request names, as soon as a server shows it; undefined when none that is only just starting has brought it. */
  async find<Found>(look: (view: View) => Found | undefined): Promise<Found | undefined> {
    let found = look(this.view())
    if (found !== undefined) return found
    const starts = new Set<Promise<void>>()
    // One that was away from the beginning has shown nothing yet: what is named may well be its.
    const unread = this.view().upstreams.filter(({ state, catalogue }) => state === 'retrying' && catalogue.tools.length === 0)
    for (const start of [...this.#starts(nameWait), ...unread.map((upstream) => settledWithin(nameWait, upstream.settled()))]) {
      const ended = start.finally(() => starts.delete(ended))
      starts.add(ended)
    }
    while (found === undefined && starts.size > 0) {
      await Promise.race(starts)
      found = look(this.view())
    }
    return found
  }

  /** Starts under way of servers that the session reaches, each waited for until it is so old. */
  #starts(limit: number): Promise<void>[] {
    const { upstreams } = this.view()
    for (const upstream of upstreams) upstream.wanted()
    const starting = upstreams
      .filter(({ state }) => state === 'starting')
      .map((upstream) => settledWithin(limit - upstream.startingFor, upstream.settled()))
    const dedicated = canBeAsked(this.capabilities)
      ? upstreams
          .filter(({ state }) => state === 'ready' || state === 'starting')
          .map((upstream) => this.#settledDedicated(upstream, limit))
      : []
    return [...starting, ...dedicated]
  }

  /** Why there is no tool of a name, in words. */
  missing(name: string): string {
    return this.#options.views.missing(this.view(), name)
  }

  forgetView(): void {
    this.#cached = undefined
  }

  /** The client's own connection to a server, opened when first needed and again after it broke. */
  connectionTo(upstream: Upstream): Promise<UpstreamConnection> {
    const { id } = upstream.definition
    const existing = this.#dedicated.get(id)
    if (existing?.upstream === upstream) return existing.connection
    const gone = (): void => {
      // A later one may have taken its place.
      if (this.#dedicated.get(id)?.connection !== connection) return
      this.#dedicated.delete(id)
      this.#dedicatedTools.delete(id)
      this.forgetView()
    }
    // In a turn of its own: whatever ends it meanwhile finds it in its place.
    const connection = Promise.resolve().then(() => this.#openDedicated(upstream, gone))
    this.#dedicated.set(id, { connection, upstream, since: this.#options.clock.monotonic() })
    connection.catch(gone)
    return connection
  }

  async #settledDedicated(upstream: Upstream, limit: number): Promise<void> {
    const connection = this.connectionTo(upstream).catch(() => undefined)
    const since = this.#dedicated.get(upstream.definition.id)?.since ?? 0
    await settledWithin(limit - (this.#options.clock.monotonic() - since), connection)
  }

  /** Runs a request so that what the server says or asks meanwhile reaches `ongoing`. */
  async during<Result>(upstream: Upstream, ongoing: Ongoing, run: () => Promise<Result>): Promise<Result> {
    const { id } = upstream.definition
    const of = this.#ongoing.get(id) ?? new Set()
    this.#ongoing.set(id, of.add(ongoing))
    try {
      return await run()
    } finally {
      of.delete(ongoing)
    }
  }

  /** Tells all servers that have a connection for this client alone. */
  broadcast(message: Message): void {
    for (const { connection } of this.#dedicated.values()) connection.then((open) => open.notify(message)).catch(() => undefined)
  }

  async watch(uri: string, upstream: Upstream): Promise<void> {
    if (this.#watched.has(uri)) return
    this.#watched.set(uri, upstream)
    try {
      await upstream.watch(uri)
    } catch (error) {
      this.#watched.delete(uri)
      throw error
    }
  }

  async unwatch(uri: string): Promise<void> {
    const upstream = this.#watched.get(uri)
    this.#watched.delete(uri)
    await upstream?.unwatch(uri)
  }

  get watched(): string[] {
    return [...this.#watched.keys()]
  }

  isWatching(uri: string): boolean {
    // What a person has switched off meanwhile is heard of no more.
    return this.#watched.has(uri) && upstreamOfResource(this.view(), uri) !== undefined
  }

  async close(): Promise<void> {
    this.#closed = true
    this.running.endAll()
    this.logs.close()
    const dedicated = [...this.#dedicated.values()]
    this.#dedicated.clear()
    await Promise.all([
      ...dedicated.map(({ connection, upstream }) => connection.then((open) => upstream.closeDedicated(open)).catch(() => undefined)),
      ...[...this.#watched.keys()].map((uri) => this.unwatch(uri).catch(() => undefined)),
    ])
  }

  async #openDedicated(upstream: Upstream, gone: () => void): Promise<UpstreamConnection> {
    const { id } = upstream.definition
    const connection = await upstream.openDedicated({
      id: this.session.id,
      capabilities: this.capabilities,
      onNotification: (message) => this.#onMessage(upstream, message),
      onRequest: (message, signal) => (this.#latest(id) ?? this.#options).ask(message, signal),
      onEnd: gone,
    })
    try {
      if (this.#closed) throw new Error('The client has gone')
      await this.logs.tell(connection)
      await this.#readTools(upstream, connection)
      return connection
    } catch (error) {
      // Nobody else knows of it: left open it would be a process more with every try.
      await upstream.closeDedicated(connection)
      throw error
    }
  }

  async #readTools(upstream: Upstream, connection: UpstreamConnection): Promise<void> {
    const { items } = (await readList(connection, 'tools', { timeout: upstream.definition.options.listTimeout * 1_000 })) ?? { items: [] }
    // What a tool list holds are tools; servers are not checked for more.
    const tools = withoutTwins('tools', items).items as readonly object[] as readonly ToolDefinition[]
    this.#options.upstreams.tools.learn(upstream.definition, tools)
    this.#dedicatedTools.set(upstream.definition.id, tools)
    this.forgetView()
  }

  #onMessage(upstream: Upstream, message: Message): void {
    const { id } = upstream.definition
    if (message.method === 'notifications/tools/list_changed') {
      this.#dedicated
        .get(id)
        ?.connection.then((connection) => this.#readTools(upstream, connection))
        .then(() => this.#options.onToolsChange(new Set(['tools'])))
        .catch(() => undefined)
      return
    }
    // Other lists are read over the shared connection, which hears of their changes too.
    if (message.method.endsWith('/list_changed')) return
    if (this.logs.hears(message, upstream)) (this.#latest(id) ?? this.#options).notify(message)
  }

  #latest(id: string): Ongoing | undefined {
    return [...(this.#ongoing.get(id) ?? [])].at(-1)
  }
}

async function settledWithin(limit: number, work: Promise<unknown>): Promise<void> {
  if (limit > 0) await isDoneWithin(limit, work)
}
