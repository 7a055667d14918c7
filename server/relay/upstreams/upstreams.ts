/** The MCP servers behind the relay: added, changed, started, and the tools they offer with their switches and prices. */
import { createHash } from 'node:crypto'
import { iso, type Clock } from '../../clock.ts'
import type { EventSink } from '../../events/event.ts'
import { createAnnouncer, type Announcer } from '../../events/event-types.ts'
import { Fault } from '../../fault.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import { originsOf, type Egress } from '../../http/egress.ts'
import { shownAddress } from '../../http/shown-address.ts'
import type { Log } from '../../log.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { Catalogue } from './catalogue.ts'
import { relayEvents } from '../events.ts'
import type { GivenClient } from '../oauth/oauth-client.ts'
import type { OAuthClients } from '../oauth/oauth-clients.ts'
import { createProcessReaper } from './process-reaper.ts'
import type { UpstreamConnectionOptions, Message } from './connection.ts'
import { shownArgs } from './shown-settings.ts'
import { Upstream } from './upstream.ts'
import { withLoginApart, type UpstreamDefinition } from './definition.ts'
import { newUpstream, type NewUpstream, type UpstreamPatch, type UpstreamSettings, type UpstreamView } from '../contract/upstream.ts'
import type { StoredTool, ToolDefinition, UpstreamStore } from './store.ts'

export interface UpstreamsOptions {
  store: UpstreamStore
  oauthClients: OAuthClients
  /** Judges where remote servers are. */
  egress: Egress
  clock: Clock
  events: EventSink
  log: Log
  changed(): void
  backOff?: readonly number[]
}

/** A server that is part of this program. */
export interface BuiltInServer {
  name: string
  /** Whether a session may use a tool, by who decided what the session reaches. */
  mayUse(policyBy: string | null, tool: string): boolean
  connect: NonNullable<UpstreamConnectionOptions['builtIn']>
}

type AuditedChange = Exclude<Extract<keyof typeof relayEvents, `upstream-${string}`>, 'upstream-failed' | 'upstream-recovered'>

export const builtInId = 'wheelhouse'

export class Upstreams {
  private readonly options: UpstreamsOptions
  private readonly events: Announcer<typeof relayEvents>
  private readonly reaper = createProcessReaper()
  private readonly byId = new Map<string, Upstream>()
  private readonly toolsById = new Map<string, Map<string, StoredTool>>()
  private readonly catalogueListeners = new Set<(upstream: Upstream, changed: ReadonlySet<keyof Catalogue>) => void>()
  private readonly notificationListeners = new Set<(upstream: Upstream, message: Message) => void>()
  /** Servers whose place another has taken, while they end. */
  private readonly ending = new Map<string, Promise<unknown>>()
  private builtIn: BuiltInServer | undefined
  private started = false
  /** Rises with every change of what sessions can see. */
  version = 0

  constructor(options: UpstreamsOptions) {
    this.options = options
    this.events = createAnnouncer(options.events, 'relay', relayEvents)
  }

  /** Starts all that are switched on, in the background: a slow one delays nobody. Returns how many there are beside the built-in one. */
  start(builtIn?: BuiltInServer): number {
    this.builtIn = builtIn
    this.started = true
    const { clock, store, oauthClients } = this.options
    // A key that was put back opens what was locked.
    oauthClients.reread()
    const own: UpstreamDefinition[] =
      builtIn === undefined
        ? []
        : [
            {
              id: builtInId,
              name: builtIn.name,
              transport: 'built-in',
              command: null,
              args: [],
              cwd: null,
              url: null,
              env: {},
              headers: {},
              enabled: false,
              createdAt: clock.now(),
            },
          ]
    const others = store.all()
    for (const { definition, locked } of others) this.supervise(locked === null ? this.tidied(definition) : definition, locked)
    for (const definition of own) this.supervise(definition)
    return others.length
  }

  /** Seals what an older version kept in the clear. Returns of how many servers. */
  sealOlder(): number {
    return this.options.store.sealOlder()
  }

  /** Starts the built-in server, which waits for the first session that asks for it. */
  wake(): void {
    const upstream = this.byId.get(builtInId)
    if (upstream !== undefined && !upstream.definition.enabled) this.supervise({ ...upstream.definition, enabled: true })
  }

  async stop(): Promise<void> {
    this.started = false
    await Promise.all([...this.byId.values()].map((upstream) => upstream.stop()))
    this.reaper.stop()
  }

  /** In the order they were added, the built-in one last. */
  all(): Upstream[] {
    const all = [...this.byId.values()]
    const builtIn = this.byId.get(builtInId)
    return builtIn === undefined ? all : [...all.filter((upstream) => upstream !== builtIn), builtIn]
  }

  mayUseBuiltIn(policyBy: string | null, tool: string): boolean {
    return this.builtIn?.mayUse(policyBy, tool) === true
  }

  find(id: string): Upstream | undefined {
    return this.byId.get(id)
  }

  /** Throws `upstream-not-found`. */
  get(id: string): Upstream {
    const upstream = this.byId.get(id)
    if (upstream === undefined) throw new Fault('upstream-not-found', 'There is no such server', { id })
    return upstream
  }

  list(): UpstreamView[] {
    return this.all().map((upstream) => this.view(upstream))
  }

  view(upstream: Upstream): UpstreamView {
    const { env, headers, createdAt, args, url, ...definition } = upstream.definition
    const tools = this.tools(definition.id)
    return {
      ...definition,
      args: shownArgs(upstream.definition),
      url: url === null ? null : shownAddress(url),
      envNames: Object.keys(env).sort(),
      headerNames: Object.keys(headers).sort(),
      state: upstream.state,
      error: upstream.error,
      attempts: upstream.attempts,
      pid: upstream.pid,
      protocol: upstream.protocol,
      signedIn: upstream.isSignedIn,
      latency: upstream.latency,
      tools: tools.length,
      quarantined: tools.filter(isQuarantined).length,
      createdAt: iso(createdAt),
    }
  }

  /** What was given is said back in full, as in `change`. Throws `upstream-taken`, `upstream-invalid`. */
  create(given: NewUpstream, actor: string): UpstreamView {
    this.refuseTaken(given.name, null)
    const definition = withLoginApart({
      id: `up_${randomBase62(12)}`,
      ...{
        name: given.name,
        transport: given.transport,
        command: given.command ?? null,
        args: given.args ?? [],
        cwd: given.cwd ?? null,
        url: given.url ?? null,
      },
      ...{ env: given.env ?? {}, headers: given.headers ?? {}, enabled: given.enabled ?? true, createdAt: this.options.clock.now() },
    })
    this.options.store.put(definition)
    this.audit('upstream-added', definition, actor)
    return { ...this.view(this.supervise(definition)), ...{ args: definition.args, url: definition.url } }
  }

  /** All that a server is run or called with, for who may change it; said in the audit trail. Throws `upstream-not-found`, `upstream-built-in`, `upstream-locked`. */
  reveal(id: string, actor: string): UpstreamSettings {
    const { definition, locked } = this.changeable(id)
    if (locked !== null) throw new Fault('upstream-locked', locked)
    const { command, args, cwd, url, env, headers } = definition
    this.audit('upstream-settings-shown', definition, actor)
    return { command, args, cwd, url, env, headers }
  }

  /** What is left out stays; a running server is started anew when what it runs with changed. Throws `upstream-not-found`, `upstream-taken`, `upstream-invalid`, `upstream-built-in`, `upstream-locked`. */
  async change(id: string, patch: UpstreamPatch, actor: string): Promise<UpstreamView> {
    const upstream = this.changeable(id)
    if (upstream.locked !== null) return this.describe(upstream, patch, actor)
    const before = upstream.definition
    const { env, headers, ...plain } = withoutUndefined(patch)
    const definition = withLoginApart({ ...before, ...plain, env: merged(before.env, env), headers: merged(before.headers, headers) })
    const checked = newUpstream.safeParse(definition)
    if (!checked.success) {
      throw new Fault('upstream-invalid', checked.error.issues.map(({ message }) => message).join('; '), {
        issues: checked.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
      })
    }
    this.refuseTaken(definition.name, id)
    this.options.store.put(definition)
    const successor = await this.replace(upstream, definition)
    this.audit('upstream-changed', definition, actor)
    return {
      ...this.view(successor),
      ...(plain.args === undefined ? {} : { args: plain.args }),
      ...(plain.url === undefined ? {} : { url: plain.url }),
    }
  }

  /** Throws `upstream-not-found`, `upstream-built-in`. */
  async remove(id: string, actor: string): Promise<void> {
    const upstream = this.changeable(id)
    this.byId.delete(id)
    this.toolsById.delete(id)
    this.version += 1
    this.options.oauthClients.forget(id)
    this.options.store.remove(id)
    await upstream.stop()
    this.audit('upstream-removed', upstream.definition, actor)
    this.announce(upstream, new Set(['tools', 'resources', 'resourceTemplates', 'prompts']))
  }

  /** Throws `upstream-not-found`. */
  async restart(id: string, actor: string): Promise<UpstreamView> {
    const upstream = this.get(id)
    // The key of a locked one may have been put back.
    await (upstream.locked === null ? upstream.restart() : this.reread(id))
    this.audit('upstream-restarted', upstream.definition, actor)
    return this.view(this.get(id))
  }

  /** The page on which a person signs in at a remote server. Throws `upstream-not-found`, `sign-in-impossible`, `sign-in-wants-client`. */
  async signIn(id: string, given: GivenClient | undefined): Promise<URL> {
    return this.options.oauthClients.begin(this.get(id).definition, given)
  }

  /** Takes what the browser brought back from that page, and starts the server with it. Throws `sign-in-unknown`, `sign-in-failed`. */
  async signedIn(answer: URLSearchParams): Promise<string> {
    const upstream = this.get(await this.options.oauthClients.finish(answer))
    this.audit('upstream-signed-in', upstream.definition, 'owner')
    if (upstream.definition.enabled) await upstream.restart()
    return upstream.definition.name
  }

  /** Forgets the tokens of a remote server. Throws `upstream-not-found`. */
  async signOut(id: string, actor: string): Promise<UpstreamView> {
    const upstream = this.get(id)
    this.options.oauthClients.of(upstream.definition)?.signOut()
    this.audit('upstream-signed-out', upstream.definition, actor)
    if (upstream.definition.enabled) await upstream.restart()
    return this.view(upstream)
  }

  /** All tools of a server that were ever seen and are still offered. */
  tools(id: string): StoredTool[] {
    const known = this.toolsById.get(id)
    const offered = this.byId.get(id)?.catalogue.tools ?? []
    return offered.flatMap(({ name }) => known?.get(name) ?? [])
  }

  tool(id: string, name: string): StoredTool | undefined {
    return this.toolsById.get(id)?.get(name)
  }

  /** Switches a tool, prices it, or agrees to its changed definition. Throws `upstream-not-found`, `tool-not-found`. */
  changeTool(
    id: string,
    name: string,
    patch: { enabled?: boolean | undefined; price?: number | undefined; approve?: boolean | undefined },
    actor: string,
  ): StoredTool {
    const upstream = this.get(id)
    const before = this.tool(id, name)
    if (before === undefined) throw new Fault('tool-not-found', 'There is no such tool', { name })
    const tool: StoredTool = {
      ...before,
      enabled: patch.enabled ?? before.enabled,
      price: patch.price ?? before.price,
      approvedHash: patch.approve === true ? before.hash : before.approvedHash,
    }
    this.options.store.putTools(id, [tool])
    this.toolsById.get(id)?.set(name, tool)
    this.events.emit({
      type: 'tool-changed',
      subject: `${upstream.definition.name}: ${name}`,
      actor,
      data: { enabled: tool.enabled, price: tool.price, accepted: patch.approve === true },
    })
    this.announce(upstream, new Set(['tools']))
    return tool
  }

  onCatalogue(listener: (upstream: Upstream, changed: ReadonlySet<keyof Catalogue>) => void): void {
    this.catalogueListeners.add(listener)
  }

  onNotification(listener: (upstream: Upstream, message: Message) => void): void {
    this.notificationListeners.add(listener)
  }

  /** An earlier version kept addresses with a name and password as they were given. */
  private tidied(definition: UpstreamDefinition): UpstreamDefinition {
    const tidy = withLoginApart(definition)
    try {
      if (tidy !== definition) this.options.store.put(tidy)
    } catch {
      // Nothing can be written at the moment; the next start is another chance.
    }
    return tidy
  }

  /** Names of the servers whose settings cannot be opened. */
  locked(): string[] {
    return this.all().flatMap(({ definition, locked }) => (locked === null ? [] : [definition.name]))
  }

  /** Gives up what is sealed of those: they stay, switched off, until a person has set them up anew. */
  async giveUpLocked(): Promise<void> {
    for (const { definition, locked } of this.all()) {
      if (locked === null) continue
      this.options.store.empty(definition.id, definition.name)
      await this.reread(definition.id)
    }
  }

  /** Of a locked server only what needs no key can be changed: what is sealed of it must not be lost by the way. */
  private async describe(
    { definition, locked }: Upstream,
    { name = definition.name, enabled = definition.enabled, ...sealed }: UpstreamPatch,
    actor: string,
  ): Promise<UpstreamView> {
    if (Object.values(sealed).some((value) => value !== undefined))
      throw new Fault('upstream-locked', `${locked}. Put the key back, give up what it sealed, or remove the server`)
    this.refuseTaken(name, definition.id)
    this.options.store.describe(definition.id, name, enabled)
    const successor = await this.reread(definition.id)
    this.audit('upstream-changed', successor.definition, actor)
    return this.view(successor)
  }

  private reread(id: string): Promise<Upstream> {
    const stored = this.options.store.find(id)
    if (stored === undefined) throw new Fault('upstream-not-found', 'There is no such server', { id })
    return this.replace(this.get(id), stored.definition, stored.locked)
  }

  private supervise(definition: UpstreamDefinition, locked: string | null = null): Upstream {
    const upstream = this.place(definition, locked)
    this.begin(upstream)
    return upstream
  }

  /** The new one stands in the old one's place at once, so that a further change builds on it; it starts when all before it have ended. */
  private async replace(before: Upstream, definition: UpstreamDefinition, locked: string | null = null): Promise<Upstream> {
    const { id } = definition
    const successor = this.place(definition, locked)
    const ended = Promise.all([this.ending.get(id), before.stop()])
    this.ending.set(id, ended)
    await ended
    if (this.ending.get(id) === ended) this.ending.delete(id)
    if (this.byId.get(id) === successor) this.begin(successor)
    return successor
  }

  private begin(upstream: Upstream): void {
    if (upstream.definition.enabled && this.started && upstream.state === 'disabled') upstream.start()
    else this.options.changed()
  }

  private place(definition: UpstreamDefinition, locked: string | null): Upstream {
    const { clock, store, oauthClients, egress, backOff } = this.options
    const { builtIn } = this
    const previous = this.byId.get(definition.id)
    const upstream = new Upstream({
      definition,
      clock,
      reaper: this.reaper,
      locked,
      oauthClient: oauthClients.of(definition),
      ...(definition.url === null ? {} : { fetch: createEgressFetch(egress, originsOf([definition.url])) }),
      ...(definition.id === builtInId && builtIn !== undefined ? { builtIn: builtIn.connect } : {}),
      ...(backOff === undefined ? {} : { backOff }),
      onState: (changed) => this.stateChanged(changed),
      onCatalogue: (changed, parts) => {
        if (parts.has('tools')) this.learn(changed)
        this.announce(changed, parts)
      },
      onIllegalTransition: ({ definition: { id } }, state, event) =>
        this.options.log.error({ upstream: id, state, event }, 'illegal transition of an upstream'),
      onNotification: (from, message) => {
        for (const listener of this.notificationListeners) listener(from, message)
      },
    })
    // What it offered before a change of its settings stays known until it answers again.
    if (previous !== undefined) upstream.inherit(previous)
    this.version += 1
    this.byId.set(definition.id, upstream)
    this.toolsById.set(definition.id, new Map(store.tools(definition.id).map((tool) => [tool.name, tool])))
    return upstream
  }

  /** Notes new tools as agreed to, since the server was added by a person, and changed ones as not yet. */
  learn(upstream: Upstream, offered: readonly ToolDefinition[] = upstream.catalogue.tools): void {
    const { id, name: server } = upstream.definition
    const known = this.toolsById.get(id)
    if (known === undefined) return
    const changed: StoredTool[] = []
    for (const definition of offered) {
      const hash = hashOf(definition)
      const before = known.get(definition.name)
      if (before?.hash === hash) continue
      const tool: StoredTool =
        before === undefined
          ? { name: definition.name, definition, hash, approvedHash: hash, enabled: true, price: 0, changedAt: this.options.clock.now() }
          : { ...before, definition, hash, changedAt: this.options.clock.now() }
      // What is built in changes with the program a person installed.
      if (id === builtInId) tool.approvedHash = hash
      changed.push(tool)
      known.set(tool.name, tool)
      if (isQuarantined(tool)) {
        this.events.emit({
          type: 'tool-quarantined',
          subject: `${server}: ${tool.name}`,
          data: { upstream: server },
        })
      }
    }
    if (changed.length > 0) this.options.store.putTools(id, changed)
  }

  private announce(upstream: Upstream, changed: ReadonlySet<keyof Catalogue>): void {
    this.version += 1
    this.options.changed()
    for (const listener of this.catalogueListeners) listener(upstream, changed)
  }

  private stateChanged(upstream: Upstream): void {
    this.version += 1
    const { definition, state, error } = upstream
    if (state === 'failed')
      this.events.emit({
        type: 'upstream-failed',
        subject: definition.name,
        data: { reason: (error ?? '').slice(0, 200) },
      })
    if (state === 'ready' && upstream.attempts > 0)
      this.events.emit({
        type: 'upstream-recovered',
        subject: definition.name,
      })
    this.options.changed()
  }

  private changeable(id: string): Upstream {
    const upstream = this.get(id)
    if (id === builtInId) throw new Fault('upstream-built-in', 'The built-in server cannot be changed or removed')
    return upstream
  }

  private refuseTaken(name: string, id: string | null): void {
    const holder = this.all().find(({ definition }) => definition.name.toLowerCase() === name.toLowerCase())
    if (holder !== undefined && holder.definition.id !== id)
      throw new Fault('upstream-taken', 'Another server has this name', { field: 'name' })
  }

  private audit(type: AuditedChange, { name, transport }: UpstreamDefinition, actor: string): void {
    this.events.emit({ type, subject: name, actor, data: { transport } })
    this.options.changed()
  }
}

export function isQuarantined({ hash, approvedHash }: StoredTool): boolean {
  return hash !== approvedHash
}

/** The same for the same definition, in whatever order the server writes its fields. */
function hashOf(definition: ToolDefinition): string {
  return createHash('sha256').update(JSON.stringify(definition, sortedKeys)).digest('base64url')
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function merged(before: Record<string, string>, patch: Record<string, string | null> | undefined): Record<string, string> {
  const entries = Object.entries({ ...before, ...patch })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}

/** The type that says a value may be left out also lets it be undefined; spread over a definition that would erase a field. */
function withoutUndefined<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  // Entries of undefined are gone, which is what the type says.
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>
  }
}
