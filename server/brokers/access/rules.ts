/** What a named client may publish and subscribe to: of its rules the first that applies decides, and where none does it may not. */
import { isReserved, logTopic } from '../engine/topics.ts'

export type AccessAction = 'publish' | 'subscribe'

export interface AccessRule {
  readonly action: AccessAction | 'both'
  readonly permission: 'allow' | 'deny'
  /** A filter with `+` and `#`, in which `%u` stands for the client's name and `%c` for its client id. */
  readonly topic: string
}

/** Who the rules are read for. `clientId`: of MQTT, or a JSON client's `userId`; empty where it gave none. */
export interface Identity {
  readonly name: string
  readonly clientId: string
}

export interface Verdict {
  readonly isAllowed: boolean
  /** Which rule decided, from 0; null where none applied. */
  readonly rule: number | null
}

/** What a client made without rules gets. */
export const everything: readonly AccessRule[] = [{ action: 'both', permission: 'allow', topic: '#' }]

/** Whether the client may publish on the topic. */
export function judgePublish(rules: readonly AccessRule[], identity: Identity, topic: string): Verdict {
  return judge(rules, identity, 'publish', (filter) => (covers(filter, topic) ? 'wholly' : 'not'))
}

/**
 * Whether the client may subscribe to the filter: only where everything that can come by it is allowed. A rule that denies a part of it
 * therefore refuses it, and one that allows a part of it does not speak for the rest.
 */
export function judgeSubscribe(rules: readonly AccessRule[], identity: Identity, filter: string): Verdict {
  return judge(rules, identity, 'subscribe', (ruled) => (covers(ruled, filter) ? 'wholly' : overlaps(ruled, filter) ? 'partly' : 'not'))
}

function judge(
  rules: readonly AccessRule[],
  identity: Identity,
  wanted: AccessAction,
  reach: (filter: string) => 'wholly' | 'partly' | 'not',
): Verdict {
  for (const [rule, { action, permission, topic }] of rules.entries()) {
    if (action !== 'both' && action !== wanted) continue
    const filter = filledIn(topic, identity)
    const reached = filter === null ? 'not' : reach(filter)
    if (reached === 'wholly') return { isAllowed: permission === 'allow', rule }
    if (reached === 'partly' && permission === 'deny') return { isAllowed: false, rule }
  }
  return { isAllowed: false, rule: null }
}

/**
 * Null where a name does not fit into a level: with a wildcard or a level of its own in its client id, a client would write its own rules.
 */
function filledIn(topic: string, { name, clientId }: Identity): string | null {
  const hasName = topic.includes('%u')
  const hasId = topic.includes('%c')
  if (!hasName && !hasId) return topic
  if ((hasName && !fits(name)) || (hasId && !fits(clientId))) return null
  // In one pass: what is put in is not looked through again.
  const filter = topic.replaceAll(/%[uc]/g, (mark) => (mark === '%u' ? name : clientId))
  // What begins with `$`, and the log, have to be named by the rule itself: no client gets there by what it calls itself.
  return (isReserved(filter) && !isReserved(topic)) || filter === logTopic ? null : filter
}

const fits = (text: string): boolean => text !== '' && !/[+#/\0]/.test(text)

/** Whether all topics that `filter` matches are matched by `ruled`. A topic is a filter that matches itself. */
export function covers(ruled: string, filter: string): boolean {
  const [rule, wanted] = [ruled.split('/'), filter.split('/')]
  if (isBeyondWildcard(rule, filter)) return false
  for (const [index, level] of rule.entries()) {
    if (level === '#') return true
    const other = wanted[index]
    if (other === undefined || other === '#' || (level !== '+' && level !== other)) return false
  }
  return rule.length === wanted.length
}

/** Whether there is a topic that both match. */
export function overlaps(one: string, other: string): boolean {
  const [first, second] = [one.split('/'), other.split('/')]
  if (isBeyondWildcard(first, other) || isBeyondWildcard(second, one)) return false
  for (let index = 0; ; index += 1) {
    const [a, b] = [first[index], second[index]]
    if (a === '#' || b === '#') return true
    if (a === undefined || b === undefined) return a === b
    if (a !== '+' && b !== '+' && a !== b) return false
  }
}

/** A leading wildcard reaches no topic that begins with `$` (MQTT 4.7.2), and no wildcard the session's own log. */
function isBeyondWildcard(levels: readonly string[], filter: string): boolean {
  if (filter === logTopic) return levels.some((level) => level === '+' || level === '#')
  return isReserved(filter) && (levels[0] === '+' || levels[0] === '#')
}
