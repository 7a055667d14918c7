/**
 * The messages that somebody still has to get, that are retained, or that became dead letters. What nobody needs any more is forgotten
 * here.
 */
import type { Clock } from '../../../clock.ts'
import type { DeadLetter, Delivery, Message, Subscriber, Target, Tenant } from './model.ts'
import type { Recorder } from './recorder.ts'
import type { Schedule } from './schedule.ts'
import { hasRoomForRetained, lettersOf } from './tenant.ts'
import type { Turns } from './turns.ts'

/** What stands in the agenda: a message until it expires, a delivery until it is tried again, a subscriber until it was away too long. */
export type Due = Message | Delivery | Subscriber

/** One for all: nearly every delivery has it. */
const none: readonly string[] = []

export class MessageStore {
  /** By sequence, the oldest segment first: what has to be written again before a segment goes. */
  readonly messages = new Map<number, Message>()
  nextSeq = 1
  nextDeadLetter = 1
  /** Bytes of all messages that are still needed. */
  liveBytes = 0
  readonly #clock: Clock
  readonly #schedule: Schedule<Due>
  readonly #recorder: Recorder

  constructor(clock: Clock, schedule: Schedule<Due>, recorder: Recorder) {
    this.#clock = clock
    this.#schedule = schedule
    this.#recorder = recorder
  }

  keep(message: Message): void {
    this.messages.set(message.seq, message)
    message.tenant.stored += 1
    message.tenant.storedBytes += message.body.length
    this.liveBytes += message.body.length
    if (message.expiresAt !== null) this.#schedule.plan(message, this.#clock.monotonic() + message.expiresAt - this.#clock.now())
    if (message.segment !== 0) return
    message.segment = this.#recorder.segment
    this.#recorder.of(message.tenant)?.message(message)
  }

  /** Writes down anew what there is of the session, in turns. */
  async writeDown(tenant: Tenant, turns: Turns): Promise<void> {
    await turns.each([...this.messages.values()], (message) => {
      if (message.tenant === tenant && this.messages.has(message.seq)) this.#write(message)
    })
  }

  isExpired({ expiresAt, due, slot }: Message): boolean {
    return expiresAt !== null && (slot < 0 || due <= this.#clock.monotonic())
  }

  forgetIfOver(message: Message): void {
    if (message.pending === 0 && message.letters === null && !message.retained && this.messages.has(message.seq)) this.#forget(message)
  }

  /** All that the session had, in turns. */
  async forgetTenant(tenant: Tenant, turns: Turns): Promise<void> {
    await turns.each(tenant.subscribers.values(), (subscriber) => this.#schedule.cancel(subscriber))
    await turns.each(this.messages.values(), (message) => {
      if (message.tenant !== tenant) return
      for (const delivery of message.deliveries) this.#schedule.cancel(delivery)
      this.#forget(message)
    })
  }

  /** Puts a delivery, `committing`, among those that wait. */
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
      owed: none,
      isOwn,
      state: 'committing',
      tries: 0,
      triedBefore: 0,
      maybeSent: false,
      packetId: 0,
      isNumbered: false,
    }
    message.deliveries.push(delivery)
    message.pending += 1
    subscriber.unacked.add(delivery)
    for (const share of shares) enter(delivery, share)
    subscriber.queuedBytes += message.body.length
    subscriber.tenant.queued += 1
    subscriber.tenant.statistics.topic(message.topic).queued += 1
    return delivery
  }

  /** One more group has chosen its subscriber. `later`: its client may have the message already, and gets it for the group once more. */
  joinGroup(delivery: Delivery, { shares, qos, identifiers }: Target, later: boolean): void {
    const added = shares.filter((share) => !delivery.shares.includes(share) && !delivery.owed.includes(share))
    if (later) return this.oweGroups(delivery, added)
    for (const share of added) enter(delivery, share)
    delivery.shares = [...delivery.shares, ...added]
    delivery.identifiers = [...delivery.identifiers, ...identifiers]
    const wanted = qos > delivery.message.qos ? delivery.message.qos : qos
    if (wanted > delivery.qos) delivery.qos = wanted
  }

  oweGroups(delivery: Delivery, shares: readonly string[]): void {
    if (shares.length === 0) return
    for (const share of shares) enter(delivery, share)
    delivery.owed = [...delivery.owed, ...shares]
  }

  leaveGroup(delivery: Delivery, share: string): void {
    delivery.shares = delivery.shares.filter((each) => each !== share)
    delivery.owed = delivery.owed.filter((each) => each !== share)
    leave(delivery, share)
  }

  /** Takes a delivery out of all counts; false when it was over already. */
  release(delivery: Delivery): boolean {
    const { message, subscriber } = delivery
    if (delivery.state === 'over') return false
    const wasSent = delivery.state === 'sent'
    if (wasSent) subscriber.inFlight -= 1
    delivery.state = 'over'
    this.#schedule.cancel(delivery)
    subscriber.unacked.delete(delivery)
    for (const share of delivery.shares) leave(delivery, share)
    for (const share of delivery.owed) leave(delivery, share)
    // What is on a connection keeps its packet id until it is answered there, or the connection ends.
    if (delivery.packetId !== 0 && !wasSent) subscriber.packetIds.sent.delete(delivery.packetId)
    subscriber.queuedBytes -= message.body.length
    subscriber.tenant.queued -= 1
    const topic = subscriber.tenant.statistics.topics.get(message.topic)
    if (topic !== undefined) topic.queued -= 1
    message.pending -= 1
    letGoOfSettled(message)
    if (subscriber.retained.size > 0 && subscriber.retained.get(message.topic) === delivery) subscriber.retained.delete(message.topic)
    if (subscriber.whenRoom.length > 0 && hasRoomForRetained(subscriber)) for (const callback of subscriber.whenRoom.splice(0)) callback()
    return true
  }

  /** The subscriber is done with it. */
  settle(delivery: Delivery): void {
    const { message } = delivery
    if (!this.release(delivery)) return
    this.#recorder.of(message.tenant)?.settle(delivery)
    this.forgetIfOver(message)
  }

  retain(message: Message, isEmpty: boolean): void {
    const { tenant, topic } = message
    const before = tenant.retained.get(topic)
    if (before !== undefined) this.unretain(before)
    if (isEmpty) return
    message.retained = true
    tenant.retained.set(topic, message)
  }

  unretain(message: Message): void {
    message.tenant.retained.delete(message.topic)
    message.retained = false
    this.#recorder.of(message.tenant)?.unretain(message)
    this.forgetIfOver(message)
  }

  addDeadLetter(letter: DeadLetter): void {
    const { message, tenant } = letter
    message.letters = (message.letters ?? new Set()).add(letter)
    tenant.deadLetters.set(letter.id, letter)
  }

  removeDeadLetter(letter: DeadLetter): void {
    const { message, tenant } = letter
    if (!tenant.deadLetters.delete(letter.id)) return
    message.letters?.delete(letter)
    if (message.letters?.size === 0) message.letters = null
    this.#recorder.of(tenant)?.deadRemoved(letter)
    this.forgetIfOver(message)
  }

  /** Puts back a letter whose copy the disk refused. Its message may be forgotten already, so it is written anew. */
  restoreDeadLetter(letter: DeadLetter): void {
    const { message } = letter
    this.addDeadLetter(letter)
    if (!this.messages.has(message.seq)) this.keep(message)
    this.#write(message)
  }

  /** As the last of the segment that is written now: they are kept in this order. */
  #write(message: Message): void {
    this.messages.delete(message.seq)
    this.messages.set(message.seq, message)
    message.segment = this.#recorder.segment
    this.#recorder.of(message.tenant)?.message(message, lettersOf(message))
  }

  #forget(message: Message): void {
    this.messages.delete(message.seq)
    this.#schedule.cancel(message)
    message.tenant.stored -= 1
    message.tenant.storedBytes -= message.body.length
    this.liveBytes -= message.body.length
  }
}

function enter(delivery: Delivery, share: string): void {
  const { shared } = delivery.subscriber
  const held = shared.get(share) ?? new Set()
  shared.set(share, held.add(delivery))
}

function leave(delivery: Delivery, share: string): void {
  const { shared } = delivery.subscriber
  const held = shared.get(share)
  if (held?.delete(delivery) === true && held.size === 0) shared.delete(share)
}

/** What is over is let go of in halves: one slow subscriber among many would otherwise keep the deliveries of all the others in memory. */
function letGoOfSettled(message: Message): void {
  const { deliveries, pending } = message
  if (deliveries.length >= 4 && pending > 0 && pending * 2 <= deliveries.length)
    message.deliveries = deliveries.filter(({ state }) => state !== 'over')
}
