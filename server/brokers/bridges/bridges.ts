/** All bridges of the room: made, changed, removed; started with it and ended with it. No HTTP. */
import { randomBytes } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { EventSink } from '../../events/event.ts'
import { createAnnouncer, type Announcer } from '../../events/event-types.ts'
import type { Egress } from '../../http/egress.ts'
import { within } from '../../isolation.ts'
import { randomToken } from '../../secrets/random.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import type { BridgeChange, BridgeTrial, NewBridge } from '../contract/bridges.ts'
import { brokerEvents } from '../events.ts'
import { BrokerFault } from '../fault.ts'
import type { BrokerService } from '../service.ts'
import { Bridge, newClientId } from './bridge.ts'
import { queueOf } from './local-client.ts'
import { createBridgeStore, type BridgeSecrets, type BridgeSettings, type BridgeStore, type StoredBridge } from './store.ts'
import { checkTls, targetOf } from './transport.ts'
import { tryOut } from './trial.ts'

export interface BridgesGiven {
  service: BrokerService
  database: Database
  sealer: Sealer
  egress: Egress
  events: EventSink
  /** Tells open windows that something they show has changed. */
  changed(): void
  random?: () => number
}

const perSession = 50
/** Ms: a bridge that comes and goes is told of this often. */
const quietTime = 60_000

/** What is left out stays as it is. */
interface GivenSecrets {
  password?: string | null | undefined
  key?: string | null | undefined
}

/** Who changes something, and whether he may open addresses. */
export interface Changer {
  actor: string
  mayOpen: boolean
}

export class Bridges {
  readonly store: BridgeStore
  readonly #given: BridgesGiven
  readonly #events: Announcer<typeof brokerEvents>
  readonly #bridges = new Map<string, Bridge>()
  /** When it was last told that a bridge is down, monotonic ms; and whether it still stands so. */
  readonly #told = new Map<string, { at: number; isDown: boolean }>()
  #isStarted = false

  constructor(given: BridgesGiven) {
    this.#given = given
    this.store = createBridgeStore(given.database, given.sealer)
    this.#events = createAnnouncer(given.events, 'brokers', brokerEvents)
  }

  /** Also after a stop. */
  start(): void {
    this.#isStarted = true
    this.#bridges.clear()
    const sessions = new Map(this.#given.service.all().map(({ id, name }) => [id, name]))
    for (const stored of this.store.all()) {
      const name = sessions.get(stored.sessionId)
      if (name !== undefined) this.#take(stored, name)
    }
  }

  stop(): void {
    this.#isStarted = false
    for (const bridge of this.#bridges.values()) bridge.stop()
  }

  all(): readonly Bridge[] {
    return [...this.#bridges.values()]
  }

  /** By name. Throws `no-such-session`. */
  of(sessionName: string): Bridge[] {
    const { id } = this.#given.service.byName(sessionName)
    return this.all()
      .filter(({ stored }) => stored.sessionId === id)
      .sort((a, b) => (a.stored.settings.name < b.stored.settings.name ? -1 : 1))
  }

  /** Throws `no-such-session` and `no-such-bridge`. */
  find(sessionName: string, bridgeId: string): Bridge {
    const found = this.of(sessionName).find(({ stored }) => stored.id === bridgeId)
    if (found === undefined) throw new BrokerFault('no-such-bridge')
    return found
  }

  queueOf({ stored }: Bridge) {
    return queueOf(this.#given.service, stored.sessionId, stored.id)
  }

  /**
   * Throws `not-ready`, `no-such-session`, `bridge-exists`, `too-many-bridges`, `bridge-tls-invalid`, `address-refused`, `sealed-locked`.
   */
  create(sessionName: string, { password, key, clientId = newClientId(), ...wanted }: NewBridge, by: Changer): Bridge {
    this.#needStarted()
    const others = this.of(sessionName)
    if (others.length >= perSession) throw new BrokerFault('too-many-bridges')
    const settings: BridgeSettings = { ...wanted, clientId }
    this.#check(settings, { password, key }, others, by.mayOpen)
    const stored: StoredBridge = {
      ...{ id: `bridge_${randomToken(12, randomBytes)}`, sessionId: this.#given.service.byName(sessionName).id, settings },
      ...{ hasPassword: password !== null, hasKey: key !== null, isOpened: by.mayOpen, held: {} },
      createdAt: this.#given.service.clock.now(),
    }
    this.store.add(stored, { password, key })
    const bridge = this.#take(stored, sessionName)
    this.#events.emit({ type: 'bridge-created', subject: sessionName, actor: by.actor, data: { bridge: settings.name } })
    this.#given.changed()
    return bridge
  }

  /** Throws what `create` does. */
  change(sessionName: string, bridgeId: string, { password, key, ...change }: BridgeChange, by: Changer): Bridge {
    this.#needStarted()
    const bridge = this.find(sessionName, bridgeId)
    const before = bridge.stored
    const settings = { ...before.settings, ...withoutGaps(change) }
    const secrets = this.#secretsWith(before, { password, key })
    this.#check(
      settings,
      secrets,
      this.of(sessionName).filter((each) => each !== bridge),
      by.mayOpen || (before.isOpened && settings.address === before.settings.address),
    )
    const isElsewhere = settings.address !== before.settings.address || settings.clientId !== before.settings.clientId
    const stored: StoredBridge = {
      ...{ ...before, settings, hasPassword: secrets.password !== null, hasKey: secrets.key !== null },
      // Who may not open addresses takes the opening away with the address that it was for.
      isOpened: settings.address === before.settings.address ? before.isOpened || by.mayOpen : by.mayOpen,
      held: isElsewhere ? {} : before.held,
    }
    this.store.change(stored, secrets)
    bridge.change(stored)
    this.#events.emit({ type: 'bridge-changed', subject: sessionName, actor: by.actor, data: { bridge: settings.name } })
    this.#given.changed()
    return bridge
  }

  /** With what waits to go out. Throws `no-such-session`, `no-such-bridge`, `storage-failed`. */
  async remove(sessionName: string, bridgeId: string, actor: string): Promise<void> {
    this.#needStarted()
    const bridge = this.find(sessionName, bridgeId)
    bridge.stop({ forget: true })
    this.store.remove(bridgeId)
    this.#bridges.delete(bridgeId)
    this.#told.delete(bridgeId)
    const queue = await this.queueOf(bridge)
    const removed = queue === null ? null : await this.#given.service.engine.removeSubscriber(bridge.session.id, queue.subscriberId)
    this.#events.emit({ type: 'bridge-removed', subject: sessionName, actor, data: { bridge: bridge.stored.settings.name } })
    this.#given.changed()
    if (removed?.isStored === false) throw new BrokerFault('storage-failed')
  }

  /** Connects once. `bridgeId`: whose secrets count where none are given. */
  tryOut(
    sessionName: string,
    { password, key, clientId = newClientId(), ...wanted }: Omit<NewBridge, 'password' | 'key'> & GivenSecrets,
    { bridgeId, mayOpen, signal }: { bridgeId: string | undefined; mayOpen: boolean; signal: AbortSignal },
  ): Promise<BridgeTrial> {
    this.#needStarted()
    const { egress, service } = this.#given
    service.byName(sessionName)
    const bridge = bridgeId === undefined ? null : this.find(sessionName, bridgeId)
    const secrets = bridge === null ? { password: password ?? null, key: key ?? null } : this.#secretsWith(bridge.stored, { password, key })
    const { isOpened = false, settings } = bridge?.stored ?? {}
    const wasOpened = isOpened && settings?.address === wanted.address
    checkTls({ ...wanted, key: secrets.key })
    const now = (): number => service.clock.monotonic()
    return tryOut(
      { settings: { ...wanted, clientId }, secrets, egress, isOpened: mayOpen || wasOpened, now, asBridge: false },
      bridge,
      signal,
    )
  }

  /** Those whose secrets no key that is here opens. */
  locked(): Bridge[] {
    return this.all().filter(({ state }) => state === 'locked')
  }

  giveUpLocked(): void {
    for (const bridge of this.locked()) {
      this.store.forgetSecrets(bridge.stored.id)
      const settings = { ...bridge.stored.settings, enabled: false, certificate: null }
      const stored = { ...bridge.stored, settings, hasPassword: false, hasKey: false }
      this.store.change(stored, { password: null, key: null })
      bridge.change(stored)
    }
  }

  #take(stored: StoredBridge, sessionName: string): Bridge {
    const { service, egress, random } = this.#given
    const bridge: Bridge = new Bridge(stored, {
      ...{ service, egress, store: this.store, session: { id: stored.sessionId, name: sessionName } },
      changed: (of, from) => this.#moved(of, from),
      ...(random === undefined ? {} : { random }),
    })
    this.#bridges.set(stored.id, bridge)
    const scope = { room: 'brokers', kind: 'bridge', id: stored.settings.name, escaped: bridge.failed } as const
    if (stored.settings.enabled) within(scope, () => bridge.start())
    return bridge
  }

  /** Tells when it goes down, and when it is up again after that. */
  #moved(bridge: Bridge, from: Bridge['state']): void {
    const { service, changed } = this.#given
    const { state, stored, session, problem } = bridge
    if (!service.has(session.name)) return void this.#bridges.delete(stored.id)
    const told = this.#told.get(stored.id)
    const isDown = state === 'waiting' || state === 'refused' || state === 'locked'
    const now = service.clock.monotonic()
    if (isDown && told?.isDown !== true && (told === undefined || now - told.at >= quietTime)) {
      this.#told.set(stored.id, { at: now, isDown: true })
      const data = { bridge: stored.settings.name, reason: problem?.message ?? '' }
      this.#events.emit({ type: 'bridge-down', subject: session.name, data })
    }
    if (state === 'connected' && from !== 'connected' && (told === undefined || told.isDown)) {
      this.#told.set(stored.id, { at: told?.at ?? -Infinity, isDown: false })
      this.#events.emit({ type: 'bridge-up', subject: session.name, data: { bridge: stored.settings.name } })
    }
    const { name } = stored.settings
    if (from !== state) service.clients.announce(session, `bridge ${name} is ${state}${problem === null ? '' : `: ${problem.message}`}`)
    changed()
  }

  #check(settings: BridgeSettings, secrets: BridgeSecrets, others: readonly Bridge[], mayOpen: boolean): void {
    if (others.some(({ stored }) => stored.settings.name === settings.name)) throw new BrokerFault('bridge-exists')
    checkTls({ ...settings, key: secrets.key })
    const { host, port } = targetOf(settings.address)
    const shown = host.includes(':') ? `[${host}]` : host
    this.#given.egress.check(`http://${shown}:${port}`, mayOpen ? [`http://${shown}:${port}`] : [])
  }

  /** What is given in place of what is kept. Throws `sealed-locked` where some of it is needed. */
  #secretsWith({ id, hasPassword, hasKey }: StoredBridge, { password, key }: GivenSecrets): BridgeSecrets {
    const isNeeded = (password === undefined && hasPassword) || (key === undefined && hasKey)
    const kept = isNeeded ? this.store.secrets(id) : { password: null, key: null }
    return { password: password === undefined ? kept.password : password, key: key === undefined ? kept.key : key }
  }

  #needStarted(): void {
    if (!this.#isStarted) throw new BrokerFault('not-ready')
  }
}

/** Without the fields that were not given. */
function withoutGaps<Values extends object>(values: Values): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  // What is left of an object has the types that it had.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Values]?: Exclude<Values[Key], undefined>
  }
}
