/** Topics and filters: MQTT's levels and wildcards for both protocols, and the tree that finds who listens. */
import type { Subscriber } from './model.ts'

/** The reserved topic on which a session tells its clients what happens in it. Wildcards do not reach it. */
export const logTopic = 'sys/logs'
export const maxTopicLength = 1_024
/** Of one client; each is kept in memory and, for a named one, on the disk. */
export const maxSubscriptions = 10_000

export interface Subscription {
  readonly subscriber: Subscriber
  /** The filter without its `$share/group/`. */
  readonly filter: string
  /** Name of the shared subscription's group, null for one of its own. */
  readonly group: string | null
  readonly qos: 0 | 1 | 2
  /** Does not want what it published itself. */
  readonly noLocal: boolean
  /** Forwards the retain flag as published (MQTT 5). */
  readonly retainAsPublished: boolean
  /** MQTT 5's subscription identifier, null without one. */
  readonly identifier: number | null
}

/** One receiver of a topic: all of a subscriber's matching filters together. */
export interface Target {
  readonly subscriber: Subscriber
  readonly qos: 0 | 1 | 2
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly identifiers: readonly number[]
  /** `group/filter` of the shared subscriptions for which it is chosen. */
  readonly shares: readonly string[]
  /** It listens for itself. */
  readonly isOwn: boolean
}

export interface Route {
  readonly targets: readonly Target[]
  /** One member of each gets the message. */
  readonly groups: readonly (readonly Target[])[]
}

/** Whether the text can be a topic to publish on: no wildcard level, no NUL, not too long. */
export function isTopic(text: string): boolean {
  return text.length > 0 && text.length <= maxTopicLength && !text.includes('\0') && !hasWildcard(text)
}

/** True when a level of the text is `+`, or its last one `#`. A `#` inside a level is an ordinary letter to JSON clients. */
export function hasWildcard(text: string): boolean {
  if (!text.includes('+') && !text.includes('#')) return false
  return text.split('/').some((level) => level === '+' || level === '#')
}

/** `$share/GROUP/FILTER` in its parts; null when the text is no filter. */
export function parseFilter(text: string): { filter: string; group: string | null } | null {
  if (!text.startsWith('$share/')) return isFilter(text) ? { filter: text, group: null } : null
  const end = text.indexOf('/', 7)
  const group = text.slice(7, end)
  const filter = text.slice(end + 1)
  return end < 0 || group === '' || /[+#]/.test(group) || !isFilter(filter) ? null : { filter, group }
}

function isFilter(text: string): boolean {
  if (text.length === 0 || text.length > maxTopicLength || text.includes('\0')) return false
  const levels = text.split('/')
  return levels.every((level, index) => level !== '#' || index === levels.length - 1)
}

export function matches(filter: string, topic: string): boolean {
  if (!hasWildcard(filter)) return filter === topic
  if (isReserved(topic) && /^[+#]/.test(filter)) return false
  const wanted = filter.split('/')
  const levels = topic.split('/')
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return topic !== logTopic
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false
  }
  return wanted.length === levels.length && topic !== logTopic
}

/** Topics beginning with `$` are not reached by a leading wildcard (MQTT 4.7.2). */
function isReserved(topic: string): boolean {
  return topic.startsWith('$')
}

const none: readonly string[] = []

interface Node {
  readonly children: Map<string, Node>
  readonly subscriptions: Set<Subscription>
}

/** Routes are kept until a subscription changes; a busy topic is then one look-up. */
const keptRoutes = 2_048

export class TopicTree {
  private readonly exact = new Map<string, Set<Subscription>>()
  private readonly root: Node = { children: new Map(), subscriptions: new Set() }
  private routes = new Map<string, Route>()

  add(subscription: Subscription): void {
    this.routes.clear()
    this.placeOf(subscription.filter).add(subscription)
  }

  remove(subscription: Subscription): void {
    this.routes.clear()
    if (!hasWildcard(subscription.filter)) {
      const held = this.exact.get(subscription.filter)
      held?.delete(subscription)
      if (held?.size === 0) this.exact.delete(subscription.filter)
      return
    }
    prune(this.root, subscription.filter.split('/'), subscription)
  }

  /** How many receivers a topic has; groups count as one. */
  countReceivers(topic: string): number {
    const { targets, groups } = this.route(topic)
    return targets.length + groups.length
  }

  /** Exact filters, which are the topics a person may want to see without traffic. */
  exactTopics(): Iterable<string> {
    return this.exact.keys()
  }

  route(topic: string): Route {
    const kept = this.routes.get(topic)
    if (kept !== undefined) return kept
    const route = routeOf(this.find(topic))
    if (this.routes.size >= keptRoutes) this.routes = new Map()
    this.routes.set(topic, route)
    return route
  }

  private placeOf(filter: string): Set<Subscription> {
    if (!hasWildcard(filter)) {
      const held = this.exact.get(filter) ?? new Set()
      this.exact.set(filter, held)
      return held
    }
    let node = this.root
    for (const level of filter.split('/')) {
      const child = node.children.get(level) ?? { children: new Map(), subscriptions: new Set() }
      node.children.set(level, child)
      node = child
    }
    return node.subscriptions
  }

  private find(topic: string): Subscription[] {
    const found = [...(this.exact.get(topic) ?? [])]
    if (this.root.children.size > 0 && topic !== logTopic) collect(this.root, topic.split('/'), 0, isReserved(topic), found)
    return found
  }
}

function collect(node: Node, levels: readonly string[], depth: number, reserved: boolean, found: Subscription[]): void {
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
function prune(node: Node, levels: readonly string[], subscription: Subscription): void {
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

function routeOf(found: readonly Subscription[]): Route {
  const own = new Map<Subscriber, Target>()
  const groups = new Map<string, Map<Subscriber, Target>>()
  for (const subscription of found) {
    const members =
      subscription.group === null ? own : (groups.get(`${subscription.group}/${subscription.filter}`) ?? new Map<Subscriber, Target>())
    if (subscription.group !== null) groups.set(`${subscription.group}/${subscription.filter}`, members)
    members.set(subscription.subscriber, merged(members.get(subscription.subscriber), subscription))
  }
  return { targets: [...own.values()], groups: [...groups.values()].map((members) => [...members.values()]) }
}

/** Overlapping filters of one subscriber give one message, at the highest quality asked for. */
function merged(before: Target | undefined, subscription: Subscription): Target {
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
export function together(one: Target, other: Target): Target {
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
