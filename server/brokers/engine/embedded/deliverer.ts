/** Messages on their way: sent, acknowledged, tried again, given up. What happens once a message has its subscribers. */
import type { Clock } from '../../../clock.ts'
import { escape } from '../../../isolation.ts'
import type { DeadReason } from '../types.ts'
import type { Due, MessageStore } from './message-store.ts'
import type { DeadLetter, Delivery, Message, Subscriber, Target } from './model.ts'
import { attempt, give } from './client-calls.ts'
import { isBound, needsLastingId, numberAhead } from './numbering.ts'
import { Queue } from './queue.ts'
import type { Recorder } from './recorder.ts'
import type { Schedule } from './schedule.ts'
import { isOnlooker, isTriedAgain, lettersOf, noteNewer, triesOf } from './tenant.ts'
import type { Turns } from './turns.ts'

/** Messages looked at for one subscriber before others are served. */
const stepsInARow = 500

/** `own`: none of its connections may have it. */
type Outcome = 'sent' | 'blocked' | 'own' | 'oversized' | 'unsendable'

export interface DelivererParts {
  clock: Clock
  store: MessageStore
  schedule: Schedule<Due>
  recorder: Recorder
  turns: Turns
  onDeadLetter(letter: DeadLetter): void
  /** What becomes of messages for groups: see `Sharing`. */
  groups(): Groups
}

interface Groups {
  passOn(delivery: Delivery, how: { isGone: boolean }): boolean
  takeOver(subscriber: Subscriber): boolean
  comeAgain(delivery: Delivery): void
}

export class Deliverer {
  readonly #clock: Clock
  readonly #store: MessageStore
  readonly #schedule: Schedule<Due>
  readonly #recorder: Recorder
  readonly #turns: Turns
  readonly #onDeadLetter: (letter: DeadLetter) => void
  readonly #groups: () => Groups
  /** Who waits for packet ids that the disk refused. */
  readonly #refused = new Set<Subscriber>()

  constructor({ clock, store, schedule, recorder, turns, onDeadLetter, groups }: DelivererParts) {
    this.#clock = clock
    this.#store = store
    this.#schedule = schedule
    this.#recorder = recorder
    this.#turns = turns
    this.#onDeadLetter = onDeadLetter
    this.#groups = groups
  }

  /** Ends the oldest of that id which the client can have got. True when there was one. */
  acknowledge(subscriber: Subscriber, messageId: string): boolean {
    const delivery = subscriber.unacked.under(messageId).find(({ tries, maybeSent }) => tries > 0 || maybeSent)
    return delivery !== undefined && this.acknowledgeDelivery(delivery)
  }

  /** True when it was waiting for this acknowledgement. */
  acknowledgeDelivery(delivery: Delivery): boolean {
    const { state, subscriber, message, owed } = delivery
    if (state === 'committing' || state === 'over') return false
    subscriber.tenant.statistics.delivered.add(1, this.#clock.monotonic())
    if (owed.length > 0) this.#groups().comeAgain(delivery)
    this.#store.settle(delivery)
    // The journal has one delivery of a message to a subscriber: the one that is over, until here.
    if (owed.length > 0) this.#recorder.of(subscriber.tenant)?.message(message, lettersOf(message))
    this.dispatch(subscriber)
    return true
  }

  /** Sends what the window and the connection allow. */
  dispatch(subscriber: Subscriber): void {
    const { tenant, clients } = subscriber
    if (subscriber.isDispatching || subscriber.goesOn || tenant.suspended || clients.size === 0) return
    subscriber.isDispatching = true
    try {
      if (this.#catchUp(subscriber) && this.#sendQueued(subscriber)) this.#takeOver(subscriber)
    } finally {
      subscriber.isDispatching = false
    }
  }

  /** To one after another, in turns. */
  dispatchAll(subscribers: Iterable<Subscriber>): void {
    this.#turns.each(subscribers, (subscriber) => this.dispatch(subscriber)).catch(escape)
  }

  /** The disk works again. */
  dispatchRefused(): void {
    const refused = [...this.#refused]
    this.#refused.clear()
    this.dispatchAll(refused)
  }

  /** Without acknowledgement, to who is there and has room. */
  sendOnce(message: Message, targets: readonly Target[]): void {
    const now = this.#clock.monotonic()
    const { delivered } = message.tenant.statistics
    for (const target of targets) {
      const isCounted = !isOnlooker(target.subscriber)
      for (const client of target.subscriber.clients) {
        if (message.source === 'json' && client.id === message.origin) continue
        const wasSent = attempt(client, () => client.listens() && (client.sendOnce(message, target, false), true)) === true
        if (!wasSent) continue
        if (isCounted) delivered.add(1, now)
        this.#overtake(target.subscriber, message.topic)
      }
    }
  }

  /** Beside its queue it was given something newer than what is retained on the topic: that must not follow. */
  #overtake(subscriber: Subscriber, topic: string): void {
    noteNewer(subscriber, topic)
    const waiting = subscriber.retained.get(topic)
    if (waiting?.state === 'queued' && waiting.tries === 0 && !isBound(waiting)) this.#store.settle(waiting)
  }

  /** Its time for another try has come. */
  retry(delivery: Delivery): void {
    if (delivery.state !== 'sent') return
    const { policy, suspended } = delivery.message.tenant
    if (this.#store.isExpired(delivery.message)) return this.deadLetter(delivery, 'expired')
    if (triesOf(delivery) > policy.maxRetryLimit) return this.deadLetter(delivery, 'max-retries')
    const outcome = suspended ? 'blocked' : this.#send(delivery)
    // A slow connection is given time, not another copy.
    if (outcome === 'blocked') delivery.subscriber.late.push(delivery)
    else if (outcome === 'own') this.leaveOut(delivery)
    else if (outcome === 'oversized' || outcome === 'unsendable') this.deadLetter(delivery, outcome)
  }

  /** Everything that was sent waits again, in its old order. */
  requeue(subscriber: Subscriber): void {
    const { packetIds, unacked } = subscriber
    subscriber.queue = new Queue()
    subscriber.late = new Queue()
    subscriber.inFlight = 0
    // Those of messages that were given up while the connection lived are free now: only its client could still have answered.
    packetIds.sent.clear()
    for (const { packetId } of unacked.values()) if (packetId !== 0) packetIds.sent.add(packetId)
    for (const delivery of unacked.values()) {
      this.#schedule.cancel(delivery)
      if (delivery.state === 'committing') continue
      delivery.state = 'queued'
      subscriber.queue.push(delivery)
    }
  }

  expire(message: Message): void {
    if (message.retained) this.#store.unretain(message)
    this.#turns
      .each(message.deliveries, (delivery) => {
        if (delivery.state !== 'over' && !isBound(delivery)) this.deadLetter(delivery, 'expired')
      })
      .catch(escape)
  }

  /** Its subscriber may not have it; another member of its group may, and where none has room it is not thrown away. */
  leaveOut(delivery: Delivery): void {
    if (this.#groups().passOn(delivery, { isGone: true })) this.deadLetter(delivery, 'overflow')
    else this.#store.settle(delivery)
  }

  /** Gives up on it: it is kept for a person to look at. */
  deadLetter(delivery: Delivery, reason: DeadReason): void {
    const { message, subscriber } = delivery
    const { tenant } = message
    const tries = triesOf(delivery)
    if (!this.#store.release(delivery)) return
    const id = this.#store.nextDeadLetter++
    const letter: DeadLetter = { id, tenant, message, subscriberKey: subscriber.key, reason, tries, at: this.#clock.now() }
    this.#store.addDeadLetter(letter)
    tenant.statistics.deadTotal += 1
    this.#recorder.of(tenant)?.dead(letter, subscriber.id)
    this.#onDeadLetter(letter)
    for (const oldest of tenant.deadLetters.values()) {
      if (tenant.deadLetters.size <= tenant.policy.maxDeadLetters) break
      tenant.statistics.deadForgotten += 1
      this.#store.removeDeadLetter(oldest)
    }
    if (subscriber.clients.size > 0) this.dispatch(subscriber)
  }

  /** True when there is nothing left, and room for more. */
  #sendQueued(subscriber: Subscriber): boolean {
    const { queue, tenant } = subscriber
    for (let steps = 0; subscriber.inFlight < tenant.policy.maxInFlight; steps += 1) {
      const delivery = queue.peek()
      if (delivery === undefined) return true
      if (steps === stepsInARow) return this.#goOn(subscriber)
      if (delivery.state !== 'queued') {
        queue.shift()
        continue
      }
      const reason = this.#reasonToGiveUp(delivery)
      if (reason !== null) {
        queue.shift()
        this.deadLetter(delivery, reason)
        continue
      }
      if (!delivery.isNumbered && needsLastingId(delivery)) return this.#number(subscriber)
      const outcome = this.#send(delivery)
      if (outcome === 'blocked') return false
      queue.shift()
      if (outcome === 'oversized' || outcome === 'unsendable') this.deadLetter(delivery, outcome)
      else if (outcome === 'own') this.leaveOut(delivery)
      else {
        delivery.state = 'sent'
        subscriber.inFlight += 1
      }
    }
    return false
  }

  /** Goes on with what waits for others of its groups. */
  #takeOver(subscriber: Subscriber): void {
    for (let steps = 0; this.#groups().takeOver(subscriber); steps += 1) {
      if (steps === stepsInARow) return void this.#goOn(subscriber)
      if (!this.#sendQueued(subscriber)) return
    }
  }

  /** Until its next turn it is left alone. */
  #goOn(subscriber: Subscriber): false {
    subscriber.goesOn = true
    this.#turns
      .next()
      .then(() => {
        subscriber.goesOn = false
        this.dispatch(subscriber)
      })
      .catch(escape)
    return false
  }

  #reasonToGiveUp(delivery: Delivery): DeadReason | null {
    if (isBound(delivery)) return null
    if (this.#store.isExpired(delivery.message)) return 'expired'
    return triesOf(delivery) > delivery.message.tenant.policy.maxRetryLimit ? 'max-retries' : null
  }

  #send(delivery: Delivery): Outcome {
    const { subscriber, message } = delivery
    let outcome: Outcome = 'own'
    delivery.tries += 1
    for (const client of subscriber.clients) {
      // Never back to the connection it came from; MQTT clients expect that and say `noLocal` where they do not.
      if (client.id === message.origin && message.source === 'json') continue
      const taken = give(client, delivery)
      if (taken === 'sent') outcome = 'sent'
      // One that takes nothing at the moment may take it later.
      else if (outcome !== 'sent' && outcome !== 'blocked') outcome = taken
    }
    if (outcome !== 'sent') {
      delivery.tries -= 1
      return outcome
    }
    if (delivery.tries > 1) this.#recorder.of(message.tenant)?.tries(delivery)
    if (isTriedAgain(subscriber)) this.#schedule.plan(delivery, this.#clock.monotonic() + message.tenant.policy.retryInterval)
    return outcome
  }

  /** Tries that were due while the connection took nothing, before anything new. False when it still takes nothing. */
  #catchUp({ late }: Subscriber): boolean {
    // Not beyond what is there now: what is still blocked comes back at the end.
    for (let count = late.length; count > 0; count -= 1) {
      const delivery = late.shift()
      if (delivery === undefined) return true
      this.retry(delivery)
      if (late.length === count) return false
    }
    return true
  }

  /** Puts packet ids for what the subscriber is to be sent next onto the disk, then dispatches to it. */
  #number(subscriber: Subscriber): false {
    if (subscriber.isNumbering) return false
    const numbered = numberAhead(subscriber)
    const records = this.#recorder.of(subscriber.tenant)
    // Without an id that is free, or after the stop, it waits for the next dispatch.
    if (numbered.length === 0 || records === null) return false
    for (const delivery of numbered) records.sentAs(delivery)
    subscriber.isNumbering = true
    this.#recorder.whenStored(subscriber.tenant.policy.durability, (isStored) => {
      subscriber.isNumbering = false
      if (!isStored) return void this.#refused.add(subscriber)
      for (const delivery of numbered) delivery.isNumbered = delivery.state !== 'over'
      this.dispatch(subscriber)
    })
    return false
  }
}
