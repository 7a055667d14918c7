/** Sessions and their rules: who may make, enter, suspend and drop them. No HTTP, no frames. */
import { randomBytes, randomUUID } from 'node:crypto'
import { iso, type Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { createAnnouncer, type Announcer } from '../events/event-types.ts'
import { BrokerFault } from './fault.ts'
import { reasonOf } from '../isolation.ts'
import type { Log } from '../log.ts'
import { checkPassword, hashPassword, hashSecret, sameSecret } from '../secrets/hash.ts'
import type { RandomBytes } from '../secrets/random.ts'
import { diskRefusal } from '../store/disk.ts'
import type { SessionExpiry } from './contract/index.ts'
import type { BrokerEngine, EngineObserver } from './engine/broker-engine.ts'
import { EngineReports } from './engine-reports.ts'
import { NamedClients } from './access/named-clients.ts'
import type { NamedClientStore } from './access/store.ts'
import { Authentication, type Passwords } from './authentication.ts'
import { Clients } from './clients.ts'
import { brokerEvents } from './events.ts'
import { defaultPolicy, policySchema, type Policy } from './policy.ts'
import type { BrokerStore, StoredSession } from './store.ts'

export interface ServiceOptions {
  store: BrokerStore
  namedClients: NamedClientStore
  /** Makes the engine of one start, with no tenant in it. */
  newEngine(observer: EngineObserver): BrokerEngine
  clock: Clock
  log: Log
  events: EventSink
  /** Tells open windows that something they show has changed. */
  changed(): void
  /** The session of this name is about to be gone, and what was meant for it alone should go too. */
  removed?(name: string): void
  passwords?: Passwords
  /** For secret keys and passes. */
  random?: RandomBytes
  /** Names messages whose publishers gave them no id. */
  newId?: () => string
}

/** Below this a number is a duration, from it on a moment: 1e11 ms are 3.2 years, or March 1973. */
const momentFrom = 1e11

export class BrokerService {
  /** A new one with every start. */
  engine: BrokerEngine
  readonly clients: Clients
  readonly named: NamedClients
  readonly clock: Clock
  readonly store: BrokerStore
  readonly startedAt: number
  readonly #sessions = new Map<string, StoredSession>()
  readonly #authentication: Authentication
  readonly #events: Announcer<typeof brokerEvents>
  readonly #reports: EngineReports
  readonly #removed: (name: string) => void
  readonly #random: RandomBytes
  readonly #newEngine: (observer: EngineObserver) => BrokerEngine
  /** By sessions that are gone, and before the room was last started. */
  #deliveredBefore = 0
  #ready = false
  #isUsed = false
  #pulse: NodeJS.Timeout | undefined

  constructor({
    store,
    namedClients,
    newEngine,
    clock,
    log,
    events,
    changed,
    removed = () => undefined,
    passwords = { hash: hashPassword, check: checkPassword },
    random = randomBytes,
    newId = randomUUID,
  }: ServiceOptions) {
    this.store = store
    this.clock = clock
    this.#random = random
    this.#removed = removed
    this.startedAt = clock.monotonic()
    const authentication = (this.#authentication = new Authentication(passwords, () => clock.monotonic(), random))
    const announcer = createAnnouncer(events, 'brokers', brokerEvents)
    this.#events = {
      emit(event) {
        announcer.emit(event)
        changed()
      },
    }
    this.named = new NamedClients({
      ...{ store: namedClients, authentication, clock, events: this.#events, random },
      engine: () => this.engine,
      connections: () => this.clients.connections,
      hasSession: (name) => this.#sessions.has(name),
    })
    this.clients = new Clients({
      ...{ clock, log, store, authentication, changed, events: this.#events, newMessageId: newId },
      sessions: () => (this.#ready ? this.#sessions : null),
      engine: () => this.engine,
      named: () => this.named,
      storageRefuses: () => this.storageError !== null,
    })
    this.#reports = new EngineReports(clock, this.#events, (session, text) => this.clients.announce(session, text), changed)
    this.#newEngine = newEngine
    this.engine = newEngine(this.#reports)
    for (const stored of store.all()) this.#open(stored)
  }

  /** Also after a stop, and after a start that failed. Throws where the folder of the journal cannot be read at all. */
  async start(): Promise<void> {
    if (this.#isUsed) {
      this.#deliveredBefore = this.deliveredTotal
      this.engine = this.#newEngine(this.#reports)
      this.#sessions.clear()
      for (const stored of this.store.all()) this.#open(stored)
    }
    this.#isUsed = true
    this.#reports.reset()
    try {
      await this.engine.start()
    } catch (error) {
      throw new Error(`the journal of the brokers cannot be read: ${diskRefusal(error, { ofFile: true })?.reason ?? reasonOf(error)}`, {
        cause: error,
      })
    }
    await this.named.catchUp(this.#sessions.values())
    this.#ready = true
    this.#pulse = setInterval(() => this.#beat(), 1_000)
    this.#pulse.unref()
    this.#beat()
  }

  async stop(): Promise<void> {
    clearInterval(this.#pulse)
    this.#ready = false
    this.clients.endAll('shutdown')
    await this.engine.stop()
  }

  get isReady(): boolean {
    return this.#ready
  }

  /** Only ever rises. */
  get deliveredTotal(): number {
    return [...this.#sessions.values()].reduce((sum, { id }) => sum + this.engine.counts(id).deliveredTotal, this.#deliveredBefore)
  }

  /** Since when storage refuses, and why; null while it does not. */
  get storageError(): EngineReports['storageError'] {
    return this.#reports.storageError
  }

  // Sessions

  /** By name. */
  all(): StoredSession[] {
    return [...this.#sessions.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  has(name: string): boolean {
    return this.#sessions.has(name)
  }

  /** Throws `no-such-session`. */
  byName(name: string): StoredSession {
    const session = this.#sessions.get(name)
    if (session === undefined) throw new BrokerFault('no-such-session')
    return session
  }

  /** Throws `session-exists` and `expiry-passed`. */
  async create(
    {
      sessionName: name,
      password,
      sessionExpiry,
      ...chosen
    }: { sessionName: string; password: string; sessionExpiry: SessionExpiry } & { [Key in keyof Policy]?: Policy[Key] | undefined },
    actor: string,
    madeBy: string | null = null,
  ): Promise<{ secretKey: string; expiresAt: number | null }> {
    if (this.#sessions.has(name)) throw new BrokerFault('session-exists')
    const expiresAt = this.#momentOf(sessionExpiry)
    const secretKey = this.#newSecretKey()
    const passwordHash = await this.#authentication.hash(password)
    if (this.named.logsInAs(name, (each) => this.#sessions.get(each))) throw new BrokerFault('session-exists')
    const stored = this.store.add({
      name,
      passwordHash,
      secretHash: hashSecret(secretKey),
      policy: policySchema.parse({ ...defaultPolicy, ...withoutGaps(chosen) }),
      suspended: false,
      createdAt: this.clock.now(),
      expiresAt,
      madeBy,
    })
    if (stored === null) throw new BrokerFault('session-exists')
    this.#open(stored)
    this.#authentication.remember(stored.id, password)
    this.#events.emit({ type: 'session-created', subject: name, actor })
    return { secretKey, expiresAt }
  }

  /** Throws `session-not-found`, `invalid-credentials` and `too-many-attempts`. */
  async authorize(
    { sessionName, password, secretKey }: { sessionName: string; password: string; secretKey: string },
    address: string,
  ): Promise<string> {
    const stored = this.#sessions.get(sessionName)
    if (stored === undefined) throw new BrokerFault('session-not-found')
    const outcome = await this.#authentication.check(stored, password, address)
    if (outcome === 'too-many') throw new BrokerFault('too-many-attempts')
    if (outcome === 'wrong') throw new BrokerFault('invalid-credentials')
    if (!sameSecret(hashSecret(secretKey), stored.secretHash)) {
      await this.#authentication.failed(stored.id, address)
      throw new BrokerFault('invalid-credentials')
    }
    return sessionName
  }

  setSuspended(name: string, suspended: boolean, actor: string): void {
    const stored = this.byName(name)
    if (stored.suspended === suspended) return
    this.store.setSuspended(stored.id, suspended)
    stored.suspended = suspended
    this.engine.setSuspended(stored.id, suspended)
    this.clients.check()
    this.#events.emit({ type: suspended ? 'session-suspended' : 'session-resumed', subject: name, actor })
  }

  async drop(name: string, actor: string, { expired = false } = {}): Promise<void> {
    const stored = this.byName(name)
    // First: a later session of this name must not be open to a key that was limited to this one.
    this.#removed(name)
    this.store.remove(stored.id)
    this.#sessions.delete(name)
    this.#deliveredBefore += this.engine.counts(stored.id).deliveredTotal
    this.#authentication.forget(stored.id)
    this.named.forgetSession(stored)
    await this.engine.dropTenant(stored.id)
    this.#reports.forget(stored.id)
    this.#events.emit({ type: 'session-dropped', subject: name, actor, data: { expired } })
  }

  rotateSecret(name: string, actor: string): string {
    const stored = this.byName(name)
    const secretKey = this.#newSecretKey()
    stored.secretHash = hashSecret(secretKey)
    this.store.setSecret(stored.id, stored.secretHash)
    this.#events.emit({ type: 'secret-rotated', subject: name, actor })
    return secretKey
  }

  async change(
    name: string,
    { expiry, policy }: { expiry?: SessionExpiry | undefined; policy?: { [Key in keyof Policy]?: Policy[Key] | undefined } | undefined },
    actor: string,
  ): Promise<void> {
    const stored = this.byName(name)
    if (expiry !== undefined) {
      // Before anything else: a moment that has passed must leave all as it was.
      stored.expiresAt = this.#momentOf(expiry)
      this.store.setExpiry(stored.id, stored.expiresAt)
    }
    if (policy !== undefined) {
      stored.policy = policySchema.parse({ ...stored.policy, ...withoutGaps(policy) })
      this.store.setPolicy(stored.id, stored.policy)
      if (!(await this.engine.setPolicy(stored.id, stored.policy))) throw new BrokerFault('storage-failed')
    }
    if (expiry !== undefined || policy !== undefined) this.#events.emit({ type: 'session-changed', subject: name, actor })
  }

  /** One event for all of them. Throws `storage-failed`. */
  async removeRetained(name: string, filter: string, actor: string): Promise<number> {
    const { removed, isStored } = await this.engine.removeRetained(this.byName(name).id, filter)
    if (removed > 0) this.#events.emit({ type: 'retained-deleted', subject: name, actor, data: { filter, count: removed } })
    if (!isStored) throw new BrokerFault('storage-failed')
    return removed
  }

  createPass(name: string): string {
    return this.#authentication.createPass(this.byName(name).id)
  }

  #open(stored: StoredSession): void {
    this.engine.addTenant(stored)
    this.#sessions.set(stored.name, stored)
  }

  /** 32 random bytes, hexadecimal, as the document shows it. */
  #newSecretKey(): string {
    return Buffer.from(this.#random(32)).toString('hex')
  }

  #momentOf(expiry: SessionExpiry): number | null {
    if (expiry === null) return null
    const now = this.clock.now()
    const moment = typeof expiry === 'string' ? Date.parse(expiry) : expiry < momentFrom ? now + expiry : expiry
    if (moment <= now) throw new BrokerFault('expiry-passed', undefined, { at: iso(now) })
    return moment
  }

  /** Once a second: connections without life, sessions whose time is over, what the engine waits for. */
  #beat(): void {
    this.clients.check()
    const now = this.clock.now()
    for (const { name, expiresAt } of this.#sessions.values())
      if (expiresAt !== null && expiresAt <= now)
        this.drop(name, 'system', { expired: true }).catch((error: unknown) =>
          this.clients.reportInternalError(error, 'an expired session could not be removed'),
        )
    this.engine.tick()
  }
}

/** Without the fields that were not given, so that they do not undo a default. */
function withoutGaps(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
