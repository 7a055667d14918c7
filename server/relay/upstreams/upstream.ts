/** One MCP server under supervision: started once however many ask, started again when it dies, left alone when it keeps dying. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestOptions, ServerCapabilities } from '@modelcontextprotocol/client'
import type { Clock } from '../../clock.ts'
import { Fault } from '../../fault.ts'
import { escape, within, type Scope } from '../../isolation.ts'
import { readCatalogue, type Catalogue } from './read-catalogue.ts'
import type { OAuthClient } from '../oauth/oauth-client.ts'
import { DedicatedConnections, type DedicatedClient, type DedicatedConnectionOptions } from './dedicated-connections.ts'
import type { Era, Json, UpstreamConnection, UpstreamConnectionOptions, Message } from './connection.ts'
import { openConnection } from './open-connection.ts'
import type { UpstreamDefinition } from './definition.ts'
import { redactor } from './shown-settings.ts'
import type { UpstreamState } from '../contract/upstream.ts'
import { isInsufficientScope, isLostSession, isUnreachable, reasonOf } from './errors.ts'

/** Waits between starts; after the last one a person is asked. */
export const backOff: readonly number[] = [500, 1_000, 2_000, 4_000, 8_000]
/** A server that ran so long did not crash from its start. */
const steadyAfter = 30_000
/** One that throws where nobody looks is worse than one that fails: it is tried again once. */
const escapesAllowed = 1
const logLines = 500
const remembered = 64

export interface UpstreamOptions {
  definition: UpstreamDefinition
  clock: Clock
  reaper: UpstreamConnectionOptions['reaper']
  builtIn?: UpstreamConnectionOptions['builtIn']
  /** Sign-in at a remote server. */
  oauthClient?: OAuthClient | undefined
  /** For a remote server. */
  fetch?: typeof fetch | undefined
  backOff?: readonly number[]
  /** Why its settings cannot be opened: it cannot be started then. */
  locked?: string | null
  onState(upstream: Upstream): void
  /** After every successful start and every announced change. */
  onCatalogue(upstream: Upstream, changed: ReadonlySet<keyof Catalogue>): void
  /** What the shared connection is told: log lines, updated resources. */
  onNotification(upstream: Upstream, message: Message): void
}

export interface SharedRequestOptions extends RequestOptions {
  /** Hears what the server says while this is the only request it works on. */
  onNotification?: (message: Message) => void
}

const allParts: ReadonlySet<keyof Catalogue> = new Set(['tools', 'resources', 'resourceTemplates', 'prompts'])

export class Upstream {
  state: UpstreamState = 'disabled'
  error: string | null = null
  attempts = 0
  catalogue: Catalogue = { tools: [], resources: [], resourceTemplates: [], prompts: [] }
  capabilities: ServerCapabilities = {}
  instructions: string | undefined
  readonly log: { at: number; text: string }[] = []
  private readonly options: UpstreamOptions
  private connection: UpstreamConnection | undefined
  private starting: Promise<UpstreamConnection> | undefined
  private startedAt = 0
  /** When the start under way began. */
  private startingSince = 0
  private retry: NodeJS.Timeout | undefined
  private era: Era | undefined
  private giveUp = new AbortController()
  /** Ends the start under way, and nothing else. */
  private attempt = new AbortController()
  /** Errors in a row that it caused outside of any call. */
  private escapes = 0
  private readonly scope: Scope
  /** What it and the libraries say may name what it was given. */
  private readonly redacted: (text: string) => string
  /** A start belongs to the server, whoever's call made it necessary. */
  private readonly outside = AsyncLocalStorage.snapshot()
  /** Rises with every stop. */
  private stops = 0
  private readonly dedicated: DedicatedConnections
  private readonly durations: number[] = []
  /** Requests on the shared connection, each with whoever hears what the server says meanwhile. */
  private readonly underway = new Set<{ hear: ((message: Message) => void) | undefined }>()
  private endListening: (() => Promise<void>) | undefined
  private readonly watched = new Map<string, number>()
  /** Re-readings follow each other, so that an older answer never replaces a newer one. */
  private reading: Promise<void> = Promise.resolve()

  constructor(options: UpstreamOptions) {
    this.options = options
    this.redacted = redactor(options.definition)
    this.dedicated = new DedicatedConnections({
      options: (signal) => this.connectionOptions(signal),
      isModern: () => this.isModern,
      note: (text) => this.note(text),
    })
    this.scope = { room: 'relay', kind: 'upstream', id: options.definition.id, escaped: (_, reason) => this.escaped(reason) }
  }

  get definition(): UpstreamDefinition {
    return this.options.definition
  }
  get pid(): number | null {
    return this.connection?.pid ?? null
  }
  get protocol(): string | null {
    return this.connection?.protocol ?? null
  }
  /** Ms that the start under way has taken so far. */
  get startingFor(): number {
    return this.options.clock.monotonic() - this.startingSince
  }
  get isSignedIn(): boolean {
    return this.options.oauthClient?.isSignedIn === true
  }
  get locked(): string | null {
    return this.options.locked ?? null
  }
  get isModern(): boolean {
    return this.era === 'modern'
  }

  /** Median of the last calls, milliseconds; null before the first. */
  get latency(): number | null {
    const sorted = this.durations.toSorted((a, b) => a - b)
    return sorted[sorted.length >> 1] ?? null
  }

  /** Starts it in the background; a failure is a state. */
  start(): void {
    this.attempts = 0
    this.escapes = 0
    this.giveUp = new AbortController()
    if (this.options.locked != null) {
      this.error = this.options.locked
      this.become('locked')
      return
    }
    this.connect().catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.stops += 1
    this.giveUp.abort(new Error('The server was stopped'))
    clearTimeout(this.retry)
    this.retry = undefined
    this.become('disabled')
    const { connection, starting } = this
    this.connection = undefined
    await Promise.all([connection?.close(), this.dedicated.end(), starting?.catch(() => undefined)])
  }

  /** Resolves when a start under way has ended, well or not. */
  async settled(): Promise<void> {
    await this.starting?.catch(() => undefined)
  }

  async restart(): Promise<void> {
    const stopped = this.stop()
    const turn = this.stops
    await stopped
    // Whoever stopped it meanwhile wants it stopped, or starts it as well: two starts would leave a process that nobody ends.
    if (turn === this.stops) this.start()
  }

  /** One request over the shared connection, for clients that can do nothing for the server in return. */
  async request(message: Message, { onNotification, ...options }: SharedRequestOptions = {}): Promise<Json> {
    const connection = this.connection ?? (await this.connect())
    const begun = performance.now()
    const own = { hear: onNotification }
    this.underway.add(own)
    try {
      return await connection.request(message, options)
    } catch (error) {
      if (this.options.oauthClient?.needsPerson === true) this.drop(connection, signInNeeded)
      if (isInsufficientScope(error)) this.options.oauthClient?.needsScope(error.requiredScope)
      if (isUnreachable(error)) this.drop(connection, reasonOf(error))
      if (!isLostSession(error)) throw error
      // The far server has forgotten our session (it restarted, or the session idled out); the request did not reach any tool.
      await this.reopen(connection)
      return await (await this.connect()).request(message, options)
    } finally {
      this.underway.delete(own)
      this.durations.push(performance.now() - begun)
      if (this.durations.length > remembered) this.durations.shift()
    }
  }

  notify(message: Message): void {
    this.connection?.notify(message).catch(() => undefined)
  }

  /** A connection of its own for a client that can be asked things. The caller closes it. */
  async openDedicated(client: DedicatedClient): Promise<UpstreamConnection> {
    await this.connect()
    const { signal } = this.giveUp
    return this.outside(() => this.dedicated.open(client, signal))
  }

  closeDedicated(connection: UpstreamConnection): Promise<void> {
    return this.dedicated.close(connection)
  }

  /** Asks the server to tell of changes of a resource while anyone wants to know. */
  async watch(uri: string): Promise<void> {
    const count = this.watched.get(uri) ?? 0
    this.watched.set(uri, count + 1)
    if (count > 0) return
    try {
      await this.askForUpdates('resources/subscribe', uri)
    } catch (error) {
      // Nobody watches what the server has refused; the next who asks is to hear that from the server too.
      this.watched.delete(uri)
      throw error
    }
  }

  async unwatch(uri: string): Promise<void> {
    const count = this.watched.get(uri) ?? 0
    if (count > 1) this.watched.set(uri, count - 1)
    else if (this.watched.delete(uri)) await this.askForUpdates('resources/unsubscribe', uri)
  }

  private async askForUpdates(method: string, uri: string): Promise<void> {
    if (this.isModern) await this.listen()
    else if (this.connection !== undefined) await this.request({ method, params: { uri } })
  }

  private connect(): Promise<UpstreamConnection> {
    if (this.connection !== undefined) return Promise.resolve(this.connection)
    if (this.starting !== undefined) return this.starting
    if (this.state === 'disabled' && this.giveUp.signal.aborted) return Promise.reject(unavailable(this))
    // Between two tries callers get the reason at once instead of waiting for what has just failed.
    if (this.state === 'retrying' || this.state === 'failed' || this.state === 'signed-out' || this.state === 'locked')
      return Promise.reject(unavailable(this))
    this.starting = this.outside(() => within(this.scope, () => this.open())).finally(() => (this.starting = undefined))
    return this.starting
  }

  private async open(): Promise<UpstreamConnection> {
    this.startingSince = this.options.clock.monotonic()
    this.become('starting')
    const { signal } = this.giveUp
    this.attempt = new AbortController()
    this.options.oauthClient?.tryAgain()
    try {
      const connection = await openConnection({
        ...this.connectionOptions(AbortSignal.any([signal, this.attempt.signal])),
        capabilities: {},
        onNotification: (message) => this.hear(message),
        onRequest: async ({ method }) => {
          throw new Fault('not-offered', `${method} is not offered on this connection`)
        },
      })
      if (signal.aborted) {
        await connection.close()
        throw unavailable(this)
      }
      this.era = connection.era
      this.connection = connection
      this.capabilities = connection.capabilities
      this.instructions = connection.instructions
      this.startedAt = this.options.clock.monotonic()
      connection.whenEnded((reason) => this.lost(connection, reason))
      await this.reread(allParts)
      if (this.connection !== connection) throw new Error(this.error ?? 'It ended while it was starting')
      this.become('ready')
      if (this.isModern) await this.listen()
      else for (const uri of this.watched.keys()) this.request({ method: 'resources/subscribe', params: { uri } }).catch(() => undefined)
      return connection
    } catch (error) {
      // A connection that was lost while it was being read has been counted as failed already.
      if (!signal.aborted && this.state === 'starting') this.failed(reasonOf(error))
      throw unavailable(this, error)
    }
  }

  private connectionOptions(signal: AbortSignal): DedicatedConnectionOptions {
    const { definition, reaper, builtIn, oauthClient, fetch } = this.options
    return {
      definition,
      auth: oauthClient?.background,
      fetch,
      reaper,
      ...(builtIn === undefined ? {} : { builtIn }),
      era: this.era,
      signal,
      redacted: this.redacted,
      onLog: (line) => this.note(line),
    }
  }

  private hear(message: Message): void {
    const part = changedPart(message.method)
    if (part !== undefined) this.reread(part).catch(escape)
    else if (message.method === 'notifications/message') this.hearLog(message)
    else this.options.onNotification(this, message)
  }

  /** What is said while one call runs belongs to that call; while several run nobody can tell, and nobody else may read it. */
  private hearLog(message: Message): void {
    const [only, ...others] = this.underway
    if (others.length === 0) only?.hear?.(message)
  }

  private reread(parts: ReadonlySet<keyof Catalogue>): Promise<void> {
    const { connection } = this
    if (connection === undefined) return Promise.resolve()
    this.reading = this.reading.then(async () => {
      try {
        const read = await readCatalogue(connection, parts)
        if (this.connection !== connection) return
        // What could not be read stays as it was: a slow list must not take a server's tools away.
        this.catalogue = { ...this.catalogue, ...read }
        this.options.onCatalogue(this, parts)
      } catch (error) {
        this.note(`reading what it offers failed: ${String(error)}`)
      }
    })
    return this.reading
  }

  private async listen(): Promise<void> {
    const { connection } = this
    await this.endListening?.().catch(() => undefined)
    this.endListening = undefined
    try {
      this.endListening = await connection?.listen([...this.watched.keys()])
    } catch (error) {
      this.note(`it does not announce changes: ${String(error)}`)
    }
  }

  private async reopen(connection: UpstreamConnection): Promise<void> {
    if (this.connection !== connection) return
    this.connection = undefined
    await connection.close()
    this.state = 'starting'
  }

  private drop(connection: UpstreamConnection, reason: string): void {
    connection.close().catch(escape)
    this.lost(connection, reason)
  }

  private lost(connection: UpstreamConnection, reason: string): void {
    // Another one has taken its place, or it was ended on purpose.
    if (this.connection !== connection) return
    this.connection = undefined
    if (this.giveUp.signal.aborted) return
    this.dedicated.end().catch(escape)
    if (this.options.clock.monotonic() - this.startedAt > steadyAfter) {
      this.attempts = 0
      this.escapes = 0
    }
    this.failed(reason)
  }

  /** It, or the library that speaks to it, threw where nobody waited: its connection is of no more use, and it alone is started again. */
  private escaped(reason: string): void {
    const words = `It caused an error here: ${reason}`
    const { connection } = this
    this.escapes += 1
    if (connection !== undefined) this.drop(connection, words)
    else if (this.starting === undefined) this.note(words)
    else this.attempt.abort(new Error(words))
  }

  private failed(reason: string): void {
    if (this.options.oauthClient?.needsPerson === true) {
      // Trying again by itself would only be refused again.
      this.error = signInNeeded
      this.become('signed-out')
      return
    }
    this.error = this.redacted(reason)
    this.note(reason)
    const waits = this.options.backOff ?? backOff
    const wait = this.escapes > escapesAllowed ? undefined : waits[this.attempts]
    this.attempts += 1
    if (wait === undefined) {
      this.error = `${this.error}. Stopped after ${this.attempts} tries`
      this.become('failed')
      return
    }
    clearTimeout(this.retry)
    this.retry = setTimeout(() => {
      this.retry = undefined
      this.state = 'starting'
      this.connect().catch(() => undefined)
    }, wait)
    this.retry.unref()
    this.become('retrying')
  }

  private become(state: UpstreamState): void {
    if (state === 'ready' || state === 'disabled') this.error = null
    this.state = state
    this.options.onState(this)
  }

  private note(text: string): void {
    this.log.push({ at: this.options.clock.now(), text: this.redacted(text) })
    if (this.log.length > logLines) this.log.splice(0, this.log.length - logLines)
  }
}

const signInNeeded = 'It wants you to sign in'

function changedPart(method: string): ReadonlySet<keyof Catalogue> | undefined {
  if (method === 'notifications/tools/list_changed') return new Set(['tools'])
  if (method === 'notifications/prompts/list_changed') return new Set(['prompts'])
  if (method === 'notifications/resources/list_changed') return new Set(['resources', 'resourceTemplates'])
  return undefined
}

function unavailable({ definition, state, error }: Upstream, cause?: unknown): Fault {
  const reason = error ?? (state === 'disabled' ? 'it is switched off' : 'it could not be started')
  return new Fault(
    'upstream-unavailable',
    `The server ${definition.name} is not available: ${reason}`,
    { upstream: definition.name },
    cause === undefined ? {} : { cause },
  )
}
