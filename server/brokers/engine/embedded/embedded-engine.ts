/**
 * The engine in this process: accepts messages, makes them durable in groups on a journal of its own, gives each to every subscriber until
 * that one acknowledged it, and keeps what could not be delivered. Here its parts are put together; each has its file.
 *
 * Invariants, each driven by `test/integration/brokers/engine-model.test.ts`:
 * - A publisher hears `accepted` only after its message is as durable as the session asks for.
 * - An accepted message is, for each of its subscribers, acknowledged, waiting, or a dead letter; never none of them.
 * - Nothing is sent after it expired, and nothing is sent to whom it was not published for.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../clock.ts'
import type { Log } from '../../../log.ts'
import type { Policy } from '../../policy.ts'
import type { AttachedClient, BrokerEngine, EngineObserver } from '../broker-engine.ts'
import { logTopic } from '../topics.ts'
import type {
  AttachOptions,
  Damage,
  EndReason,
  LetterChoice,
  Publication,
  TenantCounts,
  TenantFacts,
  TenantFigures,
  WaitingFilter,
} from '../types.ts'
import { realTimer, type SetTimer } from './alarm.ts'
import { Attachment } from './attachment.ts'
import { GroupCommit } from './commit.ts'
import { beginSegment } from './compaction.ts'
import { attempt, Deliverer } from './deliverer.ts'
import { clientsOf, countsOf, figuresOf, lettersIn, peekInto, topicsOf, waitingOf } from './inspection.ts'
import { Journal } from './journal.ts'
import { MessageStore, type Due } from './message-store.ts'
import type { DeadLetter, Publisher, Subscriber, Tenant } from './model.ts'
import { Publishing } from './publishing.ts'
import { Recorder } from './recorder.ts'
import { restore } from './restore.ts'
import { Schedule } from './schedule.ts'
import { Sharing } from './sharing.ts'
import { Subscribers } from './subscribers.ts'
import { newTenant } from './tenant.ts'
import { Wills } from './wills.ts'

/** Ms between two points of the charts. */
const sampleEvery = 10_000

export interface EngineOptions {
  folder: string
  clock: Clock
  log: Log
  observer: EngineObserver
  /** Names wills when they are published. */
  newMessageId?: () => string
  segmentBytes?: number
  /** Calls back after `ms`; returns what cancels it. */
  setTimer?: SetTimer
}

export class EmbeddedEngine implements BrokerEngine {
  /** By id. */
  readonly tenants = new Map<number, Tenant>()
  readonly journal: Journal
  readonly store: MessageStore
  readonly recorder: Recorder
  private readonly commit: GroupCommit
  private readonly schedule: Schedule<Due>
  private readonly deliverer: Deliverer
  private readonly publishing: Publishing
  private readonly subscribers: Subscribers
  private readonly wills: Wills
  private readonly clock: Clock
  private readonly log: Log
  private readonly observer: EngineObserver
  private sampledAt = 0

  constructor({ folder, clock, log, observer, newMessageId = randomUUID, segmentBytes, setTimer = realTimer }: EngineOptions) {
    this.clock = clock
    this.log = log
    this.observer = observer
    // Work for all clients goes on in the scope in which the engine was made, not in that of the client who happened to begin it.
    const inScope = AsyncLocalStorage.snapshot()
    const has = (tenant: Tenant): boolean => this.tenants.get(tenant.id) === tenant
    this.schedule = new Schedule<Due>({
      now: () => clock.monotonic(),
      setTimer: (callback, ms) => inScope(() => setTimer(callback, ms)),
      onDue: (item) => this.onDue(item),
      onError: (error, { kind }) => log.error({ error, kind }, 'what was due in the brokers failed'),
    })
    this.journal = new Journal({
      folder,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
      onSegment: (anew) => {
        const { journal, store, tenants, subscribers } = this
        beginSegment({ journal, store, tenants: [...tenants.values()], nextSubscriber: subscribers.nextId }, anew)
      },
    })
    this.commit = new GroupCommit({
      journal: this.journal,
      log,
      inScope,
      confirm: (batch) => this.publishing.confirm(batch),
      refuse: (entry) => this.publishing.takeBack(entry),
      storageFailed: (error) => observer.storageFailed(error),
      storageWorks: () => {
        observer.storageWorks()
        this.deliverer.dispatchRefused()
      },
    })
    const { schedule } = this
    const recorder = (this.recorder = new Recorder(this.journal, this.commit))
    const store = (this.store = new MessageStore(clock, schedule, recorder))
    const deliverer = (this.deliverer = new Deliverer({
      ...{ clock, store, schedule, recorder },
      onDeadLetter: (letter) => observer.deadLetter(letter),
    }))
    const sharing = new Sharing(store, recorder, deliverer)
    this.publishing = new Publishing({ clock, store, recorder, deliverer, has })
    this.subscribers = new Subscribers({ clock, store, schedule, recorder, deliverer, sharing })
    this.wills = new Wills({
      clock,
      has: ({ id }) => this.tenants.has(id),
      publish: (subscriber, { delay: _, ...will }) => {
        const publication = { ...will, isEmpty: will.body.length === 0, id: newMessageId(), source: 'mqtt' as const }
        this.publishing.publish(subscriber.tenant, publication, null, '')
        this.subscribers.forgetWill(subscriber)
      },
    })
  }

  async start(): Promise<void> {
    const replay = await this.journal.recover()
    const { clock, tenants, store, subscribers, recorder, schedule } = this
    subscribers.nextId = replay.nextSubscriber
    restore({ clock, tenants, store, recorder, schedule }, replay)
    for (const part of this.journal.leftOut)
      this.log.warn(part, 'the end of a journal segment of the brokers cannot be read and is left out')
    for (const { file, what } of this.journal.damage) this.log.error({ file, what }, 'messages of the brokers may be missing')
    this.wills.leaveThoseOf(tenants.values())
  }

  async stop(): Promise<void> {
    this.wills.clear()
    this.schedule.stop()
    await this.commit.stop()
    await this.journal.close()
  }

  tick(): void {
    this.commit.askAgain()
    this.wills.tick()
    const now = this.clock.monotonic()
    if (now - this.sampledAt < sampleEvery) return
    this.sampledAt = now
    for (const { statistics, queued } of this.tenants.values()) statistics.sample(queued, now)
    if (this.tenants.size > 0) this.observer.changed()
  }

  /** What is due, now; otherwise the engine's own timer sees to it. */
  runDue(): void {
    this.schedule.runDue()
  }

  get damage(): readonly Damage[] {
    return this.journal.damage
  }

  // Tenants

  addTenant(facts: TenantFacts): Tenant {
    const tenant = newTenant(facts)
    this.tenants.set(tenant.id, tenant)
    return tenant
  }

  setSuspended(id: number, suspended: boolean): void {
    this.tenant(id).suspended = suspended
    if (suspended) this.disconnectAll('suspended', id)
  }

  async setPolicy(id: number, policy: Policy): Promise<boolean> {
    const tenant = this.tenant(id)
    const before = tenant.policy
    tenant.policy = policy
    // What was only in memory goes onto the disk, or the other way round.
    return before.durability === policy.durability || this.recorder.rewrite()
  }

  async dropTenant(id: number): Promise<void> {
    const tenant = this.tenant(id)
    this.disconnectAll('dropped', id)
    this.tenants.delete(id)
    for (const subscriber of tenant.subscribers.values()) {
      this.schedule.cancel(subscriber)
      for (const delivery of subscriber.unacked.values()) this.schedule.cancel(delivery)
    }
    this.store.forgetTenant(tenant)
    tenant.subscribers.clear()
    await this.recorder.rewrite()
  }

  // Clients

  attach(id: number, client: AttachedClient, options: AttachOptions): Promise<Attachment> {
    const tenant = this.tenant(id)
    const key = options.key
    // Only one connection may be an MQTT client of that id (MQTT-3.1.4-3); JSON clients share theirs.
    if (key.startsWith('mqtt:')) for (const other of [...(tenant.subscribers.get(key)?.clients ?? [])]) other.end('taken-over')
    const { subscriber, isResumed } = this.subscribers.attach(tenant, client, options)
    this.wills.cancel(subscriber)
    return Promise.resolve(new Attachment(this.parts, client, subscriber, isResumed))
  }

  publish(id: number, publication: Publication, client: Publisher | null = null): void {
    this.publishing.publish(this.tenant(id), publication, client, publication.id)
  }

  disconnect(id: number, client: number, reason: EndReason): Promise<boolean> {
    const found = [...this.tenant(id).clients].find((each) => each.id === client)
    found?.end(reason)
    return Promise.resolve(found !== undefined)
  }

  disconnectAll(reason: EndReason, id?: number): void {
    for (const { clients } of id === undefined ? this.tenants.values() : [this.tenant(id)])
      for (const client of [...clients]) attempt(client, () => client.end(reason))
  }

  announce(id: number, text: string): void {
    const now = this.clock.now()
    for (const { subscriber } of this.tenants.get(id)?.tree.route(logTopic).targets ?? [])
      for (const client of subscriber.clients) attempt(client, () => client.ready() && client.log(text, now))
  }

  // Looking, and what a person does to what waits

  counts(id: number): TenantCounts {
    return countsOf(this.tenant(id))
  }

  figures(id: number): TenantFigures {
    return figuresOf(this.tenant(id), this.clock)
  }

  async clients(id: number) {
    return clientsOf(this.tenant(id))
  }

  async topics(id: number) {
    return topicsOf(this.tenant(id), this.clock)
  }

  async waiting(id: number, filter: WaitingFilter) {
    return waitingOf(this.tenant(id), filter)
  }

  async peek(id: number, filter: string, limit: number) {
    return peekInto(this.tenant(id), filter, limit, this.store)
  }

  async deadLetters(id: number, limit: number) {
    return lettersIn(this.tenant(id), limit)
  }

  async replay(id: number, which: LetterChoice) {
    const letters = this.chosen(id, which)
    const replayed = letters.filter((letter) => this.publishing.replay(letter)).length
    return { replayed, kept: letters.length - replayed, isStored: await this.recorder.stored() }
  }

  async removeDeadLetters(id: number, which: LetterChoice) {
    const letters = this.chosen(id, which)
    for (const letter of letters) this.store.removeDeadLetter(letter)
    return { removed: letters.length, isStored: await this.recorder.stored() }
  }

  async purge(id: number, subscriberId: number) {
    const subscriber = this.subscriber(id, subscriberId)
    if (subscriber === undefined) return null
    const purged = this.subscribers.purge(subscriber)
    return { purged, isStored: await this.recorder.stored() }
  }

  async removeSubscriber(id: number, subscriberId: number) {
    const subscriber = this.subscriber(id, subscriberId)
    if (subscriber === undefined) return null
    for (const client of [...subscriber.clients]) client.end('kicked')
    this.subscribers.remove(subscriber, { discard: true })
    return { isStored: await this.recorder.stored() }
  }

  private get parts() {
    const { store, recorder, deliverer, publishing, subscribers, wills } = this
    return { store, recorder, deliverer, publishing, subscribers, wills }
  }

  private tenant(id: number): Tenant {
    const tenant = this.tenants.get(id)
    if (tenant === undefined) throw new Error(`the broker engine has no tenant ${id}`)
    return tenant
  }

  private subscriber(tenant: number, id: number): Subscriber | undefined {
    return [...this.tenant(tenant).subscribers.values()].find((each) => each.id === id)
  }

  private chosen(id: number, which: LetterChoice): DeadLetter[] {
    const { deadLetters } = this.tenant(id)
    return 'all' in which ? [...deadLetters.values()] : which.ids.flatMap((letter) => deadLetters.get(letter) ?? [])
  }

  private onDue(item: Due): void {
    if (item.kind === 'message') this.deliverer.expire(item)
    else if (item.kind === 'delivery') this.deliverer.retry(item)
    else this.subscribers.remove(item)
  }
}
