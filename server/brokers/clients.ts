/** The clients of all sessions: who may come in, who is there, and what a connection needs of the room it is in. No frames, no packets. */
import type { Clock } from '../clock.ts'
import type { Announcer } from '../events/event-types.ts'
import type { Log } from '../log.ts'
import type { Authentication } from './authentication.ts'
import type { BrokerEngine } from './engine/broker-engine.ts'
import type { EndReason } from './engine/types.ts'
import type { brokerEvents } from './events.ts'
import type { BrokerStore, StoredSession } from './store.ts'

/** A client's connection as the room sees it. */
export interface Connection {
  /** Called every second. */
  check(): void
  end(reason: EndReason): void
  failed(error: unknown): void
}

export type EntranceRefusal =
  'session-not-found' | 'invalid-password' | 'suspended' | 'too-many-attempts' | 'too-many-clients' | 'too-many-kept' | 'not-ready'
export type Entrance = { session: SessionFacts } | { refusal: EntranceRefusal }
/** Of a session that a client is in; read anew each time, since the owner may change it. */
export type SessionFacts = Readonly<Pick<StoredSession, 'id' | 'name' | 'policy'>>

export interface ClientsOptions {
  clock: Clock
  log: Log
  store: BrokerStore
  authentication: Authentication
  events: Announcer<typeof brokerEvents>
  /** Tells open windows that something they show has changed. */
  changed(): void
  /** By name; null while none can be entered. */
  sessions(): ReadonlyMap<string, StoredSession> | null
  /** Of this start. */
  engine(): BrokerEngine
  newMessageId: () => string
  storageRefuses(): boolean
}

export class Clients {
  readonly connections = new Set<Connection>()
  /** Subscribers of this program itself. */
  readonly workers = new Set<Pick<Connection, 'check' | 'failed'>>()
  readonly clock: Clock
  readonly store: BrokerStore
  /** Names messages whose publishers gave them no id. */
  readonly newMessageId: () => string
  readonly #options: ClientsOptions
  #nextConnection = 1

  constructor(options: ClientsOptions) {
    this.clock = options.clock
    this.store = options.store
    this.newMessageId = options.newMessageId
    this.#options = options
  }

  get engine(): BrokerEngine {
    return this.#options.engine()
  }

  /** The disk does not take what clients are to count on. */
  get storageRefuses(): boolean {
    return this.#options.storageRefuses()
  }

  newConnectionId(): number {
    return this.#nextConnection++
  }

  async enter(name: string, password: string, address: string): Promise<Entrance> {
    const { authentication } = this.#options
    if (this.#options.sessions() === null) return { refusal: 'not-ready' }
    const session = this.#session(name)
    if (session === undefined) {
      if (await authentication.isBlocked(0, address)) return { refusal: 'too-many-attempts' }
      await authentication.failed(0, address)
      return { refusal: 'session-not-found' }
    }
    const outcome = await authentication.check(session, password, address)
    if (outcome === 'too-many') return { refusal: 'too-many-attempts' }
    if (outcome === 'wrong') return { refusal: 'invalid-password' }
    if (session.suspended) return { refusal: 'suspended' }
    if (this.isFull(session)) return { refusal: 'too-many-clients' }
    // It may have been dropped while the password was checked.
    return this.#session(name) === session ? { session } : { refusal: 'session-not-found' }
  }

  hasSession(name: string): boolean {
    return this.#session(name) !== undefined
  }

  /** Whether no more clients fit. */
  isFull({ id, policy }: SessionFacts): boolean {
    return this.engine.counts(id).clients >= policy.maxClients
  }

  /** A line on the session's own log topic. */
  announce({ id }: Pick<SessionFacts, 'id'>, text: string): void {
    this.engine.announce(id, text)
    this.#options.changed()
  }

  evicted(session: SessionFacts, name: string): void {
    this.#options.events.emit({ type: 'client-evicted', subject: name, data: { session: session.name } })
    this.announce(session, `${name} was disconnected: it did not take its messages`)
  }

  /** A fault of ours that one client, or one session, met. */
  reportInternalError(error: unknown, what = 'a broker connection met a fault'): void {
    this.#options.log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, what)
  }

  /** Once a second: connections without life, and workers without a place. */
  check(): void {
    for (const connection of this.connections) sparing(connection, () => connection.check())
    for (const worker of this.workers) sparing(worker, () => worker.check())
  }

  endAll(reason: EndReason): void {
    for (const connection of [...this.connections]) sparing(connection, () => connection.end(reason))
    // Those without a wire, of this program itself.
    this.engine.disconnectAll(reason)
  }

  #session(name: string): StoredSession | undefined {
    return this.#options.sessions()?.get(name)
  }
}

/** A fault in what is done with one connection ends that one, not the work on the others. */
function sparing(connection: Pick<Connection, 'failed'>, work: () => void): void {
  try {
    work()
  } catch (error) {
    connection.failed(error)
  }
}
