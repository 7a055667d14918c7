/**
 * One MCP server under supervision: its life, the connections to it, and what it offers, each in a file of its own and put together here.
 */
import type { ServerCapabilities } from '@modelcontextprotocol/client'
import type { Clock } from '../../clock.ts'
import type { Fault } from '../../fault.ts'
import { RelayFault } from '../fault.ts'
import { escape, type Scope } from '../../isolation.ts'
import type { StartProgressView } from '../contract/start-progress.ts'
import type { UpstreamState } from '../contract/upstream.ts'
import type { OAuthClient } from '../oauth/oauth-client.ts'
import { changedParts, Offer, type Catalogue, type CataloguePart, type ListStanding } from './catalogue.ts'
import type { Json, Message, UpstreamConnectionOptions } from './connection.ts'
import type { CallOptions } from './callers.ts'
import type { ProcessBudget } from './process-budget.ts'
import type { ToolDefinition } from './store.ts'
import type { UpstreamDefinition } from './definition.ts'
import type { EraMemory } from './era.ts'
import { isInsufficientScope } from './errors.ts'
import { backOff, signInNeeded, UpstreamLife } from './life.ts'
import type { UpstreamEvent } from './lifecycle.ts'
import { ToldLevel } from './log-wishes.ts'
import { StartWatch } from './progress.ts'
import { ResourceWatches } from './resource-watches.ts'
import { SharedConnection, type Reach } from './shared-connection.ts'
import { redactor } from './shown-settings.ts'
import { UpstreamClients } from './upstream-clients.ts'
import { UpstreamLog, type LogLine } from './upstream-log.ts'

export interface UpstreamOptions {
  definition: UpstreamDefinition
  clock: Clock
  reaper: UpstreamConnectionOptions['reaper']
  builtIn?: UpstreamConnectionOptions['builtIn']
  /** Sign-in at a remote server. */
  oauthClient?: OAuthClient | undefined
  /** For a remote server. */
  fetch?: typeof fetch | undefined
  /** The protocol era it was found to speak. */
  eras: EraMemory
  backOff?: readonly number[]
  /** The lowest level from which on one of its clients wants to hear what it logs. */
  logLevel?(): string | undefined
  /** For connections of clients' own, of all servers together. */
  budget: ProcessBudget
  /** Why its settings cannot be opened: it cannot be started then. */
  locked?: string | null
  onState(upstream: Upstream): void
  /** After every successful start and every announced change. */
  onCatalogue(upstream: Upstream, changed: ReadonlySet<CataloguePart>): void
  /** Tools that it lists on a connection of a client's own. */
  onOwnTools(upstream: Upstream, tools: readonly ToolDefinition[]): void
  /** A connection of a client's own was opened or has ended. */
  onOwn(upstream: Upstream): void
  /** What comes over the shared connection: log lines, updated resources. */
  onNotification(upstream: Upstream, message: Message): void
  /** Its start has come further; `installs` the first time that something has to be fetched for it. */
  onProgress(upstream: Upstream, installs: boolean): void
  /** A defect of ours: an event that its life has no place for. */
  onIllegalTransition(upstream: Upstream, state: UpstreamState, event: UpstreamEvent): void
}

export class Upstream {
  readonly definition: UpstreamDefinition
  /** Why its settings cannot be opened; null when they can. */
  readonly locked: string | null
  /** Those that it serves. */
  readonly clients: UpstreamClients
  readonly #options: UpstreamOptions
  readonly #log: UpstreamLog
  readonly #redacted: (text: string) => string
  readonly #life: UpstreamLife
  readonly #shared: SharedConnection
  readonly #offer: Offer
  readonly #watches: ResourceWatches
  readonly #starting: StartWatch
  #cancelled = false
  readonly #logLevel: ToldLevel
  /** The last stop. */
  #ended: Promise<void> = Promise.resolve()

  constructor(options: UpstreamOptions) {
    const { definition, clock, locked = null, oauthClient } = options
    this.#options = options
    this.definition = definition
    this.locked = locked
    this.#redacted = redactor(definition)
    this.#log = new UpstreamLog(clock, this.#redacted)
    const note = (text: string): void => this.#log.note(text)
    this.#starting = new StartWatch({
      ...{ command: definition.command, clock, redacted: this.#redacted },
      onProgress: (installs) => void (this.state === 'starting' && options.onProgress(this, installs)),
    })
    this.#life = new UpstreamLife({
      clock,
      backOff: options.backOff ?? backOff,
      remote: definition.url !== null,
      locked,
      needsPerson: () => oauthClient?.needsPerson === true,
      redacted: this.#redacted,
      note,
      connect: () => this.#shared.begin(),
      onState: () => {
        if (this.state === 'starting') this.#starting.begin()
        options.onState(this)
      },
      onIllegal: (state, event) => options.onIllegalTransition(this, state, event),
    })
    this.#offer = new Offer({
      listTimeout: () => definition.options.listTimeout * 1_000,
      isCurrent: (connection) => this.#shared.current === connection,
      onChange: (parts) => {
        if (parts.has('tools')) this.clients.listed(this.catalogue.tools)
        options.onCatalogue(this, parts)
      },
      note,
    })
    this.clients = new UpstreamClients({
      ...{ definition, clock, budget: options.budget, asksNobody: options.builtIn !== undefined, note },
      shared: () => this.#shared,
      mayBeModern: () => options.eras.known === 'modern',
      tools: () => this.catalogue.tools,
      reach: (signal) => this.#reach(signal),
      stopped: () => this.#life.stopped,
      onOwnTools: (tools) => options.onOwnTools(this, tools),
      onOwn: () => options.onOwn(this),
    })
    const scope: Scope = { room: 'relay', kind: 'upstream', id: definition.id, escaped: (_, reason) => this.#escaped(reason) }
    this.#shared = new SharedConnection({
      life: this.#life,
      reached: {
        remote: definition.url !== null,
        authorized: Object.keys(definition.headers).some((name) => name.toLowerCase() === 'authorization'),
      },
      scope,
      reach: (signal) => this.#reach(signal),
      onStart: () => oauthClient?.tryAgain(),
      plainKnown: () => this.clients.plainKnown,
      questions: this.clients.questions,
      onOpen: (connection) => {
        this.#starting.listing()
        return this.#offer.readAll(connection)
      },
      onReady: (connection) => {
        void this.#logLevel.tell()
        return this.#watches.renew(connection)
      },
      onNotification: (message) => this.#onNotification(message),
      onRequestError: (error) => {
        if (isInsufficientScope(error)) oauthClient?.needsScope(error.requiredScope)
        return oauthClient?.needsPerson === true ? signInNeeded : null
      },
      unavailable: (cause) => this.#unavailable(cause),
    })
    const shared = { connection: () => this.#shared.current, request: (message: Message) => this.request(message), note }
    this.#watches = new ResourceWatches(shared)
    this.#logLevel = new ToldLevel({ ...shared, lowest: () => options.logLevel?.() })
  }

  get state(): UpstreamState {
    return this.#life.state
  }
  get error(): string | null {
    return this.#life.error ?? (this.#cancelled && this.state === 'disabled' ? 'Its start was cancelled' : null)
  }
  /** What a person can do about it; null when nobody needs to. */
  get remedy(): string | null {
    return this.#life.remedy
  }
  get attempts(): number {
    return this.#life.attempts
  }
  /** When it is tried again by itself, ms since the epoch. */
  get nextTry(): number | null {
    return this.#life.nextTry
  }
  /** How far it has come; null when it is not being started. */
  get progress(): StartProgressView | null {
    return this.state === 'starting' ? this.#starting.view : null
  }
  get startingFor(): number {
    return this.#life.startingFor
  }
  get catalogue(): Catalogue {
    return this.#offer.catalogue
  }
  get capabilities(): ServerCapabilities {
    return this.#offer.capabilities
  }
  get instructions(): string | undefined {
    return this.#offer.instructions
  }
  get listedTwice(): string[] {
    return this.#offer.listedTwice
  }
  get pid(): number | null {
    return this.#shared.current?.pid ?? null
  }
  get protocol(): string | null {
    return this.#shared.current?.protocol ?? null
  }
  get isModern(): boolean {
    return (this.#shared.current?.era ?? this.#options.eras.known) === 'modern'
  }
  get latency(): number | null {
    return this.#shared.latency
  }
  get isSignedIn(): boolean {
    return this.#options.oauthClient?.isSignedIn === true
  }
  get log(): readonly LogLine[] {
    return this.#log.lines
  }

  /** How much of what it lists is known. */
  get lists(): Record<CataloguePart, ListStanding> {
    return this.#offer.lists
  }

  /** Starts it in the background; a failure is a state. */
  start(): void {
    this.#cancelled = false
    this.#life.start()
  }

  /** The machine slept, or its network is another one. */
  woken(): void {
    this.#life.woken()
  }

  /** Somebody lists what it offers: one that is away is tried. */
  wanted(): void {
    this.#life.wanted()
  }

  /** Resolves when all its connections have ended. */
  stop(): Promise<void> {
    this.#life.stop()
    this.#offer.stop()
    this.#ended = Promise.all([this.#shared.close(new Error('The server was stopped')), this.clients.end()]).then(() => undefined)
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
    return this.#shared.settled()
  }

  /** What the one before it offered stays known until it answers itself. */
  inherit(previous: Upstream): void {
    this.#offer.inherit(previous.#offer)
    const [now, before] = [this.definition, previous.definition]
    if (now.command === before.command && now.url === before.url && now.args.join('\0') === before.args.join('\0'))
      this.clients.inherit(previous.clients)
  }

  /** One request, over its caller's own connection or the shared one. Throws `upstream-unavailable`, and what the server answers. */
  request(message: Message, options: CallOptions = {}): Promise<Json> {
    const { caller } = options
    return caller === undefined ? this.#shared.request(message, options) : this.clients.request(caller, message, options)
  }

  /** Tells it from which level on its clients want to hear what it logs. */
  tellLogLevel(): Promise<void> {
    return this.#logLevel.tell()
  }

  /** From which level on those hear it that have not said; undefined for all it says. */
  get unaskedLogLevel(): string | undefined {
    return this.#logLevel.unasked
  }

  watch(uri: string): Promise<void> {
    return this.#watches.watch(uri)
  }

  unwatch(uri: string): Promise<void> {
    return this.#watches.unwatch(uri)
  }

  #reach(signal: AbortSignal): Reach {
    const { definition, reaper, builtIn, oauthClient, fetch, eras } = this.#options
    return {
      definition,
      auth: oauthClient?.background,
      fetch: fetch === undefined ? undefined : (oauthClient?.noting(fetch) ?? fetch),
      reaper,
      ...(builtIn === undefined ? {} : { builtIn }),
      eras,
      signal,
      onAgain: () => oauthClient?.tryAgain(),
      redacted: this.#redacted,
      onLog: (line) => {
        if (this.#starting.hear(line)) this.#log.note(line)
      },
    }
  }

  #onNotification(message: Message): void {
    const parts = changedParts(message.method)
    const connection = this.#shared.current
    if (parts === undefined) this.#options.onNotification(this, message)
    else if (connection !== undefined) this.#offer.read(connection, parts).catch(escape)
  }

  /** Its connection is of no more use, and it alone is started again. */
  #escaped(reason: string): void {
    const words = `It caused an error here: ${reason}`
    this.#life.countEscape()
    if (!this.#shared.escaped(words)) this.#log.note(words)
  }

  #unavailable(cause?: unknown): Fault {
    const { name } = this.definition
    const { error, remedy, state } = this
    const otherwise =
      state === 'disabled' ? 'it is switched off' : state === 'starting' ? 'it is still starting' : 'it could not be started'
    return new RelayFault(
      'upstream-unavailable',
      `The server ${name} is not available: ${error ?? otherwise}${remedy === null ? '' : `. ${remedy}`}`,
      { upstream: name },
      cause === undefined ? {} : { cause },
    )
  }
}
