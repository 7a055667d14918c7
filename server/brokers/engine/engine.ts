/**
 * The delivery engine of all sessions: accepts messages, makes them durable in groups, gives each to every subscriber until that one
 * acknowledged it, and keeps what could not be delivered.
 *
 * Invariants, each driven by `test/integration/brokers/engine-model.test.ts`:
 * - A publisher hears `accepted` only after its message is as durable as the session asks for.
 * - An accepted message is, for each of its subscribers, acknowledged, waiting, or a dead letter; never none of them.
 * - Nothing is sent after it expired, and nothing is sent to whom it was not published for.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Policy } from '../policy.ts'
import { Alarm, realTimer, type SetTimer } from './alarm.ts'
import { GroupCommit, type Waiting } from './commit.ts'
import { beginSegment, lettersOf } from './compaction.ts'
import { chooseMember, Deliveries, isFull, isMqtt, isRecorded, type Due } from './deliveries.ts'
import { Journal } from './journal.ts'
import type { DeadLetter, Delivery, Link, Message, MessageProperties, Quality, Receipt, Refusal, Subscriber, Will } from './model.ts'
import { isBound, numberAhead, numberWith } from './packet-ids.ts'
import { restore } from './restore.ts'
import { newSubscriber, Tenant } from './tenant.ts'
import { isTopic, logTopic, matches, together, type Route, type Subscription, type Target } from './topics.ts'

export interface Publication {
  topic: string
  id: string
  source: 'json' | 'mqtt'
  body: Buffer
  /** The frame for JSON clients where it is there already. */
  frame?: Buffer | null
  /** Retained, it takes away what its topic had and is not kept itself. */
  isEmpty: boolean
  qos: Quality
  retain: boolean
  properties: MessageProperties | null
  /** Ms; null takes the session's `messageExpiryTime`. */
  expiresIn: number | null
  publisher: string
}

/** What the service wants to know. */
export interface EngineObserver {
  deadLetter(letter: DeadLetter): void
  storageFailed(error: unknown): void
  storageWorks(): void
}

export interface EngineOptions {
  folder: string
  clock: Clock
  log: Log
  observer: EngineObserver
  segmentBytes?: number
  /** Calls back after `ms`; returns what cancels it. */
  setTimer?: SetTimer
}

export class Engine extends Deliveries {
  readonly tenants = new Map<number, Tenant>()
  readonly journal: Journal
  nextSeq = 1
  nextSubscriber = 1
  /** Who waits for packet ids that the disk refused. */
  private readonly refused = new Set<Subscriber>()
  private readonly commit: GroupCommit
  private readonly alarm: Alarm
  private readonly log: Log

  constructor({ folder, clock, log, observer, segmentBytes, setTimer = realTimer }: EngineOptions) {
    super(clock, (letter) => observer.deadLetter(letter))
    this.log = log
    // Work for all clients goes on in the scope in which the engine was made, not in that of the client who happened to begin it.
    const inScope = AsyncLocalStorage.snapshot()
    this.alarm = new Alarm(
      () => this.runDue(),
      () => clock.monotonic(),
      (callback, ms) => inScope(() => setTimer(callback, ms)),
    )
    this.journal = new Journal({
      folder,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
      onSegment: (anew) => beginSegment(this, anew),
    })
    this.commit = new GroupCommit({
      journal: this.journal,
      log,
      inScope,
      confirm: (batch) => this.confirm(batch),
      refuse: (entry) => this.refuse(entry),
      storageFailed: (error) => observer.storageFailed(error),
      storageWorks: () => {
        observer.storageWorks()
        for (const subscriber of this.refused) this.dispatch(subscriber)
        this.refused.clear()
      },
    })
  }

  /** Reads the journal into the sessions that were added before; sessions that are gone leave nothing. */
  async recover(): Promise<void> {
    restore(this, await this.journal.recover())
    for (const part of this.journal.leftOut)
      this.log.warn(part, 'the end of a journal segment of the brokers cannot be read and is left out')
    for (const { file, what } of this.journal.damage) this.log.error({ file, what }, 'messages of the brokers may be missing')
    this.alarm.setFor(this.agenda.nextDue)
  }

  async stop(): Promise<void> {
    this.alarm.stop()
    await this.commit.stop()
    await this.journal.close()
  }

  addTenant(id: number, name: string, policy: Policy): Tenant {
    const tenant = new Tenant(id, name, policy)
    this.tenants.set(id, tenant)
    return tenant
  }

  /** Forgets the session with all it holds, on the disk too. Its connections must have been ended. */
  async dropTenant(tenant: Tenant): Promise<void> {
    this.tenants.delete(tenant.id)
    for (const subscriber of tenant.subscribers.values()) {
      this.agenda.remove(subscriber)
      for (const delivery of subscriber.unacked.values()) this.agenda.remove(delivery)
    }
    for (const message of this.messages.values()) if (message.tenant === tenant) this.forget(message)
    tenant.subscribers.clear()
    await this.rewriteJournal()
  }

  /** Called every second, so that what waits for a disk that refused goes on once it works. */
  askDiskAgain(): void {
    this.commit.askAgain()
  }

  /** Leaves nothing on the disk but what is needed now. False when it refused: that is done with the next commit that works. */
  rewriteJournal(): Promise<boolean> {
    this.journal.startAnew()
    return this.durable()
  }

  // Subscribers and their connections

  /** The subscriber of that name, made when there is none. A durable one is kept while it is away. */
  attach(
    tenant: Tenant,
    link: Link,
    {
      key,
      durable,
      keepFor,
      clean = false,
      will = null,
    }: { key: string; durable: boolean; keepFor: number | null; clean?: boolean; will?: Will | null },
  ): { subscriber: Subscriber; resumed: boolean } {
    const before = tenant.subscribers.get(key)
    if (before !== undefined && clean) this.removeSubscriber(before, { discard: true })
    const resumed = before !== undefined && !clean
    const subscriber = resumed ? before : newSubscriber({ id: this.nextSubscriber++, tenant, key, durable, keepFor })
    // One that is on the disk stays so until it is gone, or the next start would bring it back.
    subscriber.durable = durable || resumed
    subscriber.keepFor = keepFor
    subscriber.awaySince = null
    subscriber.will = will
    subscriber.links.add(link)
    tenant.subscribers.set(key, subscriber)
    tenant.links.add(link)
    this.agenda.remove(subscriber)
    this.recordSubscriber(subscriber)
    return { subscriber, resumed }
  }

  detach(subscriber: Subscriber, link: Link): void {
    const { tenant } = subscriber
    tenant.links.delete(link)
    if (!subscriber.links.delete(link) || subscriber.links.size > 0) return
    if (!subscriber.durable || subscriber.keepFor === 0) return this.removeSubscriber(subscriber)
    subscriber.awaySince = this.clock.now()
    this.requeue(subscriber)
    this.passOnShared(subscriber, false)
    if (subscriber.keepFor !== null) this.plan(subscriber, this.clock.monotonic() + subscriber.keepFor)
    this.recordSubscriber(subscriber)
  }

  /** Ends a subscriber. What it did not acknowledge becomes dead letters, unless it was thrown away: an MQTT session's end does that by its standard. */
  removeSubscriber(subscriber: Subscriber, { discard = isMqtt(subscriber) }: { discard?: boolean } = {}): void {
    const { tenant } = subscriber
    for (const subscription of subscriber.subscriptions.values()) tenant.tree.remove(subscription)
    subscriber.subscriptions.clear()
    tenant.subscribers.delete(subscriber.key)
    this.requeue(subscriber)
    this.passOnShared(subscriber, true)
    for (const delivery of [...subscriber.unacked.values()]) {
      if (discard) this.settle(delivery)
      else this.bury(delivery, 'subscriber-gone')
    }
    this.agenda.remove(subscriber)
    if (isRecorded(subscriber)) this.record(tenant)?.subscriberGone(subscriber.id)
  }

  /** The will was published, or its client said goodbye. */
  forgetWill(subscriber: Subscriber): void {
    if (subscriber.will === null) return
    subscriber.will = null
    if (subscriber.durable) this.recordSubscriber(subscriber)
    else this.record(subscriber.tenant)?.subscriberGone(subscriber.id)
  }

  subscribe(subscriber: Subscriber, name: string, wanted: Omit<Subscription, 'subscriber'>): { existed: boolean } {
    const before = subscriber.subscriptions.get(name)
    if (before !== undefined) subscriber.tenant.tree.remove(before)
    const subscription: Subscription = { ...wanted, subscriber }
    subscriber.subscriptions.set(name, subscription)
    subscriber.tenant.tree.add(subscription)
    this.recordSubscriber(subscriber)
    return { existed: before !== undefined }
  }

  unsubscribe(subscriber: Subscriber, name: string): boolean {
    const subscription = subscriber.subscriptions.get(name)
    if (subscription === undefined) return false
    subscriber.subscriptions.delete(name)
    subscriber.tenant.tree.remove(subscription)
    this.recordSubscriber(subscriber)
    return true
  }

  /** Retained messages that the filter reaches. */
  retainedFor(tenant: Tenant, filter: string): Message[] {
    return [...tenant.retained.values()].filter((message) => matches(filter, message.topic) && !this.isExpired(message))
  }

  /** Gives a retained message to a new subscription, to be acknowledged like any other. */
  deliverRetained(message: Message, target: Target): void {
    const { subscriber } = target
    if (subscriber.unacked.holds(message) || isFull(subscriber, message)) return
    const delivery = this.addDelivery(message, target)
    delivery.state = 'queued'
    subscriber.queue.push(delivery)
    this.record(message.tenant)?.message(message, lettersOf(message))
    this.dispatch(subscriber)
  }

  /** Waits for the disk, for what changed without a message, e.g. subscriptions. False when it refused: the next commit that works writes it too. */
  durable(durability: Policy['durability'] = 'fsync'): Promise<boolean> {
    return new Promise((done) => this.commit.add({ receipt: newReceipt(null, '', ''), message: null, once: [], durability, done }))
  }

  // Publishing

  /** `receipt` is answered once the message is durable, through its link's `accepted`. */
  publish(tenant: Tenant, publication: Publication, origin: Link | null, token: string | number): void {
    const receipt = newReceipt(origin, token, publication.topic)
    const now = this.clock.monotonic()
    const duplicate = tenant.hasSeen(publication.id)
    const refusal = duplicate ? null : this.refusalOf(tenant, publication, now)
    if (refusal !== null) {
      receipt.refusal = refusal
      answer(receipt)
      return
    }
    receipt.duplicate = duplicate
    const durability = duplicate && !this.commit.isRunning ? 'memory' : tenant.policy.durability
    if (duplicate) return this.commit.add({ receipt, message: null, once: [], durability })

    tenant.published.add(1, now)
    tenant.topic(publication.topic).published.add(1, now)
    tenant.markSeen(publication.id, now)
    const message = this.newMessage(tenant, publication, origin)
    const { once, overflowing } = this.route(message, origin, receipt)
    if (receipt.refusal !== null) {
      tenant.unmarkSeen(publication.id)
      answer(receipt)
      return
    }
    numberWith(message)
    if (publication.retain) this.retain(message, publication.isEmpty)
    const held = message.pending > 0 || message.retained
    if (held) this.keep(message)
    for (const delivery of overflowing) this.bury(delivery, 'overflow')
    if (publication.qos === 0) {
      this.sendOnce(message, once)
      if (!held) {
        answer(receipt)
        return
      }
    }
    this.commit.add({
      receipt,
      message: held ? message : null,
      once: publication.qos === 0 ? [] : once,
      durability: held ? tenant.policy.durability : 'memory',
    })
    if (!held && once.length > 0) this.sendOnce(message, once)
  }

  // Delivery

  /** Runs what is due; called by the engine's one timer. */
  runDue(): void {
    const now = this.clock.monotonic()
    for (let item = this.agenda.take(now); item !== null; item = this.agenda.take(now)) {
      try {
        this.come(item)
      } catch (error) {
        // All that is due later has this one timer.
        this.log.error({ error, kind: item.kind }, 'what was due in the brokers failed')
      }
    }
    this.alarm.setFor(this.agenda.nextDue)
  }

  private come(item: Due): void {
    if (item.kind === 'message') this.expire(item)
    else if (item.kind === 'delivery') this.retry(item)
    else this.removeSubscriber(item)
  }

  // Dead letters

  /** Gives the message to its subscriber again, or to whoever listens to the topic now. False when that is nobody, or a queue that is full. */
  replay(letter: DeadLetter): boolean {
    const { message, subscriberKey } = letter
    const { tenant } = message
    const known = tenant.subscribers.get(subscriberKey)
    const { policy } = tenant
    const again = this.newMessage(tenant, { ...message, isEmpty: false, expiresIn: policy.messageExpiryTime }, null)
    const targets: Target[] =
      known !== undefined
        ? [
            {
              subscriber: known,
              qos: message.qos === 0 ? 1 : message.qos,
              noLocal: false,
              retainAsPublished: false,
              identifiers: [],
              shares: [],
              isOwn: true,
            },
          ]
        : [...tenant.tree.route(message.topic).targets]
    const lacking = targets.filter(({ subscriber }) => !alreadyWaits(subscriber, message))
    if (targets.length === 0 || lacking.some(({ subscriber }) => isFull(subscriber, message))) return false
    for (const target of lacking) this.addDelivery(again, target)
    if (again.pending > 0) {
      this.keep(again)
      this.commit.add({
        receipt: newReceipt(null, '', message.topic),
        message: again,
        once: [],
        durability: policy.durability,
        replayed: letter,
      })
    }
    // In the batch of its copy: the disk has both or neither, and where it refuses the letter comes back.
    this.removeDeadLetter(letter)
    return true
  }

  override record(tenant: Tenant): Journal['records'] | null {
    if (!tenant.isWritten || this.commit.isStopped) return null
    this.commit.kick()
    return this.journal.records
  }

  override plan(item: Due, due: number): void {
    this.agenda.set(item, due)
    this.alarm.setFor(due)
  }

  protected override number(subscriber: Subscriber): void {
    if (subscriber.isNumbering) return
    const numbered = numberAhead(subscriber)
    const records = this.record(subscriber.tenant)
    // Without an id that is free, or after the stop, it waits for the next dispatch.
    if (numbered.length === 0 || records === null) return
    for (const delivery of numbered) records.sentAs(delivery)
    subscriber.isNumbering = true
    const done = (isDurable: boolean): void => {
      subscriber.isNumbering = false
      if (!isDurable) return void this.refused.add(subscriber)
      for (const delivery of numbered) delivery.isNumbered = delivery.state !== 'over'
      this.dispatch(subscriber)
    }
    this.commit.add({ receipt: newReceipt(null, '', ''), message: null, once: [], durability: subscriber.tenant.policy.durability, done })
  }

  private recordSubscriber(subscriber: Subscriber): void {
    if (isRecorded(subscriber)) this.record(subscriber.tenant)?.subscriber(subscriber)
  }

  private newMessage(tenant: Tenant, publication: Publication, origin: Link | null): Message {
    const now = this.clock.now()
    const wanted = publication.expiresIn ?? tenant.policy.messageExpiryTime
    const expiresIn = wanted === null ? null : Math.min(wanted, longestLife)
    const { topic, id, source, body, frame = null, qos, retain, properties, publisher } = publication
    return {
      kind: 'message',
      due: 0,
      slot: -1,
      seq: this.nextSeq++,
      tenant,
      topic,
      id,
      publisher,
      qos,
      retain,
      source,
      body,
      properties,
      acceptedAt: now,
      expiresAt: expiresIn === null ? null : now + expiresIn,
      origin: origin?.id ?? 0,
      deliveries: [],
      pending: 0,
      deadLetters: 0,
      retained: false,
      segment: 0,
      frame,
    }
  }

  private refusalOf(tenant: Tenant, { topic, body }: Publication, now: number): Refusal | null {
    if (tenant.suspended) return 'suspended'
    if (topic === logTopic) return 'reserved-topic'
    if (!isTopic(topic)) return 'invalid-topic'
    if (body.length > tenant.policy.maxMessageBytes) return 'too-large'
    if (tenant.storedBytes + body.length > tenant.policy.maxStoredBytes) return 'session-full'
    if (!tenant.mayPublish(now)) return 'too-fast'
    return null
  }

  /** Makes the deliveries. `once`: who gets it without acknowledgement. `overflowing`: those that found their queue full and lost. */
  private route(message: Message, origin: Link | null, receipt: Receipt): { once: Target[]; overflowing: Delivery[] } {
    const { tenant } = message
    const chosen = receivers(tenant.tree.route(message.topic))
    if (tenant.policy.overflow === 'reject' && chosen.some(({ subscriber }) => isFull(subscriber, message))) {
      receipt.refusal = 'queue-full'
      return { once: [], overflowing: [] }
    }
    const once: Target[] = []
    const overflowing: Delivery[] = []
    for (const target of chosen) {
      const { subscriber } = target
      if (origin !== null && isOwn(target, message, origin)) continue
      if (subscriber.links.size > 0) receipt.deliveredTo += 1
      else receipt.queuedFor += 1
      if (message.qos === 0 || target.qos === 0) once.push(target)
      else if (!isFull(subscriber, message) || this.makeRoom(subscriber, message)) this.addDelivery(message, target)
      else overflowing.push(this.addDelivery(message, target))
    }
    return { once, overflowing }
  }

  /** Drops the oldest that waits, where the session prefers new messages to old ones. */
  private makeRoom(subscriber: Subscriber, message: Message): boolean {
    if (subscriber.tenant.policy.overflow !== 'drop-oldest') return false
    for (const delivery of subscriber.unacked.values()) {
      if (!isFull(subscriber, message)) return true
      if (delivery.state === 'queued' && !isBound(delivery)) this.bury(delivery, 'overflow')
    }
    return !isFull(subscriber, message)
  }

  private retain(message: Message, isEmpty: boolean): void {
    const { tenant, topic } = message
    const before = tenant.retained.get(topic)
    if (before !== undefined) this.unretain(before)
    if (isEmpty) return
    message.retained = true
    tenant.retained.set(topic, message)
  }

  private unretain(message: Message): void {
    message.tenant.retained.delete(message.topic)
    message.retained = false
    this.record(message.tenant)?.unretain(message)
    this.forgetIfOver(message)
  }

  private expire(message: Message): void {
    if (message.retained) this.unretain(message)
    for (const delivery of message.deliveries) if (delivery.state !== 'over' && !isBound(delivery)) this.bury(delivery, 'expired')
  }

  // What the group commit tells

  /** These are as durable as their sessions ask for: now they are delivered, and their publishers told. */
  private confirm(batch: readonly Waiting[]): void {
    const touched = new Set<Subscriber>()
    for (const { message, receipt, once, done } of batch) {
      if (message !== null) {
        for (const delivery of message.deliveries) {
          if (delivery.state !== 'committing') continue
          delivery.state = 'queued'
          delivery.isNumbered = delivery.packetId !== 0
          delivery.subscriber.queue.push(delivery)
          touched.add(delivery.subscriber)
        }
        if (once.length > 0) this.sendOnce(message, once)
      }
      answer(receipt)
      done?.(true)
    }
    for (const subscriber of touched) this.dispatch(subscriber)
  }

  /** The disk refused: nobody was told that the message is safe, so it is taken back. */
  private refuse({ message, receipt, replayed, done }: Waiting): void {
    if (message !== null) {
      // What a replay copies was accepted once and stays so.
      if (replayed === undefined) message.tenant.unmarkSeen(message.id)
      for (const delivery of message.deliveries) this.release(delivery)
      if (message.retained) message.tenant.retained.delete(message.topic)
      message.retained = false
      this.forgetIfOver(message)
    }
    if (replayed !== undefined && this.tenants.get(replayed.message.tenant.id) === replayed.message.tenant) this.restoreDeadLetter(replayed)
    receipt.refusal = 'storage-failed'
    answer(receipt)
    done?.(false)
  }
}

/** Ms: the seconds that MQTT can say. */
const longestLife = 0xffff_ffff * 1_000

/** One member of each group beside who listens for itself; who is both, or in two groups, gets the message once and for all of them. */
function receivers({ targets, groups }: Route): readonly Target[] {
  if (groups.length === 0) return targets
  const chosen = new Map(targets.map((target) => [target.subscriber, target]))
  for (const members of groups) {
    const member = chooseMember(members)
    if (member === undefined) continue
    const before = chosen.get(member.subscriber)
    chosen.set(member.subscriber, before === undefined ? member : together(before, member))
  }
  return [...chosen.values()]
}

/** Whether the subscriber waits for this message or a copy of it, safely so; another message under the same id does not count. */
function alreadyWaits({ unacked }: Subscriber, { id, topic, body }: Message): boolean {
  return unacked.under(id).some(({ state, message }) => state !== 'committing' && message.topic === topic && message.body.equals(body))
}

/** A JSON client never hears itself; other connections under its name do. An MQTT client does unless it asked not to. */
function isOwn({ subscriber, noLocal }: Target, message: Message, origin: Link): boolean {
  if (!subscriber.links.has(origin)) return false
  return message.source === 'json' ? subscriber.links.size === 1 : noLocal
}

function answer(receipt: Receipt): void {
  const { link } = receipt
  try {
    link?.accepted(receipt)
  } catch (error) {
    link?.failed(error)
  }
}

function newReceipt(link: Link | null, token: string | number, topic: string): Receipt {
  return { link, token, topic, deliveredTo: 0, queuedFor: 0, duplicate: false, refusal: null }
}
