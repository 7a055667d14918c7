/** One MCP client at our door: which session it came with, what it can do, and what it sees of the servers. */
import { randomUUID } from 'node:crypto'
import type { ClientCapabilities } from '@modelcontextprotocol/client'
import { isDoneWithin } from '../../async/deadline.ts'
import type { Clock } from '../../clock.ts'
import type { Caller } from '../upstreams/callers.ts'
import type { Json, Message } from '../upstreams/connection.ts'
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

export class RelayClient {
  readonly capabilities: ClientCapabilities
  readonly logs: ClientLogs
  /** Plain calls under way. */
  readonly running = new RunningCalls()
  readonly #options: ClientOptions
  /** As servers meet it. */
  readonly caller: Caller
  readonly #watched = new Map<string, Upstream>()
  #cached: { view: View; version: number } | undefined

  constructor(options: ClientOptions) {
    this.#options = options
    const { id, accountId } = options.session()
    const { capabilities, ask, notify, onToolsChange } = options
    this.capabilities = capabilities
    this.caller = {
      ...{ client: randomUUID(), session: id, account: accountId, capabilities, ask },
      notify: (message) => {
        if (this.logs.hears(message)) notify(message)
      },
      onTools: () => {
        this.forgetView()
        onToolsChange(new Set(['tools']))
      },
      logLevel: () => this.logs.level,
    }
    this.logs = new ClientLogs({ upstreams: options.upstreams, reached: () => this.view().upstreams, caller: this.caller })
  }

  get session(): StoredSession {
    return this.#options.session()
  }

  /** Built once for each change of anything it shows. */
  view(): View {
    const { version } = this.#options.upstreams
    if (this.#cached?.version !== version) this.#cached = { view: this.#options.views.of(this.session, this.#ownTools()), version }
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
    return upstreams
      .filter(({ state }) => state === 'starting' || state === 'ready')
      .map((upstream) => {
        const settled = upstream.clients.settledFor(this.caller)
        // Greeting it anew may have begun just now.
        return settledWithin(upstream.state === 'starting' ? limit - upstream.startingFor : limit, settled)
      })
  }

  /** Of servers that show a client of this kind something else than they list. */
  #ownTools(): ReadonlyMap<string, readonly ToolDefinition[]> {
    return new Map(
      this.#options.upstreams.all().flatMap((upstream) => {
        const tools = upstream.clients.toolsFor(this.caller)
        return tools === undefined ? [] : [[upstream.definition.id, tools] as const]
      }),
    )
  }

  /** Why there is no tool of a name, in words. */
  missing(name: string): string {
    return this.#options.views.missing(this.view(), name)
  }

  forgetView(): void {
    this.#cached = undefined
  }

  /** Servers that ask for roots are to ask again. */
  rootsChanged(): void {
    for (const upstream of this.view().upstreams) upstream.clients.rootsChanged(this.caller)
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
    this.running.endAll()
    this.logs.close()
    for (const upstream of this.#options.upstreams.all()) upstream.clients.left(this.caller)
    await Promise.all([...this.#watched.keys()].map((uri) => this.unwatch(uri).catch(() => undefined)))
  }
}

async function settledWithin(limit: number, work: Promise<unknown>): Promise<void> {
  if (limit > 0) await isDoneWithin(limit, work)
}
