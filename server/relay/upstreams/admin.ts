/**
 * What a person with the right to manage does with servers: adds, changes and removes them, signs in at them, decides about their tools.
 */
import { iso, type Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import { RelayFault } from '../fault.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { CatalogueServer, RelayTool } from '../contract/native-servers.ts'
import type { NewUpstream, UpstreamPatch, UpstreamSettings, UpstreamView } from '../contract/upstream.ts'
import { defaultOptions, withOptions } from '../contract/upstream-options.ts'
import type { relayEvents } from '../events.ts'
import type { GivenClient } from '../oauth/oauth-client.ts'
import type { OAuthClients } from '../oauth/oauth-clients.ts'
import { builtInId, runsOtherwise, withLoginApart, type UpstreamDefinition } from './definition.ts'
import { acceptedServers, type Accepted } from './import.ts'
import { patched, refuseUnknownArguments } from './patched.ts'
import type { UpstreamStore } from './store.ts'
import type { ToolPatch } from './tools.ts'
import type { Upstream } from './upstream.ts'
import type { Upstreams } from './upstreams.ts'
import { catalogueOf, toolViewOf, viewOf } from './view.ts'

export interface UpstreamAdminOptions {
  upstreams: Upstreams
  store: UpstreamStore
  oauthClients: OAuthClients
  clock: Clock
  events: Announcer<typeof relayEvents>
  changed(): void
}

/** One that is given, or that another part of the room makes. */
type GivenServer = Omit<NewUpstream, 'transport'> & { transport: NewUpstream['transport'] | 'openapi' }

type OfItself = 'upstream-failed' | 'upstream-recovered' | 'upstream-installing'
type AuditedChange = Exclude<Extract<keyof typeof relayEvents, `upstream-${string}`>, OfItself>

export class UpstreamAdmin {
  readonly #options: UpstreamAdminOptions

  constructor(options: UpstreamAdminOptions) {
    this.#options = options
  }

  list(): UpstreamView[] {
    return this.#options.upstreams.all().map((upstream) => this.view(upstream))
  }

  view(upstream: Upstream): UpstreamView {
    return viewOf(upstream, this.#options.upstreams.tools)
  }

  /** All of them with their tools; `calls` counts those of this month. */
  catalogue(calls: (server: string, tool: string) => number): CatalogueServer[] {
    const { upstreams } = this.#options
    upstreams.wake()
    return upstreams.all().map((upstream) => catalogueOf(upstream, upstreams, calls))
  }

  /** What a server wrote lately, oldest first. Throws `upstream-not-found`. */
  log(id: string): { at: string; text: string }[] {
    return this.#options.upstreams.get(id).log.map(({ at, text }) => ({ at: iso(at), text }))
  }

  /** What was given is said back in full, as in `change`; `alongside` keeps what belongs to it. Throws `upstream-taken`. */
  create(
    { name, transport, command, args, cwd, url, env, headers, enabled, options }: GivenServer,
    actor: string,
    alongside?: (id: string) => void,
  ): UpstreamView {
    const { upstreams, store, clock } = this.#options
    this.#refuseTaken(name, null)
    const definition = withLoginApart({
      id: `up_${randomBase62(12)}`,
      ...{ name, transport, command: command ?? null, args: args ?? [], cwd: cwd ?? null, url: url ?? null },
      ...{
        env: env ?? {},
        headers: headers ?? {},
        enabled: enabled ?? true,
        options: withOptions(defaultOptions, options),
        createdAt: clock.now(),
      },
    })
    store.put(definition, alongside)
    this.#audit('upstream-added', definition, actor)
    return { ...this.view(upstreams.add(definition)), args: definition.args, url: definition.url }
  }

  /** Takes servers over from another client's configuration: all or none. Throws `config-invalid`, `consent-differs`, `upstream-taken`. */
  import(text: string, accepted: readonly Accepted[], actor: string): UpstreamView[] {
    const taken = this.#options.upstreams.all().map(({ definition }) => definition.name)
    return acceptedServers(text, accepted, taken).map((definition) => this.create(definition, actor))
  }

  /**
   * All that a server is run or called with, for who may change it; said in the audit trail. Throws `upstream-not-found`,
   * `upstream-built-in`, `upstream-locked`.
   */
  reveal(id: string, actor: string): UpstreamSettings {
    const { definition, locked } = this.#changeable(id)
    if (locked !== null) throw new RelayFault('upstream-locked', locked)
    const { command, args, cwd, url, env, headers } = definition
    this.#audit('upstream-settings-shown', definition, actor)
    return { command, args, cwd, url, env, headers }
  }

  /**
   * What is left out stays; a running server is started anew when what it runs with changed. Throws `upstream-not-found`, `upstream-taken`,
   * `upstream-invalid`, `upstream-built-in`, `upstream-locked`.
   */
  async change(id: string, patch: UpstreamPatch, actor: string): Promise<UpstreamView> {
    const { upstreams, store } = this.#options
    const upstream = this.#changeable(id)
    if (upstream.locked !== null) return this.#changeLocked(upstream, patch, actor)
    const definition = patched(upstream.definition, patch)
    this.#refuseTaken(definition.name, id)
    // Another program, or another address, may speak another revision.
    store.put(definition, runsOtherwise(upstream.definition, definition) ? () => store.keepEra(id, null) : undefined)
    const successor = await upstreams.replace(upstream, definition)
    this.#audit('upstream-changed', definition, actor)
    return {
      ...this.view(successor),
      ...(patch.args === undefined ? {} : { args: patch.args }),
      ...(patch.url === undefined ? {} : { url: patch.url }),
    }
  }

  /** Starts a server anew with what `keep` keeps of it elsewhere. Throws `upstream-not-found`, `upstream-built-in`. */
  async reconnect(id: string, actor: string, keep: () => void): Promise<UpstreamView> {
    const upstream = this.#changeable(id)
    keep()
    const successor = await this.#options.upstreams.replace(upstream, upstream.definition, upstream.locked)
    this.#audit('upstream-changed', upstream.definition, actor)
    return this.view(successor)
  }

  /** Throws `upstream-not-found`, `upstream-built-in`. */
  async remove(id: string, actor: string): Promise<void> {
    const { upstreams, store, oauthClients } = this.#options
    const upstream = this.#changeable(id)
    // Its grants go with it.
    store.remove(id)
    const ended = upstreams.remove(id)
    oauthClients.forget(id)
    await ended
    this.#audit('upstream-removed', upstream.definition, actor)
    upstreams.announce(upstream)
  }

  /** Ends a connection that a client or session has for itself. Throws `upstream-not-found`, `own-process-not-found`. */
  async endOwn(id: string, process: string, actor: string): Promise<UpstreamView> {
    const upstream = this.#options.upstreams.get(id)
    if (!(await upstream.clients.endOne(process))) throw new RelayFault('own-process-not-found', 'It has ended already', { id: process })
    this.#options.events.emit({ type: 'upstream-process-ended', subject: upstream.definition.name, actor, data: { process } })
    return this.view(upstream)
  }

  /** Throws `upstream-not-found`. */
  async restart(id: string, actor: string): Promise<UpstreamView> {
    const { upstreams } = this.#options
    const upstream = upstreams.get(id)
    // The key of a locked one may have been put back.
    await (upstream.locked === null ? upstream.restart() : this.#reread(id))
    this.#audit('upstream-restarted', upstream.definition, actor)
    return this.view(upstreams.get(id))
  }

  /** Gives up a start under way, or one that is to be tried again. Throws `upstream-not-found`, `upstream-not-starting`. */
  async cancelStart(id: string, actor: string): Promise<UpstreamView> {
    const upstream = this.#options.upstreams.get(id)
    if (upstream.state !== 'starting' && upstream.state !== 'retrying')
      throw new RelayFault('upstream-not-starting', 'The server is not being started', { state: upstream.state })
    await upstream.cancelStart()
    this.#audit('upstream-start-cancelled', upstream.definition, actor)
    return this.view(upstream)
  }

  /** The page on which a person signs in at a remote server. Throws `upstream-not-found`, `sign-in-impossible`, `sign-in-wants-client`. */
  async signIn(id: string, given: GivenClient | undefined): Promise<URL> {
    const { upstreams, oauthClients } = this.#options
    return oauthClients.begin(upstreams.get(id).definition, given)
  }

  /** Takes what the browser brought back from that page, and starts the server with it. Throws `sign-in-unknown`, `sign-in-failed`. */
  async signedIn(answer: URLSearchParams): Promise<string> {
    const { upstreams, oauthClients } = this.#options
    const upstream = upstreams.get(await oauthClients.finish(answer))
    this.#audit('upstream-signed-in', upstream.definition, 'owner')
    if (upstream.definition.enabled) await upstream.restart()
    return upstream.definition.name
  }

  /** Forgets the tokens of a remote server. Throws `upstream-not-found`. */
  async signOut(id: string, actor: string): Promise<UpstreamView> {
    const upstream = this.#options.upstreams.get(id)
    this.#options.oauthClients.of(upstream.definition)?.signOut()
    this.#audit('upstream-signed-out', upstream.definition, actor)
    if (upstream.definition.enabled) await upstream.restart()
    return this.view(upstream)
  }

  /**
   * Switches a tool, prices it, agrees to its changed definition, or adds to it. Throws `upstream-not-found`, `tool-not-found`,
   * `argument-unknown`.
   */
  changeTool(id: string, name: string, patch: ToolPatch, actor: string): RelayTool {
    const { upstreams } = this.#options
    const upstream = upstreams.get(id)
    refuseUnknownArguments(upstreams.tools.find(id, name), patch.handling)
    const tool = upstreams.tools.change(upstream.definition, name, patch, actor)
    upstreams.announce(upstream, new Set(['tools']))
    return toolViewOf(tool, 0)
  }

  /** Names of the servers whose settings cannot be opened. */
  locked(): string[] {
    return this.#options.upstreams.all().flatMap(({ definition, locked }) => (locked === null ? [] : [definition.name]))
  }

  /** Gives up what is sealed of those: they stay, switched off, until a person has set them up anew. */
  async giveUpLocked(): Promise<void> {
    const { upstreams, store } = this.#options
    for (const { definition, locked } of upstreams.all()) {
      if (locked === null) continue
      store.empty(definition)
      await this.#reread(definition.id)
    }
  }

  /** Of a locked server only what needs no key can be changed: what is sealed of it must not be lost by the way. */
  async #changeLocked(
    { definition, locked }: Upstream,
    { name = definition.name, enabled = definition.enabled, options, ...sealed }: UpstreamPatch,
    actor: string,
  ): Promise<UpstreamView> {
    if (Object.values(sealed).some((value) => value !== undefined))
      throw new RelayFault('upstream-locked', `${locked}. Put the key back, give up what it sealed, or remove the server`)
    this.#refuseTaken(name, definition.id)
    this.#options.store.describe({ id: definition.id, name, enabled, options: withOptions(definition.options, options) })
    const successor = await this.#reread(definition.id)
    this.#audit('upstream-changed', successor.definition, actor)
    return this.view(successor)
  }

  #reread(id: string): Promise<Upstream> {
    const { upstreams, store } = this.#options
    const stored = store.find(id)
    if (stored === undefined) throw new RelayFault('upstream-not-found', 'There is no such server', { id })
    return upstreams.replace(upstreams.get(id), stored.definition, stored.locked)
  }

  #changeable(id: string): Upstream {
    const upstream = this.#options.upstreams.get(id)
    if (id === builtInId) throw new RelayFault('upstream-built-in', 'The built-in server cannot be changed or removed')
    return upstream
  }

  #refuseTaken(name: string, id: string | null): void {
    const holder = this.#options.upstreams.all().find(({ definition }) => definition.name.toLowerCase() === name.toLowerCase())
    if (holder !== undefined && holder.definition.id !== id)
      throw new RelayFault('upstream-taken', 'Another server has this name', { field: 'name' })
  }

  #audit(type: AuditedChange, { name, transport }: UpstreamDefinition, actor: string): void {
    this.#options.events.emit({ type, subject: name, actor, data: { transport } })
    this.#options.changed()
  }
}
