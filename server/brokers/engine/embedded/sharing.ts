/** Shared subscriptions: which member gets a message, and who gets it instead of one that left. */
import type { Deliverer } from './deliverer.ts'
import type { MessageStore } from './message-store.ts'
import type { Delivery, Route, Subscriber, Target } from './model.ts'
import { isBound } from './numbering.ts'
import type { Recorder } from './recorder.ts'
import { isFull, lettersOf } from './tenant.ts'
import { together } from './topic-tree.ts'

/** One member of each group beside who listens for itself; who is both, or in two groups, gets the message once and for all of them. */
export function receivers({ targets, groups }: Route): readonly Target[] {
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

/** Gives what a subscriber that left was to get for a group to another member. */
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
   * To a member that is there, or to any when the subscriber is gone for good, then also what is on its way to the disk; not what this one
   * may have of quality 2 (MQTT-4.8.2-4 and -5).
   */
  passOn(delivery: Delivery, { isGone }: { isGone: boolean }): void {
    const { subscriber, message, state } = delivery
    if (delivery.shares.length === 0 || (state === 'committing' && !isGone) || state === 'over' || isBound(delivery)) return
    const others = new Map<string, Subscriber>()
    for (const share of delivery.shares) {
      const other = this.#passOnShare(delivery, share, isGone)
      if (other !== null) others.set(share, other)
    }
    if (others.size === 0) return
    delivery.shares = delivery.shares.filter((share) => !others.has(share))
    this.#recorder.of(subscriber.tenant)?.message(message, lettersOf(message))
    if (delivery.shares.length === 0 && !delivery.isOwn) this.#store.settle(delivery)
    for (const other of others.values()) this.#deliverer.dispatch(other)
  }

  #passOnShare({ message, subscriber, tries, state }: Delivery, share: string, isGone: boolean): Subscriber | null {
    const members = subscriber.tenant.tree.route(message.topic).groups.find(([first]) => first?.shares.includes(share)) ?? []
    const other = chooseMember(
      members.filter((member) => member.subscriber !== subscriber && (member.subscriber.clients.size > 0 || isGone)),
    )
    if (other === undefined || other.subscriber.unacked.holds(message) || isFull(other.subscriber, message)) return null
    const passed = this.#store.addDelivery(message, other)
    passed.tries = tries
    // It waits for the disk as this one did.
    if (state === 'committing') return other.subscriber
    passed.state = 'queued'
    other.subscriber.queue.push(passed)
    return other.subscriber
  }
}

/** The member with the least to do, one that is there before one that is away. */
function chooseMember(members: readonly Target[]): Target | undefined {
  const load = ({ subscriber }: Target): number => subscriber.unacked.size + (subscriber.clients.size > 0 ? 0 : 1e12)
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
