/** What an MQTT client is sent: PUBLISH from the server (3.3), and the client's PUBACK, PUBREC and PUBCOMP to it (4.3). */
import type { Attachment } from '../../engine/broker-engine.ts'
import type { Delivery, HowDelivered, Message, Quality } from '../../engine/types.ts'
import { named } from './bridge-marks.ts'
import type { MqttPeer } from './mqtt-peer.ts'
import { answer, publishPacket, reason } from './mqtt-packets.ts'

export class Outgoing {
  readonly #peer: MqttPeer
  /** By packet id: what went out on this connection and was not answered. */
  readonly #sent = new Map<number, Delivery>()

  constructor(peer: MqttPeer) {
    this.#peer = peer
  }

  get unanswered(): number {
    return this.#sent.size
  }

  hasRoom(): boolean {
    const { attachment } = this.#peer.connection
    if (attachment === null) return false
    const { mqtt } = attachment
    return this.#sent.size + mqtt.releasing.size < this.#peer.limits.receiveMaximum && mqtt.hasFreePacketId
  }

  /** With quality 1 or 2. False: it is larger than the client takes. */
  send(delivery: Delivery): boolean {
    const { attachment } = this.#peer.connection
    if (attachment === null) throw new Error('a message was sent to a client that has left')
    const { mqtt } = attachment
    const { message, qos, tries, maybeSent, retainAsPublished, identifiers } = delivery
    const packetId = mqtt.packetIdOf(delivery)
    const again = tries > 1 || maybeSent
    const packet = this.#pack(message, { qos, packetId, again, retain: retainAsPublished && message.retain, identifiers })
    if (packet === null) {
      if (mqtt.takeBack(delivery, packetId)) this.#release(packetId, attachment)
      return false
    }
    this.#sent.set(packetId, delivery)
    this.#peer.write(packet)
    return true
  }

  sendOnce(message: Message, { retainAsPublished, identifiers }: HowDelivered, retained: boolean): void {
    const retain = retained || (retainAsPublished && message.retain)
    const packet = this.#pack(message, { qos: 0, packetId: null, again: false, retain, identifiers })
    if (packet !== null) this.#peer.write(packet)
  }

  /** PUBACK (3.4) ends a message of quality 1. */
  acknowledged(packetId: number, { mqtt }: Attachment): void {
    const delivery = this.#sent.get(packetId)
    if (delivery?.qos === 2) return this.#peer.fail(reason.protocolError)
    if (delivery === undefined) return
    this.#sent.delete(packetId)
    mqtt.finish(packetId, delivery)
  }

  /** PUBREC (3.5): from here on the receiver has the message of quality 2, and is owed its release (MQTT-4.3.3-4). */
  received(packetId: number, hasFailed: boolean, attachment: Attachment): void {
    const { mqtt } = attachment
    // Some clients answer on the next connection, before they get it again.
    const delivery = this.#sent.get(packetId) ?? mqtt.sentBefore(packetId)
    if (delivery?.qos === 1) return this.#peer.fail(reason.protocolError)
    this.#sent.delete(packetId)
    if (delivery !== undefined) {
      if (hasFailed) mqtt.finish(packetId, delivery)
      else this.#release(packetId, attachment, delivery)
      return
    }
    if (hasFailed) return
    const code = mqtt.isReleasing(packetId) ? reason.success : reason.packetIdNotFound
    this.#peer.whenStored(attachment, () => this.#peer.write(answer('pubrel', packetId, this.#peer.version, code)))
  }

  clear(): void {
    this.#sent.clear()
  }

  /** PUBREL (3.6): the receiver hears of it once that is on the disk; after a crash nothing else may bear the packet id. */
  #release(packetId: number, attachment: Attachment, delivery?: Delivery): void {
    attachment.mqtt.release(packetId, delivery)
    this.#peer.whenStored(attachment, () => this.#peer.write(answer('pubrel', packetId, this.#peer.version)))
  }

  /** Null when it is larger than the client takes. */
  #pack(
    message: Message,
    how: { qos: Quality; packetId: number | null; again: boolean; retain: boolean; identifiers: readonly number[] },
  ): Buffer | null {
    const { aliases, version, clients, isBridge } = this.#peer
    const alias = aliases.nameFor(message.topic)
    const packet = publishPacket(isBridge && version === 5 ? named(message) : message, {
      version,
      ...how,
      now: clients.clock.monotonic(),
      alias,
    })
    if (packet.length <= this.#peer.limits.maximumPacketSize) return packet
    if (alias !== null) aliases.takeBack(alias)
    return null
  }
}
