/** Topic aliases of one MQTT 5 connection: numbers that stand for topics, each side's its own. */
import type { IPublishPacket } from 'mqtt-packet'
import { isMqttTopic, reason } from './mqtt-packets.ts'

/** How many the client may use. */
export const aliasMaximum = 64

export class TopicAliases {
  /** How many the client takes; 0 for none. */
  peerMaximum = 0
  readonly #known = new Map<number, string>()
  readonly #given = new Map<string, number>()

  /** The packet's topic, through its alias where it uses one; or the reason to disconnect over it. */
  topicOf({ topic, properties }: IPublishPacket): string | number {
    const alias = properties?.topicAlias
    if (alias !== undefined && (alias < 1 || alias > aliasMaximum)) return reason.topicAliasInvalid
    if (topic === '') return (alias === undefined ? undefined : this.#known.get(alias)) ?? reason.protocolError
    if (!isMqttTopic(topic)) return reason.topicInvalid
    if (alias !== undefined) this.#known.set(alias, topic)
    return topic
  }

  /** How to name the topic in a packet to the client: with its alias, in words the first time; null without one. */
  nameFor(topic: string): { topic: string; topicAlias: number } | null {
    if (this.peerMaximum === 0) return null
    const known = this.#given.get(topic)
    if (known !== undefined) return { topic: '', topicAlias: known }
    if (this.#given.size >= this.peerMaximum) return null
    const topicAlias = this.#given.size + 1
    this.#given.set(topic, topicAlias)
    return { topic, topicAlias }
  }

  /** The packet that was to tell the client what the alias means was not sent. */
  takeBack({ topic }: { topic: string }): void {
    if (topic !== '') this.#given.delete(topic)
  }
}
