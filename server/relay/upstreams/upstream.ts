/** One MCP server under supervision: what is seen of it, and what is asked of it. */
import type { ServerCapabilities } from '@modelcontextprotocol/client'
import type { StartProgressView } from '../contract/start-progress.ts'
import type { UpstreamState } from '../contract/upstream.ts'
import type { CallOptions } from './callers.ts'
import type { Catalogue, CataloguePart, ListStanding } from './catalogue.ts'
import type { Json, Message } from './connection.ts'
import type { UpstreamDefinition } from './definition.ts'
import type { UpstreamEvent } from './lifecycle.ts'
import type { ToolDefinition } from './store.ts'
import type { UpstreamClients } from './upstream-clients.ts'
import type { LogLine } from './upstream-log.ts'
import { UpstreamParts, type UpstreamGiven } from './upstream-parts.ts'

/** The hooks are those of its parts, told which server it is. */
export interface UpstreamOptions extends UpstreamGiven {
  onState(upstream: Upstream): void
  onCatalogue(upstream: Upstream, changed: ReadonlySet<CataloguePart>): void
  onOwnTools(upstream: Upstream, tools: readonly ToolDefinition[]): void
  onOwn(upstream: Upstream): void
  onNotification(upstream: Upstream, message: Message): void
  onProgress(upstream: Upstream, installs: boolean): void
  onIllegalTransition(upstream: Upstream, state: UpstreamState, event: UpstreamEvent): void
}

export class Upstream {
  readonly definition: UpstreamDefinition
  /** Why its settings cannot be opened; null when they can. */
  readonly locked: string | null
  /** Those that it serves. */
  readonly clients: UpstreamClients
  readonly #options: UpstreamOptions
  readonly #parts: UpstreamParts
  #cancelled = false
  /** The last stop. */
  #ended: Promise<void> = Promise.resolve()

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.definition = options.definition
    this.locked = options.locked ?? null
    this.#parts = new UpstreamParts(options, {
      onState: () => options.onState(this),
      onCatalogue: (changed) => options.onCatalogue(this, changed),
      onOwnTools: (tools) => options.onOwnTools(this, tools),
      onOwn: () => options.onOwn(this),
      onNotification: (message) => options.onNotification(this, message),
      onProgress: (installs) => options.onProgress(this, installs),
      onIllegalTransition: (state, event) => options.onIllegalTransition(this, state, event),
      error: () => this.error,
    })
    this.clients = this.#parts.clients
  }

  get state(): UpstreamState {
    return this.#parts.life.state
  }
  get error(): string | null {
    return this.#parts.life.error ?? (this.#cancelled && this.state === 'disabled' ? 'Its start was cancelled' : null)
  }
  /** What a person can do about it; null when nobody needs to. */
  get remedy(): string | null {
    return this.#parts.life.remedy
  }
  get attempts(): number {
    return this.#parts.life.attempts
  }
  /** When it is tried again by itself, ms since the epoch. */
  get nextTry(): number | null {
    return this.#parts.life.nextTry
  }
  /** How far it has come; null when it is not being started. */
  get progress(): StartProgressView | null {
    return this.state === 'starting' ? this.#parts.starting.view : null
  }
  get startingFor(): number {
    return this.#parts.life.startingFor
  }
  get catalogue(): Catalogue {
    return this.#parts.offer.catalogue
  }
  get capabilities(): ServerCapabilities {
    return this.#parts.offer.capabilities
  }
  get instructions(): string | undefined {
    return this.#parts.offer.instructions
  }
  get listedTwice(): string[] {
    return this.#parts.offer.listedTwice
  }
  get pid(): number | null {
    return this.#parts.shared.current?.pid ?? null
  }
  get protocol(): string | null {
    return this.#parts.shared.current?.protocol ?? null
  }
  get isModern(): boolean {
    return (this.#parts.shared.current?.era ?? this.#options.eras.known) === 'modern'
  }
  get latency(): number | null {
    return this.#parts.shared.latency
  }
  get isSignedIn(): boolean {
    return this.#options.oauthClient?.isSignedIn === true
  }
  get log(): readonly LogLine[] {
    return this.#parts.log.lines
  }

  /** How much of what it lists is known. */
  get lists(): Record<CataloguePart, ListStanding> {
    return this.#parts.offer.lists
  }

  /** Starts it in the background; a failure is a state. */
  start(): void {
    this.#cancelled = false
    this.#parts.life.start()
  }

  /** The machine slept, or its network is another one. */
  woken(): void {
    this.#parts.life.woken()
  }

  /** Somebody lists what it offers: one that is away is tried. */
  wanted(): void {
    this.#parts.life.wanted()
  }

  /** Resolves when all its connections have ended. */
  stop(): Promise<void> {
    this.#parts.life.stop()
    this.#parts.offer.stop()
    this.#ended = Promise.all([this.#parts.shared.close(new Error('The server was stopped')), this.clients.end()]).then(() => undefined)
    return this.#ended
  }

  /** Gives up a start: it stays off until somebody, or the next start of the program, starts it. */
  cancelStart(): Promise<void> {
    this.#cancelled = true
    return this.stop()
  }

  async restart(): Promise<void> {
    const ended = this.stop()
    await ended
    // Whoever stopped it meanwhile wants it stopped, or starts it as well: two starts would leave a process that nobody ends.
    if (this.#ended === ended) this.start()
  }

  /** Resolves when a start under way, or the next try of a server that is away, has ended, well or not. */
  settled(): Promise<void> {
    return this.#parts.shared.settled()
  }

  /** What the one before it offered stays known until it answers itself. */
  inherit(previous: Upstream): void {
    this.#parts.offer.inherit(previous.#parts.offer)
    const [now, before] = [this.definition, previous.definition]
    if (now.command === before.command && now.url === before.url && now.args.join('\0') === before.args.join('\0'))
      this.clients.inherit(previous.clients)
  }

  /** One request, over its caller's own connection or the shared one. Throws `upstream-unavailable`, and what the server answers. */
  request(message: Message, options: CallOptions = {}): Promise<Json> {
    const { caller } = options
    return caller === undefined ? this.#parts.shared.request(message, options) : this.clients.request(caller, message, options)
  }

  /** Tells it from which level on its clients want to hear what it logs. */
  tellLogLevel(): Promise<void> {
    return this.#parts.logLevel.tell()
  }

  /** From which level on those hear it that have not said; undefined for all it says. */
  get unaskedLogLevel(): string | undefined {
    return this.#parts.logLevel.unasked
  }

  watch(uri: string): Promise<void> {
    return this.#parts.watches.watch(uri)
  }

  unwatch(uri: string): Promise<void> {
    return this.#parts.watches.unwatch(uri)
  }
}
