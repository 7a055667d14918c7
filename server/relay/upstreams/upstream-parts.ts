/** What one MCP server under supervision is made of, and what these parts say to each other. */
import type { Clock } from '../../clock.ts'
import type { Fault } from '../../fault.ts'
import { escape, type Scope } from '../../isolation.ts'
import type { UpstreamState } from '../contract/upstream.ts'
import { RelayFault } from '../fault.ts'
import type { OAuthClient } from '../oauth/oauth-client.ts'
import { changedParts, Offer, type CataloguePart } from './catalogue.ts'
import type { Message, UpstreamConnectionOptions } from './connection.ts'
import type { UpstreamDefinition } from './definition.ts'
import type { EraMemory } from './era.ts'
import { isInsufficientScope } from './errors.ts'
import { backOff, signInNeeded, UpstreamLife } from './life.ts'
import type { UpstreamEvent } from './lifecycle.ts'
import { ToldLevel } from './log-wishes.ts'
import type { ProcessBudget } from './process-budget.ts'
import { StartWatch } from './progress.ts'
import { ResourceWatches } from './resource-watches.ts'
import { SharedConnection, type Reach } from './shared-connection.ts'
import { redactor } from './shown-settings.ts'
import type { ToolDefinition } from './store.ts'
import { UpstreamClients } from './upstream-clients.ts'
import { UpstreamLog } from './upstream-log.ts'

export interface UpstreamGiven {
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
}

export interface UpstreamHooks {
  onState(): void
  /** After every successful start and every announced change. */
  onCatalogue(changed: ReadonlySet<CataloguePart>): void
  /** Tools that it lists on a connection of a client's own. */
  onOwnTools(tools: readonly ToolDefinition[]): void
  /** A connection of a client's own was opened or has ended. */
  onOwn(): void
  /** What comes over the shared connection: log lines, updated resources. */
  onNotification(message: Message): void
  /** Its start has come further; `installs` the first time that something has to be fetched for it. */
  onProgress(installs: boolean): void
  /** A defect of ours: an event that its life has no place for. */
  onIllegalTransition(state: UpstreamState, event: UpstreamEvent): void
  /** Why it is not ready, in the words that its view has. */
  error(): string | null
}

export class UpstreamParts {
  readonly log: UpstreamLog
  readonly life: UpstreamLife
  readonly shared: SharedConnection
  readonly offer: Offer
  readonly clients: UpstreamClients
  readonly watches: ResourceWatches
  readonly starting: StartWatch
  readonly logLevel: ToldLevel
  readonly #given: UpstreamGiven
  readonly #hooks: UpstreamHooks
  readonly #redacted: (text: string) => string

  constructor(given: UpstreamGiven, hooks: UpstreamHooks) {
    this.#given = given
    this.#hooks = hooks
    const { definition, clock, locked = null, oauthClient } = given
    this.#redacted = redactor(definition)
    this.log = new UpstreamLog(clock, this.#redacted)
    const note = (text: string): void => this.log.note(text)
    this.starting = new StartWatch({
      ...{ command: definition.command, clock, redacted: this.#redacted },
      onProgress: (installs) => void (this.life.state === 'starting' && hooks.onProgress(installs)),
    })
    this.life = new UpstreamLife({
      clock,
      backOff: given.backOff ?? backOff,
      remote: definition.url !== null,
      locked,
      needsPerson: () => oauthClient?.needsPerson === true,
      redacted: this.#redacted,
      note,
      connect: () => this.shared.begin(),
      onState: () => {
        if (this.life.state === 'starting') this.starting.begin()
        hooks.onState()
      },
      onIllegal: (state, event) => hooks.onIllegalTransition(state, event),
    })
    this.offer = new Offer({
      listTimeout: () => definition.options.listTimeout * 1_000,
      isCurrent: (connection) => this.shared.current === connection,
      onChange: (parts) => {
        if (parts.has('tools')) this.clients.listed(this.offer.catalogue.tools)
        hooks.onCatalogue(parts)
      },
      note,
    })
    this.clients = new UpstreamClients({
      ...{ definition, clock, budget: given.budget, asksNobody: given.builtIn !== undefined, note },
      shared: () => this.shared,
      mayBeModern: () => given.eras.known === 'modern',
      tools: () => this.offer.catalogue.tools,
      reach: (signal) => this.#reach(signal),
      stopped: () => this.life.stopped,
      onOwnTools: (tools) => hooks.onOwnTools(tools),
      onOwn: () => hooks.onOwn(),
      onLog: (message) => hooks.onNotification(message),
    })
    const scope: Scope = { room: 'relay', kind: 'upstream', id: definition.id, escaped: (_, reason) => this.#escaped(reason) }
    this.shared = new SharedConnection({
      life: this.life,
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
        this.starting.listing()
        return this.offer.readAll(connection)
      },
      onReady: (connection) => {
        void this.logLevel.tell()
        return this.watches.renew(connection)
      },
      onNotification: (message) => this.#onNotification(message),
      onRequestError: (error) => {
        if (isInsufficientScope(error)) oauthClient?.needsScope(error.requiredScope)
        return oauthClient?.needsPerson === true ? signInNeeded : null
      },
      unavailable: (cause) => this.#unavailable(cause),
    })
    const shared = { connection: () => this.shared.current, request: (message: Message) => this.shared.request(message, {}), note }
    this.watches = new ResourceWatches(shared)
    this.logLevel = new ToldLevel({ ...shared, lowest: () => given.logLevel?.() })
  }

  #reach(signal: AbortSignal): Reach {
    const { definition, reaper, builtIn, oauthClient, fetch, eras } = this.#given
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
        if (this.starting.hear(line)) this.log.note(line)
      },
    }
  }

  #onNotification(message: Message): void {
    const parts = changedParts(message.method)
    const connection = this.shared.current
    if (parts === undefined) this.#hooks.onNotification(message)
    else if (connection !== undefined) this.offer.read(connection, parts).catch(escape)
  }

  /** Its connection is of no more use, and it alone is started again. */
  #escaped(reason: string): void {
    const words = `It caused an error here: ${reason}`
    this.life.countEscape()
    if (!this.shared.escaped(words)) this.log.note(words)
  }

  #unavailable(cause?: unknown): Fault {
    const { name } = this.#given.definition
    const { remedy, state } = this.life
    const otherwise =
      state === 'disabled' ? 'it is switched off' : state === 'starting' ? 'it is still starting' : 'it could not be started'
    return new RelayFault(
      'upstream-unavailable',
      `The server ${name} is not available: ${this.#hooks.error() ?? otherwise}${remedy === null ? '' : `. ${remedy}`}`,
      { upstream: name },
      cause === undefined ? {} : { cause },
    )
  }
}
