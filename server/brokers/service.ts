/** Sessions and their rules: who may make, enter, suspend and drop them. No HTTP, no frames. */
import { randomBytes, randomUUID } from 'node:crypto'
import { iso, type Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { createAnnouncer, type Announcement, type Announcer } from '../events/event-types.ts'
import { BrokerFault } from './fault.ts'
import { reasonOf } from '../isolation.ts'
import type { Log } from '../log.ts'
import { checkPassword, hashPassword, hashSecret, sameSecret } from '../secrets/hash.ts'
import type { RandomBytes } from '../secrets/random.ts'
import { diskRefusal } from '../store/disk.ts'
import type { SessionExpiry } from './contract/index.ts'
import type { BrokerEngine, EngineObserver } from './engine/broker-engine.ts'
import type { DeadLetter, EndReason } from './engine/types.ts'
import { Authentication, type Passwords } from './authentication.ts'
import { brokerEvents } from './events.ts'
import { defaultPolicy, policySchema, type Policy } from './policy.ts'
import type { BrokerStore, StoredSession } from './store.ts'

export interface ServiceOptions {
  store: BrokerStore
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

/** A client connection as the service sees it. */
export interface Connection {
  /** Called every second. */
  check(): void
  end(reason: EndReason): void
  failed(error: unknown): void
}

export type EntranceRefusal =
  'session-not-found' | 'invalid-password' | 'suspended' | 'too-many-attempts' | 'too-many-clients' | 'not-ready'
export type Entrance = { session: SessionFacts } | { refusal: EntranceRefusal }
/** Of a session that a client is in; read anew each time, since the owner may change it. */
export type SessionFacts = Readonly<Pick<StoredSession, 'id' | 'name' | 'policy'>>

/** Below this a number is a duration, from it on a moment: 1e11 ms are 3.2 years, or March 1973. */
const momentFrom = 1e11

export class BrokerService {
  /** A new one with every start. */
  engine: BrokerEngine
  readonly connections = new Set<Connection>()
  readonly clock: Clock
  readonly store: BrokerStore
  readonly startedAt: number
  storageError: { since: number; text: string } | null = null
  private readonly sessions = new Map<string, StoredSession>()
  private readonly authentication: Authentication
  private readonly events: Announcer<typeof brokerEvents>
  private readonly changed: () => void
  private readonly removed: (name: string) => void
  private readonly log: Log
  private readonly random: RandomBytes
  private readonly newId: () => string
  private readonly newEngine: (observer: EngineObserver) => BrokerEngine
  /** By sessions that are gone, and before the room was last started. */
  private deliveredBefore = 0
  private ready = false
  private isUsed = false
  private pulse: NodeJS.Timeout | undefined
  private nextConnection = 1
  private readonly deadTold = new Map<number, number>()

  constructor({
    store,
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
    this.log = log
    this.random = random
    this.newId = newId
    this.events = createAnnouncer(events, 'brokers', brokerEvents)
    this.changed = changed
    this.removed = removed
    this.startedAt = clock.monotonic()
    this.authentication = new Authentication(passwords, () => clock.monotonic(), random)
    this.newEngine = newEngine
    this.engine = newEngine(this.observer())
    for (const stored of store.all()) this.open(stored)
  }

  /** Also after a stop, and after a start that failed. Throws where the folder of the journal cannot be read at all. */
  async start(): Promise<void> {
    if (this.isUsed) {
      this.deliveredBefore = this.deliveredTotal
      this.engine = this.newEngine(this.observer())
      this.sessions.clear()
      for (const stored of this.store.all()) this.open(stored)
    }
    this.isUsed = true
    this.storageError = null
    try {
      await this.engine.start()
    } catch (error) {
      throw new Error(`the journal of the brokers cannot be read: ${diskRefusal(error, { ofFile: true })?.reason ?? reasonOf(error)}`, {
        cause: error,
      })
    }
    this.ready = true
    this.pulse = setInterval(() => this.beat(), 1_000)
    this.pulse.unref()
    this.beat()
  }

  async stop(): Promise<void> {
    clearInterval(this.pulse)
    this.ready = false
    for (const connection of [...this.connections]) this.sparing(connection, () => connection.end('shutdown'))
    // Those without a wire, of this house itself.
    this.engine.disconnectAll('shutdown')
    await this.engine.stop()
  }

  get isReady(): boolean {
    return this.ready
  }

  /** Only ever rises. */
  get deliveredTotal(): number {
    return [...this.sessions.values()].reduce((sum, { id }) => sum + this.engine.counts(id).deliveredTotal, this.deliveredBefore)
  }

  newConnectionId(): number {
    return this.nextConnection++
  }

  // Sessions

  /** By name. */
  all(): StoredSession[] {
    return [...this.sessions.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Throws `no-such-session`. */
  byName(name: string): StoredSession {
    const session = this.sessions.get(name)
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
    if (this.sessions.has(name)) throw new BrokerFault('session-exists')
    const expiresAt = this.momentOf(sessionExpiry)
    const secretKey = this.newSecretKey()
    const passwordHash = await this.authentication.hash(password)
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
    this.open(stored)
    this.authentication.remember(stored.id, password)
    this.emit({ type: 'session-created', subject: name, actor })
    return { secretKey, expiresAt }
  }

  /** Throws `session-not-found`, `invalid-credentials` and `too-many-attempts`. */
  async authorize(
    { sessionName, password, secretKey }: { sessionName: string; password: string; secretKey: string },
    address: string,
  ): Promise<string> {
    const stored = this.sessions.get(sessionName)
    if (stored === undefined) throw new BrokerFault('session-not-found')
    const outcome = await this.authentication.check(stored, password, address)
    if (outcome === 'too-many') throw new BrokerFault('too-many-attempts')
    if (outcome === 'wrong') throw new BrokerFault('invalid-credentials')
    if (!sameSecret(hashSecret(secretKey), stored.secretHash)) {
      await this.authentication.failed(stored.id, address)
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
    this.emit({
      type: suspended ? 'session-suspended' : 'session-resumed',
      subject: name,
      actor,
    })
  }

  async drop(name: string, actor: string, { expired = false } = {}): Promise<void> {
    const stored = this.byName(name)
    // First: a later session of this name must not be open to a key that was limited to this one.
    this.removed(name)
    this.store.remove(stored.id)
    this.sessions.delete(name)
    this.deliveredBefore += this.engine.counts(stored.id).deliveredTotal
    this.authentication.forget(stored.id)
    await this.engine.dropTenant(stored.id)
    this.deadTold.delete(stored.id)
    this.emit({ type: 'session-dropped', subject: name, actor, data: { expired } })
  }

  rotateSecret(name: string, actor: string): string {
    const stored = this.byName(name)
    const secretKey = this.newSecretKey()
    stored.secretHash = hashSecret(secretKey)
    this.store.setSecret(stored.id, stored.secretHash)
    this.emit({ type: 'secret-rotated', subject: name, actor })
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
      stored.expiresAt = this.momentOf(expiry)
      this.store.setExpiry(stored.id, stored.expiresAt)
    }
    if (policy !== undefined) {
      stored.policy = policySchema.parse({ ...stored.policy, ...withoutGaps(policy) })
      this.store.setPolicy(stored.id, stored.policy)
      if (!(await this.engine.setPolicy(stored.id, stored.policy))) throw new BrokerFault('storage-failed')
    }
    if (expiry !== undefined || policy !== undefined) this.emit({ type: 'session-changed', subject: name, actor })
  }

  createPass(name: string): string {
    return this.authentication.createPass(this.byName(name).id)
  }

  // Clients

  async enter(name: string, password: string, address: string): Promise<Entrance> {
    if (!this.ready) return { refusal: 'not-ready' }
    const session = this.sessions.get(name)
    if (session === undefined) {
      if (await this.authentication.isBlocked(0, address)) return { refusal: 'too-many-attempts' }
      await this.authentication.failed(0, address)
      return { refusal: 'session-not-found' }
    }
    const outcome = await this.authentication.check(session, password, address)
    if (outcome === 'too-many') return { refusal: 'too-many-attempts' }
    if (outcome === 'wrong') return { refusal: 'invalid-password' }
    if (session.suspended) return { refusal: 'suspended' }
    if (this.isFull(session)) return { refusal: 'too-many-clients' }
    // It may have been dropped while the password was checked.
    return this.sessions.get(name) === session ? { session } : { refusal: 'session-not-found' }
  }

  has(name: string): boolean {
    return this.sessions.has(name)
  }

  /** Whether no more clients fit. */
  isFull({ id, policy }: SessionFacts): boolean {
    return this.engine.counts(id).clients >= policy.maxClients
  }

  /** A line on the session's own log topic. */
  announce({ id }: Pick<SessionFacts, 'id'>, text: string): void {
    this.engine.announce(id, text)
    this.changed()
  }

  evicted(session: SessionFacts, name: string): void {
    this.emit({
      type: 'client-evicted',
      subject: name,
      data: { session: session.name },
    })
    this.announce(session, `${name} was disconnected: it did not take its messages`)
  }

  newMessageId(): string {
    return this.newId()
  }

  /** A fault of ours that one client, or one session, met. */
  reportInternalError(error: unknown, what = 'a broker connection met a fault'): void {
    this.log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, what)
  }

  emit<Type extends keyof typeof brokerEvents>(event: Announcement<typeof brokerEvents, Type>): void {
    this.events.emit(event)
    this.changed()
  }

  private observer(): EngineObserver {
    const { clock } = this
    return {
      deadLetter: (letter) => this.tellDeadLetter(letter),
      changed: () => this.changed(),
      storageFailed: (error) => {
        this.storageError = { since: clock.now(), text: diskRefusal(error, { ofFile: true })?.reason ?? reasonOf(error) }
        this.emit({
          type: 'storage-failed',
          data: { error: this.storageError.text },
        })
      },
      storageWorks: () => {
        this.storageError = null
        this.emit({ type: 'storage-works' })
      },
    }
  }

  /** A fault in what is done with one connection ends that one, not the work on the others. */
  private sparing(connection: Connection, work: () => void): void {
    try {
      work()
    } catch (error) {
      connection.failed(error)
    }
  }

  private open(stored: StoredSession): void {
    this.engine.addTenant(stored)
    this.sessions.set(stored.name, stored)
  }

  /** 32 random bytes, hexadecimal, as the document shows it. */
  private newSecretKey(): string {
    return Buffer.from(this.random(32)).toString('hex')
  }

  private momentOf(expiry: SessionExpiry): number | null {
    if (expiry === null) return null
    const now = this.clock.now()
    const moment = typeof expiry === 'string' ? Date.parse(expiry) : expiry < momentFrom ? now + expiry : expiry
    if (moment <= now) throw new BrokerFault('expiry-passed', undefined, { at: iso(now) })
    return moment
  }

  /** Once a second: connections without life, sessions whose time is over, what the engine waits for. */
  private beat(): void {
    for (const connection of this.connections) this.sparing(connection, () => connection.check())
    const now = this.clock.now()
    for (const { name, expiresAt } of this.sessions.values())
      if (expiresAt !== null && expiresAt <= now)
        this.drop(name, 'system', { expired: true }).catch((error: unknown) =>
          this.reportInternalError(error, 'an expired session could not be removed'),
        )
    this.engine.tick()
  }

  /** The first of a session in a minute is an event; a storm of them must not drown the rest. */
  private tellDeadLetter({ tenant, message: { topic, id }, subscriberKey, reason }: DeadLetter): void {
    const now = this.clock.monotonic()
    const told = this.deadTold.get(tenant.id)
    if (told !== undefined && now - told < 60_000) return
    this.deadTold.set(tenant.id, now)
    this.emit({
      type: 'dead-letter',
      subject: tenant.name,
      data: { topic, reason, subscriber: subscriberKey, messageId: id },
    })
    this.announce(tenant, `a message on ${topic} for ${subscriberKey} became a dead letter: ${reason}`)
  }
}

/** Without the fields that were not given, so that they do not undo a default. */
function withoutGaps(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
