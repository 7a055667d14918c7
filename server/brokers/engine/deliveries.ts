/** Messages on their way: sent, acknowledged, tried again, given up. What an engine does once a message has its subscribers. */
import type { Clock } from '../../clock.ts'
import { Agenda } from './agenda.ts'
import { lettersOf } from './compaction.ts'
import type { Journal } from './journal.ts'
import { Queue, type DeadLetter, type DeadReason, type Delivery, type Link, type Message, type Subscriber } from './model.ts'
import { isBound, needsLastingId } from './packet-ids.ts'
import type { Tenant } from './tenant.ts'
import type { Target } from './topics.ts'

/** What stands in the agenda: a message until it expires, a delivery until it is tried again, a subscriber until it was away too long. */
export type Due = Message | Delivery | Subscriber

/** `own`: none of its connections may have it. */
type Outcome = 'sent' | 'blocked' | 'own' | 'oversized' | 'unsendable'

export abstract class Deliveries {
  readonly clock: Clock
  readonly agenda = new Agenda<Due>()
  /** By sequence, the oldest segment first: what has to be written again before a segment goes. */
  readonly messages = new Map<number, Message>()
  nextDeadLetter = 1
  /** Bytes of all messages that are still needed. */
  liveBytes = 0
  abstract readonly journal: Journal
  private readonly tellDeadLetter: (letter: DeadLetter) => void

  constructor(clock: Clock, tellDeadLetter: (letter: DeadLetter) => void) {
    this.clock = clock
    this.tellDeadLetter = tellDeadLetter
  }

  /** The writer of the session's records, null when it keeps nothing on the disk. */
  abstract record(tenant: Tenant): Journal['records'] | null

  /** Puts it into the agenda, or moves it there. */
  abstract plan(item: Due, due: number): void

  /** Puts packet ids for what the subscriber is to be sent next onto the disk, then dispatches to it. */
  protected abstract number(subscriber: Subscriber): void

  /** Ends the oldest of that id which the client can have got. True when there was one. */
  acknowledge(subscriber: Subscriber, messageId: string): boolean {
    const delivery = subscriber.unacked.under(messageId).find(({ tries, maybeSent }) => tries > 0 || maybeSent)
    return delivery !== undefined && this.acknowledgeDelivery(delivery)
  }

  /** True when it was waiting for this acknowledgement. */
  acknowledgeDelivery(delivery: Delivery): boolean {
    const { state, subscriber } = delivery
    if (state === 'committing' || state === 'over') return false
    const now = this.clock.monotonic()
    subscriber.delivered += 1
    subscriber.tenant.delivered.add(1, now)
    this.settle(delivery)
    this.dispatch(subscriber)
    return true
  }

  /** Sends what the window and the connection allow. */
  dispatch(subscriber: Subscriber): void {
    const { tenant, links } = subscriber
    if (subscriber.isDispatching || tenant.suspended || links.size === 0) return
    subscriber.isDispatching = true
    try {
      if (this.catchUp(subscriber)) this.sendQueued(subscriber)
    } finally {
      subscriber.isDispatching = false
    }
  }

  private sendQueued(subscriber: Subscriber): void {
    const { queue, tenant } = subscriber
    while (subscriber.inFlight < tenant.policy.maxInFlight) {
      const delivery = queue.peek()
      if (delivery === undefined) return
      if (delivery.state !== 'queued') {
        queue.shift()
        continue
      }
      const reason = isBound(delivery)
        ? null
        : this.isExpired(delivery.message)
          ? 'expired'
          : delivery.tries > tenant.policy.maxRetryLimit
            ? 'max-retries'
            : null
      if (reason !== null) {
        queue.shift()
        this.bury(delivery, reason)
        continue
      }
      if (!delivery.isNumbered && needsLastingId(delivery)) return this.number(subscriber)
      const outcome = this.send(delivery)
      if (outcome === 'blocked') return
      queue.shift()
      if (outcome === 'oversized' || outcome === 'unsendable') this.bury(delivery, outcome)
      else if (outcome === 'own') this.settle(delivery)
      else {
        delivery.state = 'sent'
        subscriber.inFlight += 1
      }
    }
  }

  removeDeadLetter(letter: DeadLetter): void {
    const { message } = letter
    if (!message.tenant.deadLetters.delete(letter.id)) return
    message.deadLetters -= 1
    this.record(message.tenant)?.deadRemoved(letter)
    this.forgetIfOver(message)
  }

  /** Puts back a letter whose copy the disk refused. Its message may be forgotten already, so it is written anew. */
  protected restoreDeadLetter(letter: DeadLetter): void {
    const { message } = letter
    const { tenant } = message
    message.deadLetters += 1
    tenant.deadLetters.set(letter.id, letter)
    if (this.messages.delete(message.seq)) this.messages.set(message.seq, message)
    else this.keep(message)
    message.segment = this.journal.segment
    this.record(tenant)?.message(message, lettersOf(message))
  }

  /** Takes all that waits for the subscriber out of its queue, as if it had acknowledged, but what a handshake is under way for. Returns how many. */
  purge(subscriber: Subscriber): number {
    const waiting = [...subscriber.unacked.values()].filter((delivery) => delivery.state !== 'committing' && !isBound(delivery))
    for (const delivery of waiting) this.settle(delivery)
    return waiting.length
  }

  /** Puts a delivery made by `restore` among those that wait. */
  addDelivery(message: Message, target: Target): Delivery {
    const { subscriber, qos, retainAsPublished, identifiers, shares, isOwn } = target
    const delivery: Delivery = {
      kind: 'delivery',
      due: 0,
      slot: -1,
      message,
      subscriber,
      qos: qos > message.qos ? message.qos : qos,
      retainAsPublished,
      identifiers,
      shares,
      isOwn,
      state: 'committing',
      tries: 0,
      maybeSent: false,
      packetId: 0,
      isNumbered: false,
    }
    message.deliveries.push(delivery)
    message.pending += 1
    subscriber.unacked.add(delivery)
    subscriber.queuedBytes += message.body.length
    subscriber.tenant.queued += 1
    subscriber.tenant.topic(message.topic).queued += 1
    return delivery
  }

  keep(message: Message): void {
    this.messages.set(message.seq, message)
    message.tenant.storedBytes += message.body.length
    this.liveBytes += message.body.length
    if (message.expiresAt !== null) this.plan(message, this.clock.monotonic() + message.expiresAt - this.clock.now())
    if (message.segment !== 0) return
    message.segment = this.journal.segment
    this.record(message.tenant)?.message(message)
  }

  protected sendOnce(message: Message, targets: readonly Target[]): void {
    const now = this.clock.monotonic()
    for (const target of targets) {
      for (const link of target.subscriber.links) {
        if (message.source === 'json' && link.id === message.origin) continue
        if (attempt(link, () => link.ready() && (link.sendOnce(message, target, false), true)) === true)
          message.tenant.delivered.add(1, now)
      }
    }
  }

  protected send(delivery: Delivery): Outcome {
    const { subscriber, message } = delivery
    let outcome: Outcome = 'own'
    delivery.tries += 1
    for (const link of subscriber.links) {
      // Never back to the connection it came from; MQTT clients expect that and say `noLocal` where they do not.
      if (link.id === message.origin && message.source === 'json') continue
      const taken = give(link, delivery)
      if (taken === 'sent') outcome = 'sent'
      // One that takes nothing at the moment may take it later.
      else if (outcome !== 'sent' && outcome !== 'blocked') outcome = taken
    }
    if (outcome !== 'sent') {
      delivery.tries -= 1
      return outcome
    }
    if (delivery.tries > 1) this.record(message.tenant)?.tries(delivery)
    // MQTT forbids sending again on a connection that lives (MQTT-4.4.0-1); those wait for the next one.
    if (!isMqtt(subscriber)) this.plan(delivery, this.clock.monotonic() + message.tenant.policy.retryInterval)
    return outcome
  }

  /** Tries that were due while the connection took nothing, before anything new. False when it still takes nothing. */
  private catchUp({ late }: Subscriber): boolean {
    // Not beyond what is there now: what is still blocked comes back at the end.
    for (let count = late.length; count > 0; count -= 1) {
      const delivery = late.shift()
      if (delivery === undefined) return true
      this.retry(delivery)
      if (late.length === count) return false
    }
    return true
  }

  protected retry(delivery: Delivery): void {
    if (delivery.state !== 'sent') return
    const { policy, suspended } = delivery.message.tenant
    if (this.isExpired(delivery.message)) return this.bury(delivery, 'expired')
    if (delivery.tries > policy.maxRetryLimit) return this.bury(delivery, 'max-retries')
    const outcome = suspended ? 'blocked' : this.send(delivery)
    // A slow connection is given time, not another copy.
    if (outcome === 'blocked') delivery.subscriber.late.push(delivery)
    else if (outcome === 'own') this.settle(delivery)
    else if (outcome === 'oversized' || outcome === 'unsendable') this.bury(delivery, outcome)
  }

  protected isExpired({ expiresAt, due, slot }: Message): boolean {
    return expiresAt !== null && (slot < 0 || due <= this.clock.monotonic())
  }

  /** Everything that was sent waits again, in its old order. */
  protected requeue(subscriber: Subscriber): void {
    subscriber.queue = new Queue()
    subscriber.late = new Queue()
    subscriber.inFlight = 0
    // Those of messages that were given up while the connection lived are free now: only its client could still have answered.
    subscriber.packetIds.clear()
    for (const { packetId } of subscriber.unacked.values()) if (packetId !== 0) subscriber.packetIds.add(packetId)
    for (const delivery of subscriber.unacked.values()) {
      this.agenda.remove(delivery)
      if (delivery.state === 'committing') continue
      delivery.state = 'queued'
      subscriber.queue.push(delivery)
    }
  }

  /** Messages of a shared subscription go to another member that is there; not those this one may have of quality 2 (MQTT-4.8.2-4 and -5). */
  protected passOnShared(subscriber: Subscriber, gone: boolean): void {
    for (const delivery of [...subscriber.unacked.values()]) {
      if (delivery.shares.length === 0 || delivery.state === 'committing' || isBound(delivery)) continue
      const others = new Map<string, Subscriber>()
      for (const share of delivery.shares) {
        const other = this.passOn(delivery, share, gone)
        if (other !== null) others.set(share, other)
      }
      if (others.size === 0) continue
      delivery.shares = delivery.shares.filter((share) => !others.has(share))
      this.record(subscriber.tenant)?.message(delivery.message, lettersOf(delivery.message))
      if (delivery.shares.length === 0 && !delivery.isOwn) this.settle(delivery)
      for (const other of others.values()) this.dispatch(other)
    }
  }

  private passOn({ message, subscriber, tries }: Delivery, share: string, gone: boolean): Subscriber | null {
    const members = subscriber.tenant.tree.route(message.topic).groups.find(([first]) => first?.shares.includes(share)) ?? []
    const other = chooseMember(members.filter((member) => member.subscriber !== subscriber && (member.subscriber.links.size > 0 || gone)))
    if (other === undefined || other.subscriber.unacked.holds(message) || isFull(other.subscriber, message)) return null
    const passed = this.addDelivery(message, other)
    passed.state = 'queued'
    passed.tries = tries
    other.subscriber.queue.push(passed)
    return other.subscriber
  }

  protected settle(delivery: Delivery): void {
    const { message } = delivery
    if (!this.release(delivery)) return
    this.record(message.tenant)?.settle(delivery)
    this.forgetIfOver(message)
  }

  protected bury(delivery: Delivery, reason: DeadReason): void {
    const { message, subscriber, tries } = delivery
    const { tenant } = message
    if (!this.release(delivery)) return
    const letter: DeadLetter = { id: this.nextDeadLetter++, message, subscriberKey: subscriber.key, reason, tries, at: this.clock.now() }
    message.deadLetters += 1
    tenant.deadLetters.set(letter.id, letter)
    tenant.deadTotal += 1
    this.record(tenant)?.dead(letter, subscriber.id)
    this.tellDeadLetter(letter)
    for (const oldest of tenant.deadLetters.values()) {
      if (tenant.deadLetters.size <= tenant.policy.maxDeadLetters) break
      tenant.deadForgotten += 1
      this.removeDeadLetter(oldest)
    }
    if (subscriber.links.size > 0) this.dispatch(subscriber)
  }

  /** Takes a delivery out of all counts; false when it was over already. */
  protected release(delivery: Delivery): boolean {
    const { message, subscriber } = delivery
    if (delivery.state === 'over') return false
    const wasSent = delivery.state === 'sent'
    if (wasSent) subscriber.inFlight -= 1
    delivery.state = 'over'
    this.agenda.remove(delivery)
    subscriber.unacked.delete(delivery)
    // What is on a connection keeps its packet id until it is answered there, or the connection ends.
    if (delivery.packetId !== 0 && !wasSent) subscriber.packetIds.delete(delivery.packetId)
    subscriber.queuedBytes -= message.body.length
    subscriber.tenant.queued -= 1
    const topic = subscriber.tenant.topics.get(message.topic)
    if (topic !== undefined) topic.queued -= 1
    message.pending -= 1
    letGoOfSettled(message)
    return true
  }

  protected forgetIfOver(message: Message): void {
    if (message.pending === 0 && message.deadLetters === 0 && !message.retained && this.messages.has(message.seq)) this.forget(message)
  }

  protected forget(message: Message): void {
    this.messages.delete(message.seq)
    this.agenda.remove(message)
    message.tenant.storedBytes -= message.body.length
    this.liveBytes -= message.body.length
  }
}

/** Asks something of a connection; undefined where it threw. A fault there ends that connection and must not reach who else is served. */
export function attempt<Result>(link: Link, act: () => Result): Result | undefined {
  try {
    return act()
  } catch (error) {
    link.failed(error)
    return undefined
  }
}

/** Without a closure: this is what a delivery costs most of. */
function give(link: Link, delivery: Delivery): 'sent' | 'blocked' | 'oversized' | 'unsendable' {
  let isReady = false
  try {
    isReady = link.ready()
    if (!isReady) return 'blocked'
    return link.send(delivery) ? 'sent' : 'oversized'
  } catch (error) {
    link.failed(error)
    return isReady ? 'unsendable' : 'blocked'
  }
}

/** What is over is let go of in halves: one slow subscriber among many would otherwise keep the deliveries of all the others in memory. */
function letGoOfSettled(message: Message): void {
  const { deliveries, pending } = message
  if (deliveries.length >= 4 && pending > 0 && pending * 2 <= deliveries.length)
    message.deliveries = deliveries.filter(({ state }) => state !== 'over')
}

export function isFull(subscriber: Subscriber, message: Message): boolean {
  const { maxQueuedMessages, maxQueuedBytes } = subscriber.tenant.policy
  return (
    subscriber.unacked.size >= maxQueuedMessages ||
    (subscriber.queuedBytes + message.body.length > maxQueuedBytes && subscriber.unacked.size > 0)
  )
}

/** The member with the least to do, one that is there before one that is away. */
export function chooseMember(members: readonly Target[]): Target | undefined {
  const load = ({ subscriber }: Target): number => subscriber.unacked.size + (subscriber.links.size > 0 ? 0 : 1e12)
  return members.reduce<Target | undefined>(
    (best, member) =>
      best === undefined ||
      load(member) < load(best) ||
      (load(member) === load(best) && member.subscriber.delivered < best.subscriber.delivered)
        ? member
        : best,
    undefined,
  )
}

/** Whether the disk knows of it: a name to come back under, or a will to be published after a crash. */
export function isRecorded({ durable, will }: Subscriber): boolean {
  return durable || will !== null
}

export function isMqtt({ key }: Subscriber): boolean {
  return key.startsWith('mqtt:')
}
