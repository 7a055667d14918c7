/** Who receives: subscribers come with their connections, stay while they are away, and go. */
import type { Clock } from '../../../clock.ts'
import { escape } from '../../../isolation.ts'
import type { AttachedClient } from '../broker-engine.ts'
import type * as door from '../types.ts'
import type { Deliverer } from './deliverer.ts'
import type { Due, MessageStore } from './message-store.ts'
import type { Delivery, Subscriber, Subscription, Tenant } from './model.ts'
import { isBound } from './numbering.ts'
import type { Recorder } from './recorder.ts'
import type { Schedule } from './schedule.ts'
import { sharesOf, type Sharing } from './sharing.ts'
import { isMqtt, isOnlooker, isRecorded, newSubscriber } from './tenant.ts'
import { shareOf } from './topic-tree.ts'
import type { Turns } from './turns.ts'

/** Of one client; each is kept in memory and, for a named one, on the disk. */
const maxSubscriptions = 10_000

export interface SubscribersParts {
  clock: Clock
  store: MessageStore
  schedule: Schedule<Due>
  recorder: Recorder
  deliverer: Deliverer
  sharing: Sharing
  turns: Turns
}

export class Subscribers {
  nextId = 1
  readonly #parts: SubscribersParts

  constructor(parts: SubscribersParts) {
    this.#parts = parts
  }

  /** The subscriber of that name, made when there is none. A durable one is kept while it is away. */
  attach(
    tenant: Tenant,
    client: AttachedClient,
    { key, durable, keepFor, clean = false, will = null }: door.AttachOptions,
  ): { subscriber: Subscriber; isResumed: boolean } {
    const before = tenant.subscribers.get(key)
    if (before !== undefined && clean) this.remove(before, { discard: true }).catch(escape)
    const isResumed = before !== undefined && !clean
    const subscriber = isResumed ? before : newSubscriber({ id: this.nextId++, tenant, key, durable, keepFor })
    // One that is on the disk stays so until it is gone, or the next start would bring it back.
    const wasKept = isResumed && subscriber.durable
    subscriber.durable = durable || isResumed
    if (subscriber.durable && !wasKept) tenant.kept += 1
    subscriber.keepFor = keepFor
    subscriber.awaySince = null
    subscriber.will = will
    subscriber.clients.add(client)
    tenant.subscribers.set(key, subscriber)
    tenant.clients.add(client)
    if (isOnlooker(subscriber)) tenant.onlookers += 1
    this.#parts.schedule.cancel(subscriber)
    this.#record(subscriber)
    return { subscriber, isResumed }
  }

  detach(subscriber: Subscriber, client: AttachedClient): void {
    const { clock, deliverer, sharing, schedule, turns } = this.#parts
    if (subscriber.tenant.clients.delete(client) && isOnlooker(subscriber)) subscriber.tenant.onlookers -= 1
    if (!subscriber.clients.delete(client) || subscriber.clients.size > 0) return
    if (subscriber.tenant.isGone) return
    if (!subscriber.durable || subscriber.keepFor === 0) return void this.remove(subscriber).catch(escape)
    subscriber.awaySince = clock.now()
    deliverer.requeue(subscriber)
    const isAway = (): boolean => subscriber.clients.size === 0 && !subscriber.tenant.isGone
    const pass = (delivery: Delivery): unknown => sharing.passOn(delivery, { isGone: false })
    turns.each(forGroups(subscriber), pass, isAway).catch(escape)
    if (subscriber.keepFor !== null) schedule.plan(subscriber, clock.monotonic() + subscriber.keepFor)
    this.#record(subscriber)
  }

  /**
   * Ends a subscriber. What it did not acknowledge becomes dead letters, unless it was thrown away: an MQTT session's end does that by its
   * standard. Nobody reaches it any more from now on; resolves once what it had is dealt with.
   */
  async remove(subscriber: Subscriber, { discard = isMqtt(subscriber) }: { discard?: boolean } = {}): Promise<void> {
    const { store, deliverer, sharing, schedule, recorder, turns } = this.#parts
    const { tenant } = subscriber
    for (const subscription of subscriber.subscriptions.values()) tenant.tree.remove(subscription)
    subscriber.subscriptions.clear()
    subscriber.groups.clear()
    tenant.subscribers.delete(subscriber.key)
    if (subscriber.durable) tenant.kept -= 1
    deliverer.requeue(subscriber)
    schedule.cancel(subscriber)
    if (subscriber.will !== null && tenant.suspended) this.#keepForWill(subscriber)
    else if (isRecorded(subscriber)) recorder.of(tenant)?.subscriberGone(subscriber.id)
    await turns.each(
      [...subscriber.unacked.values()],
      (delivery) => {
        // What a group was promised is not thrown away with the session of the member that had it.
        const isStuck = sharing.passOn(delivery, { isGone: true })
        if (discard && !isStuck) store.settle(delivery)
        else deliverer.deadLetter(delivery, isStuck ? 'overflow' : 'subscriber-gone')
      },
      () => !tenant.isGone,
    )
  }

  /** Its session is over, but not that its will has to be published: that waits for the end of a suspension, over a restart too. */
  #keepForWill(subscriber: Subscriber): void {
    subscriber.tenant.kept += 1
    subscriber.durable = true
    subscriber.keepFor = 0
    subscriber.awaySince ??= this.#parts.clock.now()
    subscriber.tenant.subscribers.set(subscriber.key, subscriber)
    this.#record(subscriber)
  }

  subscribe(subscriber: Subscriber, { name, ...wanted }: door.Subscription): door.SubscribeOutcome {
    const { subscriptions, tenant } = subscriber
    const before = subscriptions.get(name)
    if (before === undefined && subscriptions.size >= maxSubscriptions) return 'too-many'
    if (before !== undefined) this.#takeOut(before)
    const subscription = { ...wanted, subscriber, turn: before?.turn ?? 0 }
    subscriptions.set(name, subscription)
    tenant.tree.add(subscription)
    if (subscription.group !== null) subscriber.groups.add(subscription)
    if (isRecorded(subscriber)) this.#parts.recorder.of(tenant)?.subscribed(subscriber.id, subscription)
    // What waits with members that are away.
    if (subscription.group !== null) this.#parts.deliverer.dispatch(subscriber)
    return before === undefined ? 'new' : 'replaced'
  }

  /** False when there was none of that name. */
  unsubscribe(subscriber: Subscriber, name: string): boolean {
    const subscription = subscriber.subscriptions.get(name)
    if (subscription === undefined) return false
    subscriber.subscriptions.delete(name)
    this.#takeOut(subscription)
    if (isRecorded(subscriber)) this.#parts.recorder.of(subscriber.tenant)?.unsubscribed(subscriber.id, name)
    const share = shareOf(subscription)
    const waiting = share === null ? [] : [...(subscriber.shared.get(share) ?? [])]
    // What it was sent, and is still there to answer, it completes (MQTT-3.10.4-3).
    const pass = (delivery: Delivery): void => {
      if (share !== null && delivery.state !== 'sent') this.#parts.sharing.passOn(delivery, { isGone: false, of: [share] })
    }
    this.#parts.turns.each(waiting, pass).catch(escape)
    return true
  }

  #takeOut(subscription: Subscription): void {
    subscription.subscriber.tenant.tree.remove(subscription)
    subscription.subscriber.groups.delete(subscription)
  }

  /** The will was published, or its client said goodbye. */
  forgetWill(subscriber: Subscriber): void {
    if (subscriber.will === null) return
    subscriber.will = null
    const { tenant, key, clients, durable, keepFor } = subscriber
    // Whoever took its place, after a clean start, is another one.
    const isThere = tenant.subscribers.get(key) === subscriber
    if (isThere && clients.size === 0 && keepFor === 0) void this.remove(subscriber).catch(escape)
    else if (isThere && durable) this.#record(subscriber)
    else this.#parts.recorder.of(subscriber.tenant)?.subscriberGone(subscriber.id)
  }

  /**
   * Takes all that waits for the subscriber out of its queue, as if it had acknowledged, but what a handshake is under way for. Returns how
   * many. What comes meanwhile stays.
   */
  async purge(subscriber: Subscriber): Promise<number> {
    let count = 0
    await this.#parts.turns.each([...subscriber.unacked.values()], (delivery) => {
      if (delivery.state === 'committing' || delivery.state === 'over' || isBound(delivery)) return
      this.#parts.store.settle(delivery)
      count += 1
    })
    return count
  }

  /** Writes down anew who there is of the session, in turns. */
  writeDown({ subscribers }: Tenant): Promise<void> {
    return this.#parts.turns.each(subscribers.values(), (subscriber) => this.#record(subscriber))
  }

  /**
   * What it may not have any more ends: subscriptions by filter, what waits or is on its way to the disk by topic, but what a handshake is
   * under way for. A group's goes to another member.
   */
  async restrict(subscriber: Subscriber, mayHave: (filter: string) => boolean): Promise<void> {
    const { turns, deliverer } = this.#parts
    // At once, so that nothing more comes by them.
    for (const [name, { filter }] of [...subscriber.subscriptions]) if (!mayHave(filter)) this.unsubscribe(subscriber, name)
    await turns.each([...subscriber.unacked.values()], (delivery) => {
      if (delivery.state !== 'over' && !isBound(delivery) && !mayHave(delivery.message.topic)) deliverer.leaveOut(delivery)
    })
    // What was sent may have filled its window.
    deliverer.dispatch(subscriber)
  }

  #record(subscriber: Subscriber): void {
    if (isRecorded(subscriber)) this.#parts.recorder.of(subscriber.tenant)?.subscriber(subscriber)
  }
}

/** The oldest first. */
function forGroups({ shared, unacked }: Subscriber): Delivery[] {
  return shared.size === 0 ? [] : [...unacked.values()].filter((delivery) => sharesOf(delivery).length > 0)
}
