/** Shared subscriptions: which member of a group gets a message. */
import type { Member, Message, Publisher, Route, Subscriber, Target } from './model.ts'
import { isFull } from './tenant.ts'
import { together } from './topic-tree.ts'

/**
 * Who listens for itself, and one member of each group; who is both, or in two groups, gets the message once and for all of them. The turns
 * of a group go round whatever else its members listen to.
 */
export function receivers({ targets, groups }: Route, message: Message, publisher: Publisher | null = null): readonly Target[] {
  const mayHave = (target: Target): boolean => publisher === null || !isFrom(publisher, target, message)
  const own = publisher === null ? targets : targets.filter(mayHave)
  if (groups.length === 0) return own
  const chosen = new Map(own.map((target) => [target.subscriber, target]))
  for (const members of groups) {
    const member = nextMember(members.filter(mayHave), message)
    if (member === undefined) continue
    const before = chosen.get(member.subscriber)
    chosen.set(member.subscriber, before === undefined ? member : together(before, member))
  }
  return [...chosen.values()]
}

/**
 * Of those who can take it best, whoever has least of the group under way; among equals, whose turn is longest ago. Nothing is ever under
 * way with a member of quality 0: it has its turn among the others.
 */
export function nextMember(members: readonly Member[], message: Message): Member | undefined {
  const standings = members.map((member) => standingOf(member, message))
  const best = Math.min(...standings)
  let least = Infinity
  for (const [index, member] of members.entries())
    if (standings[index] === best && isAcknowledged(member, message)) least = Math.min(least, loadOf(member))
  let next: Member | undefined
  for (const [index, member] of members.entries()) {
    if (standings[index] !== best || (isAcknowledged(member, message) && loadOf(member) > least)) continue
    if (next === undefined || member.held.turn < next.held.turn) next = member
  }
  if (next !== undefined) next.held.turn = message.tenant.turns += 1
  return next
}

/** A JSON client never hears itself, and one under its name may only where it has another connection. */
export function mayHear({ clients }: Subscriber, { source, origin }: Message): boolean {
  return source !== 'json' || clients.size === 0 || [...clients].some(({ id }) => id !== origin)
}

/** The less the better: there with room for more, there with as much as it may have under way, away, full. */
function standingOf(member: Member, message: Message): number {
  const { subscriber } = member
  const { clients, unacked, tenant } = subscriber
  const isThere = clients.size > 0
  if (!isAcknowledged(member, message)) return isThere && [...clients].some((client) => client.listens()) ? 0 : 5
  if (isFull(subscriber, message)) return isThere ? 3 : 4
  if (!isThere) return 2
  return unacked.size < tenant.policy.maxInFlight ? 0 : 1
}

function isAcknowledged({ qos }: Target, message: Message): boolean {
  return qos > 0 && message.qos > 0
}

function loadOf({ subscriber, shares: [share] }: Member): number {
  return share === undefined ? 0 : (subscriber.shared.get(share)?.size ?? 0)
}

/** A JSON client never hears itself; other connections under its name do. An MQTT client does unless it asked not to. */
function isFrom(publisher: Publisher, { subscriber, noLocal }: Target, message: Message): boolean {
  if (!(subscriber.clients as ReadonlySet<Publisher>).has(publisher)) return false
  return message.source === 'json' ? subscriber.clients.size === 1 : noLocal
}
