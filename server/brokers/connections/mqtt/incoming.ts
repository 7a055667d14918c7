/** What an MQTT client publishes: its PUBLISH (3.3) and PUBREL (3.6), and the server's PUBACK, PUBREC and PUBCOMP to it (4.3). */
import type { IPublishPacket } from 'mqtt-packet'
import type { Attachment } from '../../engine/broker-engine.ts'
import type { Receipt } from '../../engine/types.ts'
import { nameIn } from './bridge-marks.ts'
import type { MqttPeer } from './mqtt-peer.ts'
import { withoutHops } from '../../rules/hops.ts'
import { answer, keptProperties, reason, refusalCodes, refusalOf } from './mqtt-packets.ts'

/** Messages of a client that wait for the disk; above this, what else it sends waits in its own buffers. */
const committingAtOnce = 1_000

export class Incoming {
  /** Its place in the session; still known after the connection has ended. */
  attachment: Attachment | null = null
  readonly #peer: MqttPeer
  /** Packet ids of the client whose message is not durable yet. */
  readonly #committing = new Set<number>()
  /** Packet ids of this connection that are owed a PUBACK or PUBCOMP (4.9); counted where the client was given a limit. */
  readonly #underWay = new Set<number>()
  #readOn: (() => void) | null = null

  constructor(peer: MqttPeer) {
    this.#peer = peer
  }

  /** PUBLISH (3.3). */
  publish(packet: IPublishPacket, attachment: Attachment): void {
    const peer = this.#peer
    const topic = peer.aliases.topicOf(packet)
    if (typeof topic === 'number') return peer.fail(topic)
    const packetId = packet.qos === 0 ? 0 : (packet.messageId ?? 0)
    if (packet.qos > 0 && !this.#mayBegin(packetId)) return peer.fail(reason.receiveMaximumExceeded)
    if (packet.qos === 2 && this.#isRepeated(packetId, attachment)) return
    if (packet.qos > 0) {
      this.#committing.add(packetId)
      if (this.#committing.size >= committingAtOnce) this.#readOn ??= peer.connection.backpressure.hold()
    }
    const expiry = packet.properties?.messageExpiryInterval
    const { id, properties } = peer.isBridge ? nameIn(packet) : { id: null, properties: keptProperties(packet) }
    const isBelieved = peer.isBridge && peer.connection.access === null
    const body = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    attachment.publish(
      {
        topic,
        id: id ?? peer.clients.newMessageId(),
        source: 'mqtt',
        body,
        isEmpty: body.length === 0,
        qos: packet.qos,
        retain: packet.retain,
        properties: isBelieved ? properties : withoutHops(properties),
        expiresIn: expiry === undefined ? null : Math.max(1, expiry * 1_000),
        publisher: peer.connection.name,
      },
      packetId,
    )
  }

  /** PUBREL (3.6): the client lets go of the packet id (MQTT-4.3.3-11). */
  released(packetId: number, attachment: Attachment): void {
    const peer = this.#peer
    const code = attachment.mqtt.forget(packetId) ? reason.success : reason.packetIdNotFound
    peer.whenStored(attachment, () => {
      this.#underWay.delete(packetId)
      peer.write(answer('pubcomp', packetId, peer.version, code))
    })
  }

  /** PUBACK (3.4) for quality 1, PUBREC (3.5) for quality 2. */
  accepted({ token, refusal, deliveredTo, queuedFor }: Receipt): void {
    const { attachment } = this
    const peer = this.#peer
    if (typeof token !== 'number' || token < 1) return
    const isSecond = this.#committing.delete(token) && attachment?.mqtt.isReceiving(token) === true
    // Also where the connection has ended meanwhile: it is not here, and has to be taken when it comes again.
    if (refusal !== null && isSecond) attachment?.mqtt.forget(token)
    if (peer.connection.isOver) return
    if (this.#readOn !== null && this.#committing.size < committingAtOnce / 2) {
      this.#readOn()
      this.#readOn = null
    }
    if (!isSecond || refusal !== null) this.#underWay.delete(token)
    const kind = isSecond ? 'pubrec' : 'puback'
    if (refusal !== null) {
      // MQTT 3 has no words for a refusal: the connection ends, and the client sends the message again on the next one.
      if (peer.version !== 5) return peer.fail(refusalCodes[refusal])
      return peer.write(refusalOf(kind, token, refusal, peer.wantsWords))
    }
    peer.write(answer(kind, token, peer.version, deliveredTo + queuedFor === 0 ? reason.noMatchingSubscribers : reason.success))
  }

  /** Whether the client may have it under way beside what it has already; notes that it has. */
  #mayBegin(packetId: number): boolean {
    const limit = this.#peer.receiveMaximum
    if (limit === null) return true
    this.#underWay.add(packetId)
    return this.#underWay.size <= limit
  }

  /** Whether a message of quality 2 came before and was not released (MQTT-4.3.3-10); notes it where it did not. */
  #isRepeated(packetId: number, attachment: Attachment): boolean {
    const peer = this.#peer
    const { mqtt } = attachment
    // It is here already, and its PUBREC comes when it is safe.
    if (this.#committing.has(packetId)) return true
    if (!mqtt.isReceiving(packetId)) {
      mqtt.receive(packetId)
      return false
    }
    // On another connection it may still be on its way to the disk, which may refuse it.
    peer.whenStored(attachment, () => {
      if (mqtt.isReceiving(packetId)) peer.write(answer('pubrec', packetId, peer.version))
      else peer.fail(reason.unspecified)
    })
    return true
  }
}
