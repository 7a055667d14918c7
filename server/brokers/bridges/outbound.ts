/** Messages of the session on their way to the other broker: PUBLISH, and its PUBACK, PUBREC and PUBCOMP (MQTT 5, 4.3). */
import { named } from '../connections/mqtt/bridge-marks.ts'
import { answer, contentOf, publishPacket, reason } from '../connections/mqtt/mqtt-packets.ts'
import type { Delivery, Message, Quality } from '../engine/types.ts'
import type { Answer } from './line.ts'
import type { Mapped } from './mapping.ts'
import { whenStored, type Passage } from './passage.ts'
import { LineProblem, refusalWords } from './problems.ts'

/** Reasons for which the same message may be taken a while later; any other refusal is for good. */
const passing: ReadonlySet<number> = new Set([0x93, 0x96, 0x97])

export class Outbound {
  readonly #passage: Passage
  /** By packet id: what went out on this connection and was not answered. */
  readonly #sent = new Map<number, Delivery>()

  constructor(passage: Passage) {
    this.#passage = passage
  }

  hasRoom(): boolean {
    const { line, attachment } = this.#passage
    const { mqtt } = attachment
    return line.hasRoom && this.#sent.size + mqtt.releasing.size < line.agreement.receiveMaximum && mqtt.hasFreePacketId
  }

  /** With quality 1 or 2. False: it is larger than the other broker takes. */
  send(delivery: Delivery): boolean {
    const { line, attachment, counts } = this.#passage
    const { mqtt } = attachment
    const { message, tries, maybeSent } = delivery
    const packetId = mqtt.packetIdOf(delivery)
    // The engine is not done with it yet.
    const settle = (): void => void setImmediate(() => mqtt.finish(packetId, delivery))
    const mapped = this.#wayOf(message)
    if (mapped === null) return (settle(), true)
    const qos = least(delivery.qos, mapped.quality, line.agreement.maximumQuality)
    // A broker that has forgotten us gets it as new.
    const again = (tries > 1 || maybeSent) && line.agreement.sessionPresent
    const packet = this.#pack(message, mapped.topic, { qos, packetId: qos === 0 ? null : packetId, again: again && qos > 0 })
    if (packet === null) {
      this.#passage.told(`A message on ${message.topic} is larger than the other broker takes`)
      counts.turnedDown += 1
      if (mqtt.takeBack(delivery, packetId)) this.#release(packetId)
      return false
    }
    this.#write(packet, mapped.topic, message)
    if (qos === 0) {
      counts.sent += 1
      settle()
    } else this.#sent.set(packetId, delivery)
    return true
  }

  /** Without acknowledgement. */
  sendOnce(message: Message): void {
    const mapped = this.#wayOf(message)
    const packet = mapped === null ? null : this.#pack(message, mapped.topic, { qos: 0, packetId: null, again: false })
    if (mapped === null || packet === null) return
    this.#write(packet, mapped.topic, message)
    this.#passage.counts.sent += 1
  }

  /** PUBACK (3.4), PUBREC (3.5), PUBCOMP (3.7). */
  answered({ cmd, messageId = 0, reasonCode = 0, properties }: Answer): void {
    const { mqtt } = this.#passage.attachment
    if (cmd === 'pubcomp') return mqtt.complete(messageId)
    const delivery = this.#sent.get(messageId) ?? (cmd === 'pubrec' ? mqtt.sentBefore(messageId) : undefined)
    this.#sent.delete(messageId)
    if (delivery === undefined) {
      if (cmd === 'pubrec' && reasonCode < 0x80)
        this.#release(messageId, undefined, mqtt.isReleasing(messageId) ? reason.success : reason.packetIdNotFound)
      return
    }
    if (reasonCode >= 0x80) return this.#refused(messageId, delivery, reasonCode, properties?.reasonString)
    this.#passage.counts.sent += 1
    if (cmd === 'pubrec') this.#release(messageId, delivery)
    else mqtt.finish(messageId, delivery)
  }

  /** What the other broker has received and whose release it has not confirmed (MQTT-4.4.0-1). One that has forgotten us waits for none. */
  begin(): void {
    const { line, attachment } = this.#passage
    const { mqtt } = attachment
    for (const packetId of mqtt.releasing) {
      if (line.agreement.sessionPresent) this.#release(packetId, undefined)
      else mqtt.complete(packetId)
    }
    attachment.resume()
  }

  #refused(packetId: number, delivery: Delivery, reasonCode: number, words: string | undefined): void {
    const { attachment, counts } = this.#passage
    const text = `The other broker refused a message on ${delivery.message.topic}: ${refusalWords(reasonCode, words)}`
    // It stays in the queue, and goes out again on the next connection.
    if (passing.has(reasonCode)) return this.#passage.fail(new LineProblem('quota-exceeded', text))
    counts.turnedDown += 1
    this.#passage.told(text)
    attachment.giveUp(delivery)
    attachment.mqtt.finish(packetId, delivery)
  }

  /** PUBREL (3.6), once it is on the disk that the other broker has the message. */
  #release(packetId: number, delivery?: Delivery, code: number = reason.success): void {
    const { line, attachment } = this.#passage
    if (code === reason.success && !attachment.mqtt.isReleasing(packetId)) attachment.mqtt.release(packetId, delivery)
    whenStored(
      this.#passage,
      () => line.write(answer('pubrel', packetId, line.version, code)),
      () => this.#passage.fail(new LineProblem('session-refused', 'The disk refuses to note what the other broker has received')),
    )
  }

  /** Null for what is not to go there. */
  #wayOf(message: Message): Mapped | null {
    const { mapping, echoes, publisher, counts, line } = this.#passage
    // What came in by this bridge comes here only as retained.
    const mapped = message.publisher === publisher ? null : mapping.outward(message.topic)
    if (mapped === null || echoes === null || line.version === 5) return mapped
    if (!isOfBridge(message.publisher) || !echoes.has(mapped.topic, contentOf(message).payload)) return mapped
    counts.skipped += 1
    return null
  }

  #write(packet: Buffer, topic: string, message: Message): void {
    const { line, echoes } = this.#passage
    echoes?.remember(topic, contentOf(message).payload)
    line.write(packet)
  }

  /** Null when it is larger than the other broker takes. */
  #pack(message: Message, topic: string, how: { qos: Quality; packetId: number | null; again: boolean }): Buffer | null {
    const { line, now } = this.#passage
    const sent: Message = { ...(line.version === 5 ? named(message) : message), topic }
    const flags = { retain: (message.retain || message.retained) && line.agreement.retains, identifiers: [], alias: null }
    const packet = publishPacket(sent, { version: line.version, ...how, ...flags, now: now() })
    return packet.length <= line.agreement.maximumPacketSize ? packet : null
  }
}

const least = (...qualities: Quality[]): Quality => qualities.reduce((a, b) => (b < a ? b : a))

/** The client ids that bridges make for themselves begin so. */
export const clientIdPrefix = 'wheelhouse-'
export const publisherPrefix = 'bridge '
const isOfBridge = (publisher: string): boolean => publisher.startsWith(clientIdPrefix) || publisher.startsWith(publisherPrefix)
