/** The rules of one connection of a named client: as they are at the moment, with what was decided kept until they change. */
import { isTopic } from '../engine/topics.ts'
import { judgePublish, judgeSubscribe, type AccessRule, type Identity } from './rules.ts'

/** As the login found it; its rules may be replaced. */
export interface RuledClient {
  readonly name: string
  readonly rules: readonly AccessRule[]
}

/** A client that walks through topics must not fill the memory. */
const keptDecisions = 1_024

export class Access {
  readonly client: RuledClient
  readonly identity: Identity
  #publishing = new Map<string, boolean>()
  #decidedBy: readonly AccessRule[]

  constructor(client: RuledClient, clientId: string) {
    this.client = client
    this.identity = { name: client.name, clientId }
    this.#decidedBy = client.rules
  }

  mayPublish(topic: string): boolean {
    const { rules } = this.client
    if (rules !== this.#decidedBy || this.#publishing.size >= keptDecisions) this.#publishing = new Map()
    this.#decidedBy = rules
    const decided = this.#publishing.get(topic)
    if (decided !== undefined) return decided
    // A text of megabytes is no topic, and would be kept here as one.
    if (!isTopic(topic)) return false
    const { isAllowed } = judgePublish(rules, this.identity, topic)
    this.#publishing.set(topic, isAllowed)
    return isAllowed
  }

  maySubscribe(filter: string): boolean {
    return judgeSubscribe(this.client.rules, this.identity, filter).isAllowed
  }
}

/** What others see of it, and what its queues are kept under: a client of another name cannot choose what is before the first `/`. */
export function calledOf({ name, clientId }: Identity): string {
  return clientId === name ? `@${name}` : `@${name}/${clientId}`
}

/**
 * The key of its queue under that protocol. Behind `:` stands whatever a client with the session's password calls itself, `@door` too;
 * without it the key is a named client's.
 */
export function queueKeyOf(protocol: 'user' | 'mqtt', identity: Identity): string {
  return `${protocol}${calledOf(identity)}`
}

/** Whose queue of that key it is, and under which client id; null where it is no named client's. */
export function identityOf(key: string): Identity | null {
  const { name, clientId } = /^(?:user|mqtt)@(?<name>[^/]+)(?:\/(?<clientId>.*))?$/s.exec(key)?.groups ?? {}
  return name === undefined ? null : { name, clientId: clientId ?? name }
}
