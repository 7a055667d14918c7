/** Messages of the other broker on their way into the session: its PUBLISH and PUBREL, and our PUBACK, PUBREC and PUBCOMP (MQTT 5, 4.3). */
import type { IPublishPacket } from 'mqtt-packet'
import { refusalTexts } from '../connections/json/json-frames.ts'
import { nameIn } from '../connections/mqtt/bridge-marks.ts'
import { answer, encode, reason, refusalCodes } from '../connections/mqtt/mqtt-packets.ts'
import type { Receipt, Refusal } from '../engine/types.ts'
import { takesAtOnce } from './line.ts'
import { whenStored, type Passage } from './passage.ts'
import { LineProblem } from './problems.ts'

/** What would be refused again whenever it came. */
const lasting: ReadonlySet<Refusal> = new Set<Refusal>(['too-large', 'invalid-topic', 'reserved-topic'])

export class Inbound {
  readonly #passage: Passage
  /** Names this connection in the tokens of what it publishes. */
  readonly #serial: number
  /** Packet ids whose message is not durable here yet, and their quality. */
  readonly #committing = new Map<number, 1 | 2>()
  /** Messages of quality 0 that are under way here. */
  #unnamed = 0
  #isHolding = false

  constructor(passage: Passage, serial: number) {
    this.#passage = passage
    this.#serial = serial
  }

  /** PUBLISH (3.3). */
  publish(packet: IPublishPacket): void {
    const { attachment, mapping, echoes, counts } = this.#passage
    const packetId = packet.qos === 0 ? 0 : (packet.messageId ?? 0)
    if (packet.topic === '' || (packet.qos > 0 && packetId === 0))
      return this.#passage.fail(new LineProblem('not-mqtt', 'The other broker sent a message without a topic or packet id'))
    if (packet.qos === 2 && this.#isRepeated(packetId)) return
    const body = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    const mapped = mapping.inward(packet.topic)
    if (mapped === null || echoes?.has(packet.topic, body) === true) {
      // Of a subscription that is over and was not ended there, or our own message.
      counts.skipped += 1
      return this.#done(packetId, packet.qos)
    }
    echoes?.remember(packet.topic, body)
    if (packet.qos !== 0) {
      this.#committing.set(packetId, packet.qos)
      if (packet.qos === 2) attachment.mqtt.receive(packetId)
    } else this.#unnamed += 1
    this.#readOn()
    const expiry = packet.properties?.messageExpiryInterval
    const { id, properties } = nameIn(packet)
    attachment.publish(
      {
        ...{ topic: mapped.topic, id: id ?? this.#passage.newMessageId(), source: 'mqtt', body, isEmpty: body.length === 0 },
        ...{ qos: packet.qos, retain: packet.retain, properties, publisher: this.#passage.publisher },
        expiresIn: expiry === undefined ? null : Math.max(1, expiry * 1_000),
      },
      `${this.#serial}:${packetId}`,
    )
  }

  /** PUBREL (3.6): the other broker lets go of the packet id. */
  released(packetId: number): void {
    const { line, attachment } = this.#passage
    const code = attachment.mqtt.forget(packetId) ? reason.success : reason.packetIdNotFound
    whenStored(this.#passage, () => line.write(answer('pubcomp', packetId, line.version, code)), this.#diskRefuses)
  }

  /** A message is as durable as the session asks for, or was refused. */
  accepted({ refusal, duplicate, topic }: Receipt, packetId: number): void {
    const { attachment, counts, line } = this.#passage
    const qos = this.#committing.get(packetId) ?? 0
    this.#committing.delete(packetId)
    if (packetId === 0) this.#unnamed -= 1
    this.#readOn()
    if (refusal === null) {
      if (duplicate) counts.skipped += 1
      else counts.received += 1
      if (!line.isOver && qos > 0) this.#confirm(packetId, qos)
      return
    }
    // It is not here, and has to be taken when it comes again.
    if (qos === 2) attachment.mqtt.forget(packetId)
    const text = `A message on ${topic} could not be taken: ${refusalTexts[refusal]}`
    if (lasting.has(refusal) || qos === 0) {
      counts.turnedDown += 1
      this.#passage.told(text)
      if (line.isOver || qos === 0) return
      // Without words for a refusal (MQTT 3.1.1) it would come for ever.
      if (line.version !== 5) return line.write(answer(qos === 2 ? 'pubrec' : 'puback', packetId, line.version))
      const said = { reasonCode: refusalCodes[refusal], properties: { reasonString: refusalTexts[refusal] } }
      return line.write(encode({ cmd: qos === 2 ? 'pubrec' : 'puback', messageId: packetId, ...said }, 5))
    }
    // The other broker keeps it: unacknowledged, it comes again with the next connection.
    this.#passage.fail(new LineProblem('session-refused', text))
  }

  get isIdle(): boolean {
    return this.#committing.size + this.#unnamed === 0
  }

  /** A broker that has forgotten us uses its packet ids anew (4.1): what is noted of old ones would swallow new messages. */
  begin(): void {
    const { line, attachment } = this.#passage
    if (line.agreement.sessionPresent) return
    for (let packetId = 1; packetId <= 65_535; packetId += 1) if (attachment.mqtt.isReceiving(packetId)) attachment.mqtt.forget(packetId)
  }

  /** What is not published here is acknowledged all the same. */
  #done(packetId: number, qos: 0 | 1 | 2): void {
    if (qos === 2) this.#passage.attachment.mqtt.receive(packetId)
    if (qos > 0) this.#confirm(packetId, qos)
  }

  #confirm(packetId: number, qos: 0 | 1 | 2): void {
    const { line } = this.#passage
    line.write(answer(qos === 2 ? 'pubrec' : 'puback', packetId, line.version))
  }

  /** Whether a message of quality 2 came before and was not released (MQTT-4.3.3-10). */
  #isRepeated(packetId: number): boolean {
    const { line, attachment } = this.#passage
    if (this.#committing.has(packetId)) return true
    if (!attachment.mqtt.isReceiving(packetId)) return false
    // From an earlier connection, it may still be on its way to the disk, which may refuse it.
    whenStored(
      this.#passage,
      () => {
        if (attachment.mqtt.isReceiving(packetId)) line.write(answer('pubrec', packetId, line.version))
        else this.#diskRefuses()
      },
      this.#diskRefuses,
    )
    return true
  }

  /** What waits for our disk is bounded, whatever the other broker sends. */
  #readOn(): void {
    const isFull = this.#committing.size + this.#unnamed >= takesAtOnce * 2
    if (isFull === this.#isHolding) return
    this.#isHolding = isFull
    this.#passage.line.hold(isFull)
  }

  readonly #diskRefuses = (): void => this.#passage.fail(new LineProblem('session-refused', 'The disk refuses to note what was received'))
}
