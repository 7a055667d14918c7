/** The clients of all sessions: who may come in, who is there, and what a connection needs of the room it is in. No frames, no packets. */
import type { Clock } from '../clock.ts'
import type { Announcer } from '../events/event-types.ts'
import type { Log } from '../log.ts'
import type { Access, RuledClient } from './access/access.ts'
import { readLoginName } from './access/login-name.ts'
import type { NamedClients } from './access/named-clients.ts'
import type { StoredNamedClient } from './access/store.ts'
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
  readonly id: number
  /** The rules of a named client. */
  readonly access: Access | null
  failed(error: unknown): void
}

/** What a client gives to be let in. */
export interface Credentials {
  /** `SESSION`, or `SESSION:NAME` for the named client NAME; what stands behind the colon is nothing where there is none of that name. */
  loginName: string
  /** The named client that it may be, where the protocol has a field for it. */
  user: string | null
  password: string
}

export type EntranceRefusal =
  | 'session-not-found'
  | 'invalid-password'
  | 'not-allowed'
  | 'suspended'
  | 'too-many-attempts'
  | 'too-many-clients'
  | 'too-many-kept'
  | 'not-ready'
/** `named` where it came in with the password or key of a named client. */
export type Entrance = { session: SessionFacts; named: RuledClient | null } | { refusal: EntranceRefusal }
/** Of a session that a client is in; read anew each time, since the owner may change it. */
export type SessionFacts = Readonly<Pick<StoredSession, 'id' | 'name' | 'policy'>>

export interface ClientsOptions {
  clock: Clock
  log: Log
  store: BrokerStore
  authentication: Authentication
  named(): NamedClients
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

  async enter({ loginName, user, password }: Credentials, address: string): Promise<Entrance> {
    const { authentication } = this.#options
    if (this.#options.sessions() === null) return { refusal: 'not-ready' }
    const { session: name, client } = readLoginName(loginName, (each) => this.hasSession(each))
    const session = this.#session(name)
    if (session === undefined) {
      if (await authentication.isBlocked(0, address)) return { refusal: 'too-many-attempts' }
      await authentication.failed(0, address)
      return { refusal: 'session-not-found' }
    }
    const named = await this.#namedBy(session, client ?? user, password, address)
    const outcome = named === null ? await authentication.check(session, password, address) : 'right'
    if (outcome === 'too-many') return { refusal: 'too-many-attempts' }
    if (outcome === 'wrong') return { refusal: 'invalid-password' }
    if (session.suspended) return { refusal: 'suspended' }
    if (this.isFull(session)) return { refusal: 'too-many-clients' }
    // It may have been dropped while the password was checked.
    if (this.#session(name) !== session) return { refusal: 'session-not-found' }
    if (named !== null) this.#options.named().seen(named)
    return { session, named }
  }

  /** Whether it was not revoked meanwhile. */
  isStillNamed(session: SessionFacts, named: RuledClient): boolean {
    return this.#options.named().find(session, named.name) === named
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

  /** The named client whose own password or key that is; null where it may be the session's. */
  async #namedBy(session: StoredSession, name: string | null, secret: string, address: string): Promise<StoredNamedClient | null> {
    const { authentication } = this.#options
    const client = name === null ? undefined : this.#options.named().find(session, name)
    // No named client has the session's own: it is not worth a slow hash with each login.
    if (client === undefined || authentication.isKnownOfSession(session, secret)) return null
    if (!(await authentication.isOfClient(client, secret, address))) return null
    return this.isStillNamed(session, client) ? client : null
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
