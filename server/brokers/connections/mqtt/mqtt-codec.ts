/**
 * MQTT 3.1.1 and 5 over WebSocket or TCP: reads a client's packets, one handler for each kind. Numbers of sections are those of MQTT 5;
 * 3.1.1 has the same ones for packets up to DISCONNECT.
 */
import type { IConnectPacket, IDisconnectPacket, Packet, Parser } from 'mqtt-packet'
import type { Attachment } from '../../engine/broker-engine.ts'
import { logTopic } from '../../engine/topics.ts'
import type { Delivery, EndReason, HowDelivered, Message, Protocol, Receipt } from '../../engine/types.ts'
import type { Clients } from '../../clients.ts'
import type { ClientConnection } from '../shared/client-connection.ts'
import type { Codec } from '../shared/codec.ts'
import { Incoming } from './incoming.ts'
import { handleConnect, refuseVersion } from './mqtt-login.ts'
import { answer, disconnect, encode, endCodes, keepForOf, reason, type Version } from './mqtt-packets.ts'
import { largestPacket, type MqttPeer } from './mqtt-peer.ts'
import { Outgoing } from './outgoing.ts'
import { faultIn } from './packet-rules.ts'
import { PacketError, strictParser } from './strict-parser.ts'
import { subscribe, unsubscribe } from './subscriptions.ts'
import { TopicAliases } from './topic-aliases.ts'

export class MqttCodec implements Codec, MqttPeer {
  readonly connection: ClientConnection
  readonly clients: Clients
  version: Version = 4
  keepAlive = 0
  receiveMaximum: number | null = null
  wantsWords = true
  isBridge = false
  limits = { receiveMaximum: 65_535, maximumPacketSize: Infinity }
  readonly aliases = new TopicAliases()
  readonly #outgoing: Outgoing
  readonly #incoming: Incoming
  readonly #parser: Parser
  /** Bytes since the last whole packet. */
  #unparsed = 0
  /** Releases that the disk refused to note. */
  #owesReleases = false

  constructor(connection: ClientConnection) {
    this.connection = connection
    this.clients = connection.clients
    this.#outgoing = new Outgoing(this)
    this.#incoming = new Incoming(this)
    this.#parser = strictParser()
    this.#parser.on('packet', (packet) => {
      this.#unparsed = 0
      try {
        this.#onPacket(packet)
      } catch (error) {
        this.connection.failed(error)
      }
    })
    this.#parser.on('error', (error) => {
      if (this.connection.state === 'open' && error.message === 'Invalid protocol version') refuseVersion(this)
      else this.fail(error instanceof PacketError ? error.code : reason.malformed)
    })
  }

  get protocol(): Protocol {
    return this.version === 5 ? 'mqtt-5' : 'mqtt-3.1.1'
  }

  get pingEvery(): number | null {
    return this.keepAlive === 0 && this.connection.wire.pings ? 30_000 : null
  }

  get isOwed(): boolean {
    return this.#outgoing.unanswered > 0
  }

  onBytes(bytes: Buffer, isBinary: boolean): void {
    if (!isBinary) return this.fail(reason.malformed)
    this.#unparsed += bytes.length
    try {
      this.#parser.parse(bytes)
    } catch {
      // The parser throws on some packets that it should report.
      this.fail(reason.malformed)
    }
    if (this.#unparsed > largestPacket + 5) this.fail(reason.packetTooLarge)
  }

  #onPacket(packet: Packet): void {
    const { state, attachment } = this.connection
    if (state === 'authenticating') {
      if (!this.connection.keepForLater(() => this.#onPacket(packet))) this.fail(reason.quotaExceeded)
    } else if (state === 'open') {
      // The first packet must be CONNECT (MQTT-3.1.0-1).
      if (packet.cmd === 'connect') this.#inBackground(this.#connect(packet))
      else this.fail(reason.protocolError)
    } else if (state === 'connected' && attachment !== null) this.#handle(packet, attachment)
  }

  #handle(packet: Packet, attachment: Attachment): void {
    const fault = faultIn(packet)
    if (fault !== null) return this.fail(fault)
    const id = packet.messageId ?? 0
    switch (packet.cmd) {
      case 'publish': // 3.3
        return this.#incoming.publish(packet, attachment)
      case 'puback': // 3.4
        return this.#outgoing.acknowledged(id, attachment)
      case 'pubrec': // 3.5
        return this.#outgoing.received(id, (packet.reasonCode ?? 0) >= 0x80, attachment)
      case 'pubrel': // 3.6
        return this.#incoming.released(id, attachment)
      case 'pubcomp': // 3.7
        return attachment.mqtt.complete(id)
      case 'subscribe': // 3.8
        return this.#inBackground(subscribe(this, packet, attachment))
      case 'unsubscribe': // 3.10
        return this.#inBackground(unsubscribe(this, packet, attachment))
      case 'pingreq': // 3.12
        return this.write(encode({ cmd: 'pingresp' }, this.version))
      case 'disconnect': // 3.14
        return this.#disconnected(packet, attachment)
      default:
        // CONNECT comes once (MQTT-3.1.0-2), and all else is the server's to send.
        return this.fail(reason.protocolError)
    }
  }

  async #connect(packet: IConnectPacket): Promise<void> {
    this.version = packet.protocolVersion === 5 ? 5 : packet.protocolVersion === 3 ? 3 : 4
    await handleConnect(this, packet)
  }

  /** DISCONNECT (3.14): the client leaves on purpose. */
  #disconnected({ reasonCode = 0, properties }: IDisconnectPacket, { mqtt }: Attachment): void {
    // 0x04: and wants its will to be sent all the same.
    if (reasonCode !== 0x04) mqtt.forgetWill()
    const expiry = properties?.sessionExpiryInterval
    const limit = this.connection.session?.policy.keepAwayFor ?? null
    if (expiry !== undefined && !mqtt.changeExpiry(keepForOf(expiry, limit))) return this.fail(reason.protocolError)
    this.connection.close('done')
  }

  // To the client

  hasRoom(): boolean {
    return this.#outgoing.hasRoom()
  }

  send(delivery: Delivery): boolean {
    return this.#outgoing.send(delivery)
  }

  sendOnce(message: Message, how: HowDelivered, retained: boolean): void {
    this.#outgoing.sendOnce(message, how, retained)
  }

  log(text: string): void {
    this.write(encode({ cmd: 'publish', topic: logTopic, payload: text, qos: 0, dup: false, retain: false }, this.version))
  }

  /** Files of JSON clients have no meaning in MQTT. */
  relay(): boolean {
    return true
  }

  accepted(receipt: Receipt): void {
    this.#incoming.accepted(receipt)
  }

  // Its life

  /** First what was received and is owed its release, then what was not (4.4). */
  onAttached(attachment: Attachment): void {
    this.#incoming.attachment = attachment
    this.#sendReleases(attachment)
  }

  onDetached(): void {
    this.#outgoing.clear()
  }

  onTick(): void {
    // One and a half times the keep alive without a packet ends the connection (MQTT-3.1.2-22).
    if (this.keepAlive > 0 && this.connection.heartbeat.quietFor > this.keepAlive * 1_500) return this.fail(reason.keepAliveTimeout)
    const { attachment } = this.connection
    if (this.#owesReleases && attachment !== null && !this.clients.storageRefuses) this.#sendReleases(attachment)
  }

  sayGoodbye(why: EndReason): void {
    if (this.version === 5 && this.connection.state === 'connected') this.write(disconnect(endCodes[why]))
  }

  onFault(): void {
    this.fail(reason.unspecified)
  }

  #sendReleases(attachment: Attachment): void {
    const { mqtt } = attachment
    const owed = [...mqtt.releasing]
    if (owed.length === 0) return attachment.resume()
    const send = (isStored: boolean): void => {
      if (this.connection.attachment !== attachment) return
      if (isStored) for (const packetId of owed) if (mqtt.isReleasing(packetId)) this.write(answer('pubrel', packetId, this.version))
      // A disk that refuses stands in the way of nothing else.
      this.#owesReleases = !isStored
      attachment.resume()
    }
    if (!attachment.isKept) return send(true)
    attachment.stored().then(send).catch(this.connection.failed)
  }

  // For the handlers

  write(packet: Buffer): void {
    this.connection.write(this.connection.wire.frame(packet))
  }

  fail(code: number): void {
    if (this.connection.isOver) return
    if (this.version === 5 && this.connection.state === 'connected') this.write(disconnect(code))
    this.connection.close('protocol-error')
  }

  whenStored(attachment: Attachment, act: () => void): void {
    if (!attachment.isKept) return act()
    // Where the disk refuses, the client comes again and finds all as it left it.
    this.#inBackground(attachment.stored().then((isStored) => (isStored ? act() : this.fail(reason.unspecified))))
  }

  #inBackground(work: Promise<void>): void {
    work.catch(this.connection.failed)
  }
}
