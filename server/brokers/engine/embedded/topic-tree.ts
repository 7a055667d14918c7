/** The tree of a session's subscriptions: finds who listens to a topic. It does not know what a subscriber is. */
import { hasWildcard, isReserved, isSystem, logTopic } from '../topics.ts'
import type { HowDelivered, Quality, Subscription } from '../types.ts'
import { TopicNames } from './topic-names.ts'

/** A subscription and whose it is. */
export interface Held<S> extends Omit<Subscription, 'name'> {
  readonly subscriber: S
  /** Of a member of a group: the number of its last turn, 0 before its first. */
  turn: number
}

/** One receiver of a topic: all of a subscriber's matching filters together. */
export interface Target<S> extends HowDelivered {
  readonly subscriber: S
  readonly qos: Quality
  readonly noLocal: boolean
}

/** A member of a group as a receiver. */
export interface Member<S> extends Target<S> {
  readonly held: Held<S>
}

export interface Route<S> {
  readonly targets: readonly Target<S>[]
  /** One member of each gets the message. */
  readonly groups: readonly (readonly Member<S>[])[]
}

const none: readonly string[] = []
const nobody: ReadonlySet<never> = new Set<never>()

interface Node<S> {
  readonly children: Map<string, Node<S>>
  readonly subscriptions: Set<Held<S>>
}

/** Routes are kept until a subscription changes; a busy topic is then one look-up. */
const keptRoutes = 2_048

export class TopicTree<S> {
  readonly #exact = new Map<string, Set<Held<S>>>()
  /** By `shareOf`. */
  readonly #groups = new Map<string, Set<Held<S>>>()
  readonly #root: Node<S> = { children: new Map(), subscriptions: new Set() }
  #routes = new Map<string, Route<S>>()
  readonly #names: TopicNames
  /** Subscriptions to what the session says of itself. */
  #system = 0

  constructor(names = new TopicNames()) {
    this.#names = names
  }

  /** Somebody listens to what the session says of itself. */
  get hasSystem(): boolean {
    return this.#system > 0
  }

  add(subscription: Held<S>): void {
    this.#routes.clear()
    if (isSystem(subscription.filter)) this.#system += 1
    this.#placeOf(subscription.filter).add(subscription)
    const share = shareOf(subscription)
    if (share === null) return
    const members = this.#groups.get(share) ?? new Set()
    this.#groups.set(share, members.add(subscription))
  }

  remove(subscription: Held<S>): void {
    this.#routes.clear()
    if (isSystem(subscription.filter)) this.#system -= 1
    const share = shareOf(subscription)
    const members = share === null ? undefined : this.#groups.get(share)
    if (share !== null && members?.delete(subscription) === true && members.size === 0) this.#groups.delete(share)
    if (!hasWildcard(subscription.filter)) {
      const held = this.#exact.get(subscription.filter)
      if (held?.delete(subscription) !== true || held.size > 0) return
      this.#exact.delete(subscription.filter)
      this.#names.letGo(subscription.filter)
      return
    }
    prune(this.#root, subscription.filter.split('/'), subscription)
  }

  /** Who has the shared subscription, by what `shareOf` calls it. */
  members(share: string): ReadonlySet<Held<S>> {
    return this.#groups.get(share) ?? nobody
  }

  /** How many receivers a topic has; groups count as one. */
  countReceivers(topic: string): number {
    const { targets, groups } = this.route(topic)
    return targets.length + groups.length
  }

  route(topic: string): Route<S> {
    const kept = this.#routes.get(topic)
    if (kept !== undefined) return kept
    const route = routeOf(this.#find(topic))
    if (this.#routes.size >= keptRoutes) this.#routes = new Map()
    this.#routes.set(topic, route)
    return route
  }

  #placeOf(filter: string): Set<Held<S>> {
    if (!hasWildcard(filter)) {
      const known = this.#exact.get(filter)
      if (known !== undefined) return known
      const held = new Set<Held<S>>()
      this.#exact.set(filter, held)
      // A topic that a person may want to see without traffic.
      this.#names.hold(filter)
      return held
    }
    let node = this.#root
    for (const level of filter.split('/')) {
      const child = node.children.get(level) ?? { children: new Map(), subscriptions: new Set() }
      node.children.set(level, child)
      node = child
    }
    return node.subscriptions
  }

  #find(topic: string): Held<S>[] {
    const found = [...(this.#exact.get(topic) ?? [])]
    if (this.#root.children.size > 0 && topic !== logTopic) collect(this.#root, topic.split('/'), 0, isReserved(topic), found)
    return found
  }
}

function collect<S>(node: Node<S>, levels: readonly string[], depth: number, reserved: boolean, found: Held<S>[]): void {
  const wild = depth > 0 || !reserved
  // `#` also stands for the parent level: `sport/#` matches `sport`.
  if (wild) found.push(...(node.children.get('#')?.subscriptions ?? []))
  const level = levels[depth]
  if (level === undefined) {
    found.push(...node.subscriptions)
    return
  }
  const same = node.children.get(level)
  if (same !== undefined) collect(same, levels, depth + 1, reserved, found)
  const any = wild ? node.children.get('+') : undefined
  if (any !== undefined) collect(any, levels, depth + 1, reserved, found)
}

/** Takes the subscription out and the branches that held nothing else. */
function prune<S>(node: Node<S>, levels: readonly string[], subscription: Held<S>): void {
  const [level, ...rest] = levels
  if (level === undefined) {
    node.subscriptions.delete(subscription)
    return
  }
  const child = node.children.get(level)
  if (child === undefined) return
  prune(child, rest, subscription)
  if (child.children.size === 0 && child.subscriptions.size === 0) node.children.delete(level)
}

function routeOf<S>(found: readonly Held<S>[]): Route<S> {
  const own = new Map<S, Target<S>>()
  const groups = new Map<string, Member<S>[]>()
  for (const held of found) {
    const share = shareOf(held)
    if (share === null) {
      // Overlapping filters of one subscriber give one message, at the highest quality asked for.
      const before = own.get(held.subscriber)
      own.set(held.subscriber, before === undefined ? targetOf(held) : together(before, targetOf(held)))
      continue
    }
    const members = groups.get(share) ?? []
    members.push(memberOf(held))
    groups.set(share, members)
  }
  return { targets: [...own.values()], groups: [...groups.values()] }
}

/** `group/filter`; null for a subscription that is not shared. */
export function shareOf({ group, filter }: Pick<Subscription, 'group' | 'filter'>): string | null {
  return group === null ? null : `${group}/${filter}`
}

export function memberOf<S>(held: Held<S>): Member<S> {
  return { ...targetOf(held), held }
}

function targetOf<S>(held: Held<S>): Target<S> {
  const { subscriber, qos, noLocal, retainAsPublished, identifier } = held
  const share = shareOf(held)
  return {
    ...{ subscriber, qos, noLocal, retainAsPublished },
    identifiers: identifier === null ? [] : [identifier],
    shares: share === null ? none : [share],
    isOwn: share === null,
  }
}

/** One message for all that the subscriber gets it by: each of its shared subscriptions, and its own. */
export function together<S>(one: Target<S>, other: Target<S>): Target<S> {
  return {
    subscriber: one.subscriber,
    qos: other.qos > one.qos ? other.qos : one.qos,
    noLocal: other.noLocal && one.noLocal,
    retainAsPublished: other.retainAsPublished || one.retainAsPublished,
    identifiers: [...one.identifiers, ...other.identifiers],
    shares: [...new Set([...one.shares, ...other.shares])],
    isOwn: one.isOwn || other.isOwn,
  }
}
