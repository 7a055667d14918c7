/**
 * The clients of one server: over which connection each is served, what it is shown, and what the server is told of all of them. Where a
 * server is shared it is told of clients that can be asked only once one has come, and only when what it lists for the others is known.
 */
import type { Clock } from '../../clock.ts'
import { AskingTools } from './asking-tools.ts'
import { canBeAsked, type CallOptions, type Caller } from './callers.ts'
import type { Json, Message } from './connection.ts'
import type { UpstreamDefinition } from './definition.ts'
import type { OwnProcess } from './own-connection.ts'
import { OwnConnections } from './own-connections.ts'
import type { ProcessBudget } from './process-budget.ts'
import { Questions } from './questions.ts'
import type { Reach, SharedConnection } from './shared-connection.ts'
import type { ToolDefinition } from './store.ts'

export interface UpstreamClientsParts {
  definition: UpstreamDefinition
  clock: Clock
  /** For connections of clients' own, of all servers together. */
  budget: ProcessBudget
  /** It is a part of this program, which asks nobody. */
  asksNobody: boolean
  shared(): SharedConnection
  /** It was found to speak the newer era. */
  mayBeModern(): boolean
  /** What it lists on the shared connection. */
  tools(): readonly ToolDefinition[]
  reach(signal: AbortSignal): Reach
  /** Aborts when the server is stopped. */
  stopped(): AbortSignal
  /** Tools that it lists on a connection of a client's own. */
  onOwnTools(tools: readonly ToolDefinition[]): void
  /** A connection of a client's own was opened or has ended. */
  onOwn(): void
  note(text: string): void
  /** What it logs on the shared connection while nothing is under way. */
  onLog(message: Message): void
}

export class UpstreamClients {
  /** What the server asks over the shared connection. */
  readonly questions: Questions
  readonly #parts: UpstreamClientsParts
  /** Null where all clients share one. */
  readonly #own: OwnConnections | null
  readonly #asking = new AskingTools()
  /** Clients that use it and can name roots. */
  readonly #rooted = new Set<Caller>()
  /** What it lists for a client that cannot be asked, until what it lists for one that can is known as well. */
  #plain: readonly ToolDefinition[] | undefined
  #plainKnown = false

  constructor(parts: UpstreamClientsParts) {
    this.#parts = parts
    const { definition, note } = parts
    this.questions = new Questions({
      tools: this.#asking,
      related: definition.transport === 'http',
      only: () => undefined,
      rooted: () => [...this.#rooted],
      saidBetween: parts.onLog,
      note,
    })
    this.#own = this.#ownConnections()
  }

  /** What the server lists for a client that cannot be asked is known. */
  get plainKnown(): boolean {
    return this.#plainKnown
  }

  /** Connections of clients' own. */
  get own(): OwnProcess[] {
    return this.#own?.all() ?? []
  }

  /** One request, over the connection that is its caller's. Throws `upstream-unavailable`, and what the server answers. */
  async request(caller: Caller, message: Message, options: CallOptions): Promise<Json> {
    const client = caller.of ?? caller
    this.#meet(client)
    if (this.#own !== null) {
      await this.#parts.shared().whenOpen()
      return this.#own.request(client, message, options, this.#parts.stopped())
    }
    if (canBeAsked(caller.capabilities)) this.#sayAskable()
    return this.#parts.shared().request(message, options)
  }

  /** Resolves when the server shows what it shows a client of this kind, or cannot. */
  async settledFor(client: Caller): Promise<void> {
    const shared = this.#parts.shared()
    this.#meet(client)
    if (!canBeAsked(client.capabilities)) return shared.settled()
    if (this.#own === null) this.#sayAskable()
    await shared.settled()
    if (shared.current !== undefined) await this.#own?.open(client, this.#parts.stopped()).catch(() => undefined)
  }

  /** The tools that the server shows a client of this kind; undefined where that is what it lists. */
  toolsFor(client: Caller): readonly ToolDefinition[] | undefined {
    const own = this.#own?.toolsOf(client)
    if (this.#asking.hidesNone || (own !== undefined && this.#parts.definition.options.process === 'client')) return own
    return (own ?? this.#parts.tools()).filter(({ name }) => this.#asking.isShownTo(name, client.capabilities))
  }

  /** The server lists these tools on the shared connection. */
  listed(tools: readonly ToolDefinition[]): void {
    if (!this.#parts.shared().hasSaid) {
      this.#plain = tools
      this.#plainKnown = true
    } else if (this.#plain !== undefined) {
      this.#asking.learn(this.#plain, tools)
      this.#plain = undefined
    }
  }

  /** What was found out about the same program before its other settings changed. */
  inherit(previous: UpstreamClients): void {
    this.#asking.inherit(previous.#asking)
    this.#plainKnown = previous.#plainKnown
    if (this.#own === null && previous.#own === null && previous.#parts.shared().saysAskable) this.#sayAskable()
  }

  /** The roots of a client have changed. */
  rootsChanged(client: Caller): void {
    const message = { method: 'notifications/roots/list_changed' }
    const shared = this.#parts.shared()
    this.#own?.notify(client, message)
    if (this.#own === null && shared.hasSaid) shared.current?.notify(message).catch(() => undefined)
  }

  /** Tells the client's own connection from which level on it wants to hear what the server logs. */
  async tellLevel(client: Caller, level: string): Promise<void> {
    await this.#own?.tellLevel(client, level)
  }

  /** A client has gone. */
  left(client: Caller): void {
    this.#own?.left(client)
    if (this.#rooted.delete(client)) this.rootsChanged(client)
  }

  /** Ends a connection of a client's own; its next request opens another. False when there is none of this id. */
  async endOne(id: string): Promise<boolean> {
    return (await this.#own?.endOne(id)) === true
  }

  async end(): Promise<void> {
    await this.#own?.end()
  }

  #ownConnections(): OwnConnections | null {
    const { definition, clock, budget, reach, onOwnTools, onOwn, note, mayBeModern, tools } = this.#parts
    const { process: of, ownIdle, ownAtMost, listTimeout } = definition.options
    if (of === 'shared') return null
    return new OwnConnections({
      ...{ server: definition.name, of, idleAfter: ownIdle, atMost: ownAtMost, budget, tools: this.#asking, reach, note },
      listTimeout: listTimeout * 1_000,
      now: () => clock.now(),
      isModern: mayBeModern,
      learn: (listed, mayAsk) => {
        if (of === 'session' && mayAsk && this.#plainKnown) this.#asking.learn(tools(), listed)
        onOwnTools(listed)
      },
      changed: onOwn,
    })
  }

  #meet(client: Caller): void {
    if (client.capabilities.roots === undefined || this.#rooted.has(client)) return
    this.#rooted.add(client)
    this.rootsChanged(client)
  }

  #sayAskable(): void {
    const shared = this.#parts.shared()
    if (!this.#parts.asksNobody && !shared.saysAskable) shared.sayAskable()
  }
}
