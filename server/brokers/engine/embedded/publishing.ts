/**
 * Accepting messages: what is refused, who gets it, and that its publisher hears of it only when it is as durable as the session asks for.
 */
import type { Clock } from '../../../clock.ts'
import { isSystem, isTopic, logTopic, matches } from '../topics.ts'
import type { Publication, Refusal } from '../types.ts'
import type { Waiting } from './commit.ts'
import type { Deliverer } from './deliverer.ts'
import type { MessageStore } from './message-store.ts'
import type { DeadLetter, Delivery, Message, Publisher, Receipt, Route, Subscriber, Target, Tenant } from './model.ts'
import { receivers } from './group-turns.ts'
import { isBound, numberWith } from './numbering.ts'
import { newReceipt, type Recorder } from './recorder.ts'
import type { Sharing } from './sharing.ts'
import { isFull, isOnlooker, isRuled, lettersOf, noteNewer } from './tenant.ts'

/** Ms: the seconds that MQTT can say. */
const longestLife = 0xffff_ffff * 1_000

export interface PublishingParts {
  clock: Clock
  store: MessageStore
  recorder: Recorder
  deliverer: Deliverer
  sharing: Sharing
  /** Whether it is still there, and not another of its number. */
  has(tenant: Tenant): boolean
}

export class Publishing {
  readonly #clock: Clock
  readonly #store: MessageStore
  readonly #recorder: Recorder
  readonly #deliverer: Deliverer
  readonly #sharing: Sharing
  readonly #has: (tenant: Tenant) => boolean

  constructor({ clock, store, recorder, deliverer, sharing, has }: PublishingParts) {
    this.#clock = clock
    this.#store = store
    this.#recorder = recorder
    this.#deliverer = deliverer
    this.#sharing = sharing
    this.#has = has
  }

  publish(tenant: Tenant, publication: Publication, publisher: Publisher | null, token: string | number): void {
    const receipt = newReceipt(publisher, token, publication.topic)
    const now = this.#clock.monotonic()
    const duplicate = tenant.seen.has(publication.id)
    const refusal = duplicate ? null : this.#refusalOf(tenant, publication, now)
    if (refusal !== null) return refuse(receipt, refusal)
    receipt.duplicate = duplicate
    const durability = duplicate && !this.#recorder.isCommitting ? 'memory' : tenant.policy.durability
    if (duplicate) return this.#recorder.add({ receipt, message: null, once: [], durability })

    tenant.statistics.published.add(1, now)
    tenant.statistics.topic(publication.topic).published.add(1, now)
    tenant.seen.add(publication.id, now)
    const message = this.#newMessage(tenant, publication, publisher?.id ?? 0)
    const routed = this.#route(message, publisher, receipt)
    if (routed === null) {
      tenant.seen.delete(publication.id)
      return refuse(receipt, 'queue-full')
    }
    this.#take(message, publication, receipt, routed)
  }

  /**
   * Gives the message to its subscriber again, or to whoever listens to the topic now. False when that is nobody, or a queue that is full.
   */
  replay(letter: DeadLetter): boolean {
    const { message, subscriberKey, tenant } = letter
    const known = takerOf(tenant.subscribers.get(subscriberKey), message)
    const { policy } = tenant
    const again = this.#newMessage(tenant, { ...message, isEmpty: false, expiresIn: policy.messageExpiryTime }, 0)
    const route = tenant.tree.route(message.topic)
    const targets = known === undefined ? receivers(route, again) : [targetFor(known, route, message)]
    const lacking = targets.filter(({ subscriber }) => !alreadyWaits(subscriber, message))
    if (targets.length === 0 || lacking.some(({ subscriber }) => isFull(subscriber, message))) return false
    for (const target of lacking) this.#store.addDelivery(again, target)
    if (again.pending > 0) {
      this.#store.keep(again)
      const receipt = newReceipt(null, '', message.topic)
      this.#recorder.add({ receipt, message: again, once: [], durability: policy.durability, replayed: letter })
    }
    // In the batch of its copy: the disk has both or neither, and where it refuses the letter comes back.
    this.#store.removeDeadLetter(letter)
    return true
  }

  /** Gives a retained message to a new subscription, to be acknowledged like any other. */
  deliverRetained(message: Message, target: Target): void {
    const { subscriber } = target
    if (subscriber.unacked.holds(message)) return
    const delivery = this.#store.addDelivery(message, target)
    delivery.state = 'queued'
    subscriber.queue.push(delivery)
    subscriber.retained.set(message.topic, delivery)
    this.#recorder.of(message.tenant)?.message(message, lettersOf(message))
    this.#deliverer.dispatch(subscriber)
  }

  /** From the group commit: these are as durable as their sessions ask for, so they are delivered, and their publishers told. */
  confirm(batch: readonly Waiting[]): void {
    const touched = new Set<Subscriber>()
    for (const { message, receipt, once, done } of batch) {
      if (message !== null) {
        for (const delivery of message.deliveries) {
          if (delivery.state !== 'committing') continue
          delivery.state = 'queued'
          delivery.isNumbered = delivery.packetId !== 0
          delivery.subscriber.queue.push(delivery)
          touched.add(delivery.subscriber)
          // It was there, or nobody was, when the message was published.
          if (delivery.shares.length > 0 && delivery.subscriber.clients.size === 0) this.#sharing.passOn(delivery, { isGone: false })
        }
        if (once.length > 0) this.#deliverer.sendOnce(message, once)
      }
      answer(receipt)
      done?.(true)
    }
    this.#deliverer.dispatchAll(touched)
  }

  /** From the group commit: the disk refused. Nobody was told that the message is safe, so it is taken back. */
  takeBack({ message, receipt, replayed, done }: Waiting): void {
    if (message !== null) {
      // What a replay copies was accepted once and stays so.
      if (replayed === undefined) message.tenant.seen.delete(message.id)
      for (const delivery of message.deliveries) this.#store.release(delivery)
      if (message.retained) message.tenant.retained.delete(message.topic)
      message.retained = false
      this.#store.forgetIfOver(message)
    }
    if (replayed !== undefined && this.#has(replayed.tenant)) this.#store.restoreDeadLetter(replayed)
    refuse(receipt, 'storage-failed')
    done?.(false)
  }

  #take(message: Message, { retain, isEmpty, qos }: Publication, receipt: Receipt, { once, overflowing }: Routed): void {
    numberWith(message)
    if (retain) this.#store.retain(message, isEmpty)
    const isHeld = message.pending > 0 || message.retained
    if (isHeld) this.#store.keep(message)
    for (const delivery of overflowing) this.#deliverer.deadLetter(delivery, 'overflow')
    if (qos === 0) {
      this.#deliverer.sendOnce(message, once)
      if (!isHeld) return answer(receipt)
    }
    this.#recorder.add({
      receipt,
      message: isHeld ? message : null,
      once: qos === 0 ? [] : once,
      durability: isHeld ? message.tenant.policy.durability : 'memory',
    })
    if (!isHeld && once.length > 0) this.#deliverer.sendOnce(message, once)
  }

  #newMessage(tenant: Tenant, publication: Publication, origin: number): Message {
    const now = this.#clock.now()
    const wanted = publication.expiresIn ?? tenant.policy.messageExpiryTime
    const expiresIn = wanted === null ? null : Math.min(wanted, longestLife)
    const { topic, id, source, body, frame = null, qos, retain, properties, publisher } = publication
    return {
      kind: 'message',
      due: 0,
      slot: -1,
      seq: this.#store.nextSeq++,
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
      origin,
      deliveries: [],
      pending: 0,
      letters: null,
      retained: false,
      segment: 0,
      frame,
    }
  }

  #refusalOf(tenant: Tenant, { topic, body }: Publication, now: number): Refusal | null {
    if (tenant.suspended) return 'suspended'
    if (topic === logTopic) return 'reserved-topic'
    if (isSystem(topic)) return 'system-topic'
    if (!isTopic(topic)) return 'invalid-topic'
    if (body.length > tenant.policy.maxMessageBytes) return 'too-large'
    if (tenant.storedBytes + body.length > tenant.policy.maxStoredBytes) return 'session-full'
    return tenant.allowance.take(tenant.policy.maxPublishRate, now) ? null : 'too-fast'
  }

  /** Makes the deliveries; null where a full queue refuses the message for all. */
  #route(message: Message, publisher: Publisher | null, receipt: Receipt): Routed | null {
    const { tenant } = message
    const chosen = receivers(tenant.tree.route(message.topic), message, publisher)
    const isOnce = ({ qos }: Target): boolean => message.qos === 0 || qos === 0
    if (tenant.policy.overflow === 'reject' && chosen.some((target) => !isOnce(target) && isFull(target.subscriber, message))) return null
    const once: Target[] = []
    const overflowing: Delivery[] = []
    for (const target of chosen) {
      const { subscriber } = target
      if (subscriber.clients.size === 0) receipt.queuedFor += 1
      else if (!isOnlooker(subscriber)) receipt.deliveredTo += 1
      if (isOnce(target)) once.push(target)
      else if (!isFull(subscriber, message) || this.#makeRoom(subscriber, message)) {
        this.#store.addDelivery(message, target)
        noteNewer(subscriber, message.topic)
      } else overflowing.push(this.#store.addDelivery(message, target))
    }
    return { once, overflowing }
  }

  /** Drops the oldest that waits, where the session prefers new messages to old ones. */
  #makeRoom(subscriber: Subscriber, message: Message): boolean {
    if (subscriber.tenant.policy.overflow !== 'drop-oldest') return false
    for (const delivery of subscriber.unacked.values()) {
      if (!isFull(subscriber, message)) return true
      if (delivery.state === 'queued' && !isBound(delivery)) this.#deliverer.deadLetter(delivery, 'overflow')
    }
    return !isFull(subscriber, message)
  }
}

interface Routed {
  /** Who gets it without acknowledgement. */
  once: readonly Target[]
  /** Those that found their queue full and lost. */
  overflowing: readonly Delivery[]
}

/** A letter is its subscriber's whatever that one listens to now; but a named client's rules may have changed, and what it may have. */
function takerOf(subscriber: Subscriber | undefined, { topic }: Message): Subscriber | undefined {
  if (subscriber === undefined || !isRuled(subscriber)) return subscriber
  return [...subscriber.subscriptions.values()].some(({ filter }) => matches(filter, topic)) ? subscriber : undefined
}

/** As the subscriber would get it now: for itself, or for a group. */
function targetFor(subscriber: Subscriber, { targets, groups }: Route, { qos }: Message): Target {
  const known = [...targets, ...groups.flat()].find((target) => target.subscriber === subscriber && target.qos > 0)
  if (known !== undefined) return known
  return { subscriber, qos: qos === 0 ? 1 : qos, noLocal: false, retainAsPublished: false, identifiers: [], shares: [], isOwn: true }
}

/** Whether the subscriber waits for this message or a copy of it, safely so; another message under the same id does not count. */
function alreadyWaits({ unacked }: Subscriber, { id, topic, body }: Message): boolean {
  return unacked.under(id).some(({ state, message }) => state !== 'committing' && message.topic === topic && message.body.equals(body))
}

function refuse(receipt: Receipt, refusal: Refusal): void {
  receipt.refusal = refusal
  answer(receipt)
}

function answer(receipt: Receipt): void {
  const { client } = receipt
  try {
    client?.accepted(receipt)
  } catch (error) {
    client?.failed(error)
  }
}
