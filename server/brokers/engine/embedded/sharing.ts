/** Shared subscriptions: who of a group gets a message instead of a member that left, does not keep up, or may not have it. */
import type { Deliverer } from './deliverer.ts'
import { mayHear, nextMember } from './group-turns.ts'
import type { MessageStore } from './message-store.ts'
import type { Delivery, Member, Message, Subscriber } from './model.ts'
import { isBound } from './numbering.ts'
import type { Recorder } from './recorder.ts'
import { isFull, lettersOf } from './tenant.ts'
import { memberOf, shareOf } from './topic-tree.ts'

/** The shared subscriptions that a delivery is for, by what `shareOf` calls them. */
export function sharesOf({ shares, owed }: Pick<Delivery, 'shares' | 'owed'>): readonly string[] {
  return owed.length === 0 ? shares : [...shares, ...owed]
}

export class Sharing {
  readonly #store: MessageStore
  readonly #recorder: Recorder
  readonly #deliverer: Deliverer

  constructor(store: MessageStore, recorder: Recorder, deliverer: Deliverer) {
    this.#store = store
    this.#recorder = recorder
    this.#deliverer = deliverer
  }

  /**
   * Gives a group's part of a delivery to a member that is there; to any when the subscriber is gone for good, or from the group. Not what
   * this one may have of quality 2 (MQTT-4.8.2-4 and -5). True where some of it stays because no other member has room.
   */
  passOn(delivery: Delivery, { isGone, of = sharesOf(delivery) }: { isGone: boolean; of?: readonly string[] }): boolean {
    const { subscriber } = delivery
    if (delivery.state === 'over' || of.length === 0) return false
    // All are being disconnected, one after another.
    if (subscriber.tenant.suspended && !isGone) return false
    const touched = new Set<Subscriber>()
    let isStuck = false
    for (const share of isBound(delivery) ? delivery.owed.filter((owed) => of.includes(owed)) : of) {
      const isOver = isGone || !subscriber.subscriptions.has(`$share/${share}`)
      const others = [...subscriber.tenant.tree.members(share)].filter((held) => held.subscriber !== subscriber).map(memberOf)
      const other = another(others, delivery.message, isOver)
      if (other !== undefined) {
        this.#give(delivery, share, other)
        touched.add(other.subscriber)
      } else if (isOver) isStuck = others.some(({ qos }) => qos > 0) || isStuck
    }
    if (touched.size > 0) this.#tidy(delivery)
    for (const other of touched) this.#deliverer.dispatch(other)
    return isStuck
  }

  /**
   * Who has nothing left to be sent takes the oldest that waits with another member, which is away or has as much under way as it can.
   * False when there is none.
   */
  takeOver(subscriber: Subscriber): boolean {
    const { tenant, groups, unacked } = subscriber
    if (groups.size === 0 || tenant.queued === unacked.size) return false
    if (![...subscriber.clients].some((client) => client.ready())) return false
    for (const held of groups) {
      const share = shareOf(held)
      if (share === null || held.qos === 0) continue
      for (const { subscriber: other } of tenant.tree.members(share)) {
        if (other === subscriber || !other.shared.has(share) || !isBehind(other)) continue
        for (const delivery of other.shared.get(share) ?? []) {
          if (!isMovable(delivery) || !canTake(subscriber, delivery.message)) continue
          this.#give(delivery, share, memberOf(held))
          this.#tidy(delivery)
          return true
        }
      }
    }
    return false
  }

  /** Its copy is acknowledged; the parts of groups that it was given meanwhile are a message of their own. */
  comeAgain({ subscriber, message, owed, qos, retainAsPublished }: Delivery): void {
    const identifiers = owed.flatMap((share) => subscriber.subscriptions.get(`$share/${share}`)?.identifier ?? [])
    const how = { retainAsPublished, identifiers, shares: owed, isOwn: false }
    const next = this.#store.addDelivery(message, { subscriber, qos, noLocal: false, ...how })
    next.state = 'queued'
    subscriber.queue.push(next)
  }

  #give(delivery: Delivery, share: string, member: Member): void {
    const { message, state, tries, triedBefore } = delivery
    const { subscriber } = member
    this.#store.leaveGroup(delivery, share)
    if (member.qos === 0) return this.#deliverer.sendOnce(message, [member])
    const held = subscriber.unacked.find(message)
    if (held !== undefined) return this.#store.joinGroup(held, member, mayKnow(held))
    const passed = this.#store.addDelivery(message, member)
    passed.triedBefore = tries + triedBefore
    // What is not durable yet is delivered once it is.
    if (state === 'committing') return
    passed.state = 'queued'
    subscriber.queue.push(passed)
  }

  /** Writes down who has the message now. What is left of the delivery, if anything, names only what it is still for. */
  #tidy(delivery: Delivery): void {
    const { subscriber, message, isOwn, shares } = delivery
    const own = isOwn ? subscriber.tenant.tree.route(message.topic).targets.find((target) => target.subscriber === subscriber) : undefined
    delivery.identifiers = [
      ...(own?.identifiers ?? []),
      ...shares.flatMap((share) => subscriber.subscriptions.get(`$share/${share}`)?.identifier ?? []),
    ]
    this.#recorder.of(subscriber.tenant)?.message(message, lettersOf(message))
    if (!isOwn && sharesOf(delivery).length === 0) this.#store.settle(delivery)
  }
}

/**
 * One that acknowledges, with room. Where nobody else is left: one that has a copy under way, to get the group's part after it; or one
 * of quality 0 that is there.
 */
function another(others: readonly Member[], message: Message, isOver: boolean): Member | undefined {
  const hearing = others.filter(({ subscriber }) => (isOver || subscriber.clients.size > 0) && mayHear(subscriber, message))
  const keeping = hearing.filter(({ qos }) => qos > 0)
  const free = keeping.filter(({ subscriber }) => canTake(subscriber, message))
  if (free.length > 0 || !isOver) return nextMember(free, message)
  const holding = keeping.filter(({ subscriber }) => subscriber.unacked.holds(message))
  if (holding.length > 0) return nextMember(holding, message)
  return keeping.length > 0 ? undefined : hearing.find(({ subscriber: { clients } }) => [...clients].some((client) => client.listens()))
}

/** With room, and without a copy that its client may already know: an acknowledgement would be for that one. */
function canTake(subscriber: Subscriber, message: Message): boolean {
  const held = subscriber.unacked.find(message)
  return mayHear(subscriber, message) && (held === undefined ? !isFull(subscriber, message) : !mayKnow(held))
}

function mayKnow({ tries, maybeSent }: Delivery): boolean {
  return tries > 0 || maybeSent
}

function isBehind({ clients, inFlight, tenant }: Subscriber): boolean {
  return clients.size === 0 || inFlight >= tenant.policy.maxInFlight || ![...clients].some((client) => client.ready())
}

/** A member that is there may be about to answer what it was sent. */
function isMovable(delivery: Delivery): boolean {
  return delivery.state === 'queued' && !isBound(delivery) && (delivery.tries === 0 || delivery.subscriber.clients.size === 0)
}
