/**
 * The engine in this process: accepts messages, makes them durable in groups on a journal of its own, gives each to every subscriber until
 * that one acknowledged it, and keeps what could not be delivered. Here its parts are put to work; `parts.ts` puts them together.
 *
 * Invariants, each driven by `test/integration/brokers/engine-model.test.ts`:
 * - A publisher hears `accepted` only after its message is as durable as the session asks for.
 * - An accepted message is, for each of its subscribers, acknowledged, waiting, or a dead letter; never none of them.
 * - Nothing is sent after it expired, and nothing is sent to whom it was not published for.
 */
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
  RetainedQuery,
  TenantCounts,
  TenantFacts,
  TenantFigures,
  WaitingFilter,
} from '../types.ts'
import { Attachment } from './attachment.ts'
import { attempt } from './client-calls.ts'
import { clientsOf, countsOf, figuresOf, lettersIn, peekInto, topicsOf, waitingOf } from './inspection.ts'
import type { DeadLetter, Publisher, Subscriber, Tenant } from './model.ts'
import { createParts, type EngineOptions, type EngineParts } from './parts.ts'
import { removeRetained, retainedPage } from './retained-pages.ts'
import { restore } from './restore.ts'
import { newTenant } from './tenant.ts'

/** Ms between two points of the charts. */
const sampleEvery = 10_000

export class EmbeddedEngine implements BrokerEngine {
  /** By id. */
  readonly tenants = new Map<number, Tenant>()
  readonly parts: EngineParts
  readonly #log: Log
  readonly #observer: EngineObserver
  #sampledAt = 0

  constructor(options: EngineOptions) {
    this.#log = options.log
    this.#observer = options.observer
    this.parts = createParts(options, this.tenants)
  }

  async start(): Promise<void> {
    const { journal, subscribers, wills } = this.parts
    const replay = await journal.recover()
    subscribers.nextId = replay.nextSubscriber
    await restore({ ...this.parts, tenants: this.tenants }, replay)
    for (const part of journal.leftOut) this.#log.warn(part, 'the end of a journal segment of the brokers cannot be read and is left out')
    for (const { file, what } of journal.damage) this.#log.error({ file, what }, 'messages of the brokers may be missing')
    wills.leaveThoseOf(this.tenants.values())
  }

  async stop(): Promise<void> {
    const { wills, schedule, commit, journal } = this.parts
    wills.clear()
    schedule.stop()
    await commit.stop()
    await journal.close()
  }

  tick(): void {
    this.parts.commit.askAgain()
    this.parts.wills.tick()
    const now = this.parts.clock.monotonic()
    if (now - this.#sampledAt < sampleEvery) return
    this.#sampledAt = now
    for (const tenant of this.tenants.values()) {
      tenant.statistics.sample(tenant.queued, now)
      this.parts.system.publish(tenant)
    }
    if (this.tenants.size > 0) this.#observer.changed()
  }

  /** What is due, now; otherwise the engine's own timer sees to it. */
  runDue(): void {
    this.parts.schedule.runDue()
  }

  get damage(): readonly Damage[] {
    return this.parts.journal.damage
  }

  // Tenants

  addTenant(facts: TenantFacts): Tenant {
    const tenant = newTenant(facts)
    this.tenants.set(tenant.id, tenant)
    return tenant
  }

  setSuspended(id: number, suspended: boolean): void {
    this.#tenant(id).suspended = suspended
    if (suspended) this.disconnectAll('suspended', id)
    // Before anybody comes back, who would take his will back.
    else this.parts.wills.tick()
  }

  async setPolicy(id: number, policy: Policy): Promise<boolean> {
    const tenant = this.#tenant(id)
    const { recorder, store, subscribers, turns } = this.parts
    const before = tenant.policy
    if (before.durability === policy.durability) {
      tenant.policy = policy
      return true
    }
    // What was only in memory goes onto the disk, or the other way round.
    if (policy.durability === 'memory') recorder.tenantGone(tenant, this.#numbers)
    tenant.policy = policy
    if (before.durability === 'memory') {
      await subscribers.writeDown(tenant)
      await store.writeDown(tenant, turns)
    }
    return recorder.stored()
  }

  async dropTenant(id: number): Promise<void> {
    const tenant = this.#tenant(id)
    // Written first: gone, it writes nothing more.
    this.parts.recorder.tenantGone(tenant, this.#numbers)
    tenant.isGone = true
    this.disconnectAll('dropped', id)
    this.tenants.delete(id)
    await this.parts.recorder.stored()
    await this.parts.store.forgetTenant(tenant, this.parts.turns)
  }

  // Clients

  attach(id: number, client: AttachedClient, options: AttachOptions): Promise<Attachment> {
    const tenant = this.#tenant(id)
    const key = options.key
    // Only one connection may be an MQTT client of that id (MQTT-3.1.4-3); JSON clients share theirs.
    if (key.startsWith('mqtt')) for (const other of [...(tenant.subscribers.get(key)?.clients ?? [])]) other.end('taken-over')
    const { subscriber, isResumed } = this.parts.subscribers.attach(tenant, client, options)
    this.parts.wills.cancel(subscriber)
    return Promise.resolve(new Attachment(this.parts, client, subscriber, isResumed))
  }

  hasPlaceFor(id: number, { key, durable }: Pick<AttachOptions, 'key' | 'durable'>): boolean {
    const { subscribers, kept, policy } = this.#tenant(id)
    return !durable || kept < policy.maxKeptClients || subscribers.has(key)
  }

  publish(id: number, publication: Publication, client: Publisher | null = null): void {
    this.parts.publishing.publish(this.#tenant(id), publication, client, publication.id)
  }

  disconnect(id: number, client: number, reason: EndReason): Promise<boolean> {
    const found = [...this.#tenant(id).clients].find((each) => each.id === client)
    found?.end(reason)
    return Promise.resolve(found !== undefined)
  }

  disconnectAll(reason: EndReason, id?: number): void {
    for (const { clients } of id === undefined ? this.tenants.values() : [this.#tenant(id)])
      for (const client of [...clients]) attempt(client, () => client.end(reason))
  }

  announce(id: number, text: string): void {
    const now = this.parts.clock.now()
    for (const { subscriber } of this.tenants.get(id)?.tree.route(logTopic).targets ?? [])
      for (const client of subscriber.clients) attempt(client, () => client.listens() && client.log(text, now))
  }

  // Looking, and what a person does to what waits

  counts(id: number): TenantCounts {
    return countsOf(this.#tenant(id))
  }

  figures(id: number): TenantFigures {
    return figuresOf(this.#tenant(id), this.parts.clock)
  }

  async clients(id: number) {
    return clientsOf(this.#tenant(id))
  }

  async topics(id: number, limit: number) {
    return topicsOf(this.#tenant(id), limit, this.parts.clock, this.parts.turns)
  }

  async waiting(id: number, filter: WaitingFilter) {
    return waitingOf(this.#tenant(id), filter, this.parts.turns)
  }

  async peek(id: number, filter: string, limit: number) {
    return peekInto(this.#tenant(id), filter, limit, this.parts)
  }

  retained(id: number, filter: string, query: RetainedQuery) {
    return retainedPage(this.#tenant(id), filter, query, this.parts)
  }

  async removeRetained(id: number, filter: string) {
    const removed = await removeRetained(this.#tenant(id), filter, this.parts)
    return { removed, isStored: await this.parts.recorder.stored() }
  }

  async deadLetters(id: number, limit: number) {
    return lettersIn(this.#tenant(id), limit)
  }

  async replay(id: number, which: LetterChoice) {
    let [replayed, kept] = [0, 0]
    await this.#eachLetter(id, which, (letter) => {
      if (this.parts.publishing.replay(letter)) replayed += 1
      else kept += 1
    })
    return { replayed, kept, isStored: await this.parts.recorder.stored() }
  }

  async removeDeadLetters(id: number, which: LetterChoice) {
    let removed = 0
    await this.#eachLetter(id, which, (letter) => {
      this.parts.store.removeDeadLetter(letter)
      removed += 1
    })
    return { removed, isStored: await this.parts.recorder.stored() }
  }

  async purge(id: number, subscriberId: number) {
    const subscriber = this.#subscriber(id, subscriberId)
    if (subscriber === undefined) return null
    const purged = await this.parts.subscribers.purge(subscriber)
    return { purged, isStored: await this.parts.recorder.stored() }
  }

  async restrict(id: number, subscriberId: number, { mayHave, mayPublish }: Parameters<BrokerEngine['restrict']>[2]) {
    const subscriber = this.#subscriber(id, subscriberId)
    if (subscriber === undefined) return null
    const { wills, subscribers } = this.parts
    if (subscriber.will !== null && !mayPublish(subscriber.will.topic)) {
      wills.cancel(subscriber)
      subscribers.forgetWill(subscriber)
    }
    await this.parts.subscribers.restrict(subscriber, mayHave)
    return { isStored: await this.parts.recorder.stored() }
  }

  async removeSubscriber(id: number, subscriberId: number) {
    const subscriber = this.#subscriber(id, subscriberId)
    if (subscriber === undefined) return null
    for (const client of [...subscriber.clients]) client.end('kicked')
    // What it left for the end of the suspension goes with it.
    if (subscriber.tenant.suspended) this.parts.wills.cancel(subscriber)
    if (subscriber.tenant.suspended) subscriber.will = null
    await this.parts.subscribers.remove(subscriber, { discard: true })
    return { isStored: await this.parts.recorder.stored() }
  }

  /** Above all that were given until now. */
  get #numbers(): { nextSeq: number; nextSubscriber: number } {
    return { nextSeq: this.parts.store.nextSeq, nextSubscriber: this.parts.subscribers.nextId }
  }

  #tenant(id: number): Tenant {
    const tenant = this.tenants.get(id)
    if (tenant === undefined) throw new Error(`the broker engine has no tenant ${id}`)
    return tenant
  }

  #subscriber(tenant: number, id: number): Subscriber | undefined {
    for (const each of this.#tenant(tenant).subscribers.values()) if (each.id === id) return each
    return undefined
  }

  /** Of those that are there now, each that is still there when its turn comes. */
  #eachLetter(id: number, which: LetterChoice, act: (letter: DeadLetter) => void): Promise<void> {
    const tenant = this.#tenant(id)
    const chosen = 'all' in which ? [...tenant.deadLetters.keys()] : which.ids
    return this.parts.turns.each(
      chosen,
      (each) => {
        const letter = tenant.deadLetters.get(each)
        if (letter !== undefined) act(letter)
      },
      () => !tenant.isGone,
    )
  }
}
