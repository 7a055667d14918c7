/**
 * What happens on a new line before messages pass: both directions are put to it, the other broker is subscribed to, what is retained goes
 * over.
 */
import { askingId } from './dial.ts'
import { Inbound } from './inbound.ts'
import type { LocalClient } from './local-client.ts'
import { Outbound } from './outbound.ts'
import type { Passage } from './passage.ts'
import type { LineProblem } from './problems.ts'
import { agree, type Held, type Subscribed } from './subscriptions.ts'

export class Crossing {
  readonly #passage: Passage
  readonly #local: LocalClient
  readonly #outbound: Outbound

  /** Takes what comes in from now on. `ended` is called once, perhaps at once. @param serial names this line among those of the bridge */
  constructor(passage: Passage, local: LocalClient, serial: number, ended: (problem: LineProblem) => void) {
    this.#passage = passage
    this.#local = local
    const outbound = (this.#outbound = new Outbound(passage))
    const inbound = new Inbound(passage, serial)
    local.receiveThrough(inbound, serial)
    inbound.begin()
    passage.line.serve({
      onPublish: (packet) => inbound.publish(packet),
      onAnswer: (packet) => (packet.cmd === 'pubrel' ? inbound.released(packet.messageId ?? 0) : outbound.answered(packet)),
      onDrained: () => local.attachment?.resume(),
      onEnded: ended,
    })
  }

  /** @param held what the other broker was subscribed to before @param forget writes down what is left of it */
  subscribe(held: Held, forget: (held: Held) => void): Promise<Subscribed> {
    const { line, mapping, attachment } = this.#passage
    const { mqtt } = attachment
    const newPacketId = (): number => askingId((packetId) => mqtt.isReleasing(packetId) || mqtt.sentBefore(packetId) !== undefined)
    return agree({ line, held, wanted: mapping.remoteFilters, newPacketId, forget })
  }

  /** Messages go out from now on. */
  open(): void {
    const { line, mapping, attachment } = this.#passage
    const { fresh } = this.#local
    this.#local.open(this.#outbound)
    this.#outbound.begin()
    // Quality 0 was missed while there was no connection; of the rest a broker that knew us has all.
    for (const [filter, quality] of mapping.localFilters)
      if (quality === 0 || fresh.has(filter) || !line.agreement.sessionPresent) attachment.sendRetained(filter, quality, [])
    fresh.clear()
  }
}
