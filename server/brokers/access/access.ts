/** The rules of one connection of a named client: as they are at the moment, with what was decided kept until they change. */
import type { Quality } from '../engine/types.ts'
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
    const { isAllowed } = judgePublish(rules, this.identity, topic)
    this.#publishing.set(topic, isAllowed)
    return isAllowed
  }

  maySubscribe({ filter }: { readonly filter: string; readonly qos?: Quality }): boolean {
    return judgeSubscribe(this.client.rules, this.identity, filter).isAllowed
  }
}

/**
 * The names under which its queues are kept: nobody else's begin so, since what is before the first `/` is a name that has none, and a
 * client of another name cannot choose it.
 */
export function queueNameOf({ name, clientId }: Identity): string {
  return clientId === name ? `@${name}` : `@${name}/${clientId}`
}

/** Whose queue of that key it is, and under which client id; null where it is no named client's. */
export function identityOf(key: string): Identity | null {
  const { name, clientId } = /^(?:user|mqtt):@(?<name>[^/]+)(?:\/(?<clientId>.*))?$/s.exec(key)?.groups ?? {}
  return name === undefined ? null : { name, clientId: clientId ?? name }
}
