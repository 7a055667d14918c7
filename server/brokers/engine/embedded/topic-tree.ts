/** The tree of a session's subscriptions: finds who listens to a topic. It does not know what a subscriber is. */
import { hasWildcard, isReserved, isSystem, logTopic } from '../topics.ts'
import type { HowDelivered, Quality, Subscription } from '../types.ts'
import { TopicNames } from './topic-names.ts'

/** A subscription and whose it is. */
export interface Held<S> extends Omit<Subscription, 'name'> {
  readonly subscriber: S
}

/** One receiver of a topic: all of a subscriber's matching filters together. */
export interface Target<S> extends HowDelivered {
  readonly subscriber: S
  readonly qos: Quality
  readonly noLocal: boolean
}

export interface Route<S> {
  readonly targets: readonly Target<S>[]
  /** One member of each gets the message. */
  readonly groups: readonly (readonly Target<S>[])[]
}

const none: readonly string[] = []

interface Node<S> {
  readonly children: Map<string, Node<S>>
  readonly subscriptions: Set<Held<S>>
}

/** Routes are kept until a subscription changes; a busy topic is then one look-up. */
const keptRoutes = 2_048

export class TopicTree<S> {
  readonly #exact = new Map<string, Set<Held<S>>>()
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
  }

  remove(subscription: Held<S>): void {
    this.#routes.clear()
    if (isSystem(subscription.filter)) this.#system -= 1
    if (!hasWildcard(subscription.filter)) {
      const held = this.#exact.get(subscription.filter)
      if (held?.delete(subscription) !== true || held.size > 0) return
      this.#exact.delete(subscription.filter)
      this.#names.letGo(subscription.filter)
      return
    }
    prune(this.#root, subscription.filter.split('/'), subscription)
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
  const groups = new Map<string, Map<S, Target<S>>>()
  for (const subscription of found) {
    const members =
      subscription.group === null ? own : (groups.get(`${subscription.group}/${subscription.filter}`) ?? new Map<S, Target<S>>())
    if (subscription.group !== null) groups.set(`${subscription.group}/${subscription.filter}`, members)
    members.set(subscription.subscriber, merged(members.get(subscription.subscriber), subscription))
  }
  return { targets: [...own.values()], groups: [...groups.values()].map((members) => [...members.values()]) }
}

/** Overlapping filters of one subscriber give one message, at the highest quality asked for. */
function merged<S>(before: Target<S> | undefined, subscription: Held<S>): Target<S> {
  const identifiers = subscription.identifier === null ? [] : [subscription.identifier]
  const { subscriber, qos, noLocal, retainAsPublished, group, filter } = subscription
  const target = {
    subscriber,
    qos,
    noLocal,
    retainAsPublished,
    identifiers,
    shares: group === null ? none : [`${group}/${filter}`],
    isOwn: group === null,
  }
  return before === undefined ? target : together(before, target)
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
