/** The MCP servers behind the relay: which there are, started and stopped together, one taking another's place when its settings change. */
import { createSignal, type Signal } from '../../async/signal.ts'
import type { Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { RelayFault } from '../fault.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import { originsOf, type Egress } from '../../http/egress.ts'
import type { Log } from '../../log.ts'
import type { relayEvents } from '../events.ts'
import type { OAuthClients } from '../oauth/oauth-clients.ts'
import { allParts, type CataloguePart } from './catalogue.ts'
import type { Message, UpstreamConnectionOptions } from './connection.ts'
import { LogWishes } from './log-wishes.ts'
import { builtInDefinition, builtInId, withLoginApart, type UpstreamDefinition } from './definition.ts'
import { createProcessReaper } from './process-reaper.ts'
import { createEraMemory } from './era.ts'
import { Items } from './items.ts'
import type { ItemsStore } from './items-store.ts'
import type { UpstreamStore } from './store.ts'
import { ProcessBudget } from './process-budget.ts'
import { Tools } from './tools.ts'
import { programOf } from './launchers.ts'
import { Upstream } from './upstream.ts'
import { Wakings } from './wakings.ts'

export interface UpstreamsOptions {
  store: UpstreamStore
  items: ItemsStore
  oauthClients: OAuthClients
  /** Judges where remote servers are. */
  egress: Egress
  clock: Clock
  events: Announcer<typeof relayEvents>
  log: Log
  changed(): void
  /** What goes on by itself could not be done. */
  failed(error: unknown, what: string): void
  /** How many connections of clients' own there may be to all servers together. */
  ownProcesses(): number
  /** An HTTP API as a server within this process. */
  connectApi?(definition: UpstreamDefinition, send: typeof fetch): NonNullable<UpstreamConnectionOptions['builtIn']>
  backOff?: readonly number[]
}

/** A server that is part of this program. */
export interface BuiltInServer {
  name: string
  /** Whether a session may use a tool, by who decided what the session reaches. */
  mayUse(policyBy: string | null, tool: string): boolean
  connect: NonNullable<UpstreamConnectionOptions['builtIn']>
}

export class Upstreams {
  readonly tools: Tools
  /** Prompts and resources. */
  readonly items: Items
  /** What clients want to hear of what servers log. */
  readonly logWishes = new LogWishes()
  readonly #options: UpstreamsOptions
  readonly #reaper = createProcessReaper()
  readonly #wakings: Wakings
  readonly #budget: ProcessBudget
  readonly #byId = new Map<string, Upstream>()
  readonly #catalogueChanges: Signal<[upstream: Upstream, changed: ReadonlySet<CataloguePart>]>
  readonly #notifications: Signal<[upstream: Upstream, message: Message]>
  /** Servers whose place another has taken, while they end. */
  readonly #ending = new Map<string, Promise<unknown>>()
  #builtIn: BuiltInServer | undefined
  #started = false
  #version = 0

  constructor(options: UpstreamsOptions) {
    this.#options = options
    this.tools = new Tools(options)
    // What a client does with its news costs no server its connection.
    this.#catalogueChanges = createSignal((error) => options.failed(error, 'what a server offers could not be passed on'))
    this.#notifications = createSignal((error) => options.failed(error, 'what a server says could not be passed on'))
    this.#budget = new ProcessBudget(options.ownProcesses)
    this.#wakings = new Wakings({ clock: options.clock, onWoken: () => this.woken() })
    this.items = new Items(options.items)
  }

  /** Rises with every change of what sessions can see. */
  get version(): number {
    return this.#version
  }

  /** Starts all that are switched on, in the background: a slow one delays nobody. Returns how many there are beside the built-in one. */
  start(builtIn?: BuiltInServer): number {
    const { clock, store, oauthClients } = this.#options
    this.#builtIn = builtIn
    this.#started = true
    this.#wakings.start()
    // A key that was put back opens what was locked.
    oauthClients.reread()
    const others = store.all()
    for (const { definition, locked } of others) this.add(locked === null ? this.#tidied(definition) : definition, locked)
    if (builtIn !== undefined) this.add(builtInDefinition(builtIn.name, clock.now()))
    return others.length
  }

  /** Starts the built-in server, which waits for the first session that asks for it. */
  wake(): void {
    const upstream = this.#byId.get(builtInId)
    if (upstream !== undefined && !upstream.definition.enabled) this.add({ ...upstream.definition, enabled: true })
  }

  /** The machine slept, or its network is another one: what is away is tried at once. */
  woken(): void {
    for (const upstream of this.#byId.values()) upstream.woken()
  }

  async stop(): Promise<void> {
    this.#started = false
    this.#wakings.stop()
    await Promise.all([...this.#byId.values()].map((upstream) => upstream.stop()))
    this.#reaper.stop()
  }

  /** In the order they were added, the built-in one last. */
  all(): Upstream[] {
    const all = [...this.#byId.values()]
    const builtIn = this.#byId.get(builtInId)
    return builtIn === undefined ? all : [...all.filter((upstream) => upstream !== builtIn), builtIn]
  }

  /** Throws `upstream-not-found`. */
  get(id: string): Upstream {
    const upstream = this.#byId.get(id)
    if (upstream === undefined) throw new RelayFault('upstream-not-found', 'There is no such server', { id })
    return upstream
  }

  mayUseBuiltIn(policyBy: string | null, tool: string): boolean {
    return this.#builtIn?.mayUse(policyBy, tool) === true
  }

  /** Called with what a server offers anew, or offers no more. */
  onCatalogue(listener: (upstream: Upstream, changed: ReadonlySet<CataloguePart>) => void): void {
    this.#catalogueChanges.subscribe(listener)
  }

  onNotification(listener: (upstream: Upstream, message: Message) => void): void {
    this.#notifications.subscribe(listener)
  }

  /** Puts a server in its place and starts it when it is switched on. */
  add(definition: UpstreamDefinition, locked: string | null = null): Upstream {
    const upstream = this.#place(definition, locked)
    this.#begin(upstream)
    return upstream
  }

  /** The new one stands in the old one's place at once, so that a further change builds on it; it starts when all before it have ended. */
  async replace(before: Upstream, definition: UpstreamDefinition, locked: string | null = null): Promise<Upstream> {
    const { id } = definition
    const successor = this.#place(definition, locked)
    const ended = Promise.all([this.#ending.get(id), before.stop()])
    this.#ending.set(id, ended)
    await ended
    if (this.#ending.get(id) === ended) this.#ending.delete(id)
    if (this.#byId.get(id) === successor) this.#begin(successor)
    return successor
  }

  /** Takes a server away; nobody sees it from now on. Resolves when it has ended. */
  async remove(id: string): Promise<void> {
    const upstream = this.get(id)
    this.#byId.delete(id)
    this.tools.forget(id)
    this.items.forget(id)
    this.#version += 1
    await upstream.stop()
  }

  /** Tells sessions, and windows, that what a server offers or what is allowed of it has changed. */
  announce(upstream: Upstream, changed: ReadonlySet<CataloguePart> = allParts): void {
    this.#version += 1
    this.#options.changed()
    this.#catalogueChanges.emit(upstream, changed)
  }

  #begin(upstream: Upstream): void {
    if (upstream.definition.enabled && this.#started && upstream.state === 'disabled') upstream.start()
    else this.#options.changed()
  }

  #place(definition: UpstreamDefinition, locked: string | null): Upstream {
    const { clock, oauthClients, egress, log, backOff, store, connectApi } = this.#options
    const { id, url } = definition
    const reached = url === null ? undefined : createEgressFetch(egress, originsOf([url]))
    const builtIn = id === builtInId ? this.#builtIn?.connect : undefined
    const api = definition.transport === 'openapi' && reached !== undefined ? connectApi?.(definition, reached) : undefined
    const within = builtIn ?? api
    const upstream: Upstream = new Upstream({
      ...{ definition, clock, locked, reaper: this.#reaper },
      oauthClient: oauthClients.of(definition),
      ...(reached === undefined ? {} : { fetch: reached }),
      ...(within === undefined ? {} : { builtIn: within }),
      ...(backOff === undefined ? {} : { backOff }),
      eras: createEraMemory(store, id),
      logLevel: () => this.logWishes.lowestFor(upstream),
      onState: (changed) => this.#onState(changed),
      onCatalogue: (changed, parts) => {
        if (parts.has('tools')) this.tools.learn(definition, changed.catalogue.tools)
        this.announce(changed, parts)
      },
      onProgress: ({ definition: { name, command } }, installs) => {
        if (installs) this.#options.events.emit({ type: 'upstream-installing', subject: name, data: { by: programOf(command) } })
        this.#options.changed()
      },
      budget: this.#budget,
      onOwnTools: (_, tools) => this.tools.learn(definition, tools),
      onOwn: () => {
        this.#version += 1
        this.#options.changed()
      },
      onNotification: (from, message) => this.#notifications.emit(from, message),
      onIllegalTransition: (_, state, event) => log.error({ upstream: id, state, event }, 'illegal transition of an upstream'),
    })
    const previous = this.#byId.get(id)
    if (previous !== undefined) upstream.inherit(previous)
    this.#version += 1
    this.#byId.set(id, upstream)
    this.tools.load(definition)
    this.items.load(id)
    return upstream
  }

  #onState({ definition: { name }, state, error, attempts }: Upstream): void {
    const { events, changed } = this.#options
    this.#version += 1
    if (state === 'failed') events.emit({ type: 'upstream-failed', subject: name, data: { reason: (error ?? '').slice(0, 200) } })
    if (state === 'ready' && attempts > 0) events.emit({ type: 'upstream-recovered', subject: name })
    changed()
  }

  /** An earlier version kept addresses with a name and password as they were given. */
  #tidied(definition: UpstreamDefinition): UpstreamDefinition {
    const tidy = withLoginApart(definition)
    try {
      if (tidy !== definition) this.#options.store.put(tidy)
    } catch {
      // Nothing can be written at the moment; the next start is another chance.
    }
    return tidy
  }
}
