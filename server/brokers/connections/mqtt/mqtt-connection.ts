/** A client that speaks MQTT 3.1.1 or 5, over WebSocket or TCP, on the same engine as the JSON clients. */
import type { IConnectPacket, IDisconnectPacket, IPublishPacket, ISubscribePacket, IUnsubscribePacket, Packet, Parser } from 'mqtt-packet'
import { clientScope, closeCodes, Vitals } from '../shared/connection.ts'
import type { Delivery, EndReason, Link, Message, Receipt, Subscriber } from '../../engine/model.ts'
import type { Tenant } from '../../engine/tenant.ts'
import { hasFreePacketId, isBound, takePacketId } from '../../engine/packet-ids.ts'
import { logTopic, maxSubscriptions, parseFilter } from '../../engine/topics.ts'
import { aliasMaximum, TopicAliases } from './topic-aliases.ts'
import {
  answer,
  connack,
  disconnect,
  encode,
  endCodes,
  entranceCodes,
  isMqttFilter,
  isMqttTopic,
  keptProperties,
  newParser,
  passwordText,
  publishPacket,
  reason,
  refusalCodes,
  refusalOf,
  willOf,
  type Version,
} from './mqtt-packets.ts'
import type { Scope } from '../../../isolation.ts'
import type { BrokerService, Connection } from '../../service.ts'
import type { Wire, WireListener } from '../shared/wire.ts'

const pingEvery = 30_000
const largestPacket = 10_485_760
/** Messages of a client that wait for the disk; above this, what else it sends waits in its own buffers. */
const committingAtOnce = 1_000
/** Packets that may come while a password is checked. */
const packetsAhead = 1_000
const never = 0xffff_ffff

export class MqttConnection implements Link, Connection, WireListener {
  readonly id: number
  readonly address: string
  readonly scope: Scope
  readonly failed: (error: unknown) => void
  name = ''
  private version: Version = 4
  private readonly wire: Wire
  private readonly service: BrokerService
  private readonly vitals: Vitals
  private readonly parser: Parser
  private subscriber: Subscriber | null = null
  /** The same, also after the connection has ended. */
  private joined: Subscriber | null = null
  private phase: 'new' | 'checking' | 'open' | 'over' = 'new'
  /** Packets that came while the password was checked. */
  private ahead: Packet[] = []
  /** Bytes since the last whole packet. */
  private unparsed = 0
  private keepAlive = 0
  private peerReceiveMaximum = 65_535
  private peerMaximumPacket = Infinity
  private wantsWords = true
  private readonly sent = new Map<number, Delivery>()
  /** Packet ids of the client whose message is not durable yet. */
  private readonly committing = new Set<number>()
  private readOn: (() => void) | null = null
  /** Releases that the disk refused to note. */
  private owes = false
  private readonly aliases = new TopicAliases()

  constructor(wire: Wire, service: BrokerService) {
    this.wire = wire
    this.service = service
    this.id = service.newLinkId()
    this.address = wire.address
    ;({ scope: this.scope, failed: this.failed } = clientScope(
      wire.address,
      () => this.name,
      () => this.fail(reason.unspecified),
    ))
    this.vitals = new Vitals(wire, service.clock.now(), () => service.clock.monotonic())
    this.parser = newParser()
    this.parser.on('packet', (packet) => {
      this.unparsed = 0
      try {
        this.take(packet)
      } catch (error) {
        this.failed(error)
      }
    })
    this.parser.on('error', ({ message }) => {
      // What a client of a version to come has to be told, so that it can try again with an older one (MQTT 5, 3.1.2.2).
      if (this.phase === 'new' && message === 'Invalid protocol version') this.refuse({ three: 1, five: reason.unsupportedVersion })
      else this.fail(reason.malformed)
    })
    service.connections.add(this)
  }

  get protocol(): 'mqtt-3.1.1' | 'mqtt-5' {
    return this.version === 5 ? 'mqtt-5' : 'mqtt-3.1.1'
  }

  get connectedAt(): number {
    return this.vitals.connectedAt
  }

  get isStalled(): boolean {
    return this.vitals.isStalled
  }

  // From the wire

  data(bytes: Buffer, isBinary: boolean): void {
    this.vitals.heard()
    if (this.phase === 'over') return
    if (!isBinary) return this.fail(reason.malformed)
    this.unparsed += bytes.length
    try {
      this.parser.parse(bytes)
    } catch {
      // The parser throws on some packets that it should report.
      this.fail(reason.malformed)
    }
    if (this.unparsed > largestPacket + 5) this.fail(reason.packetTooLarge)
    this.vitals.handled()
  }

  alive(): void {
    this.vitals.heard()
    this.vitals.handled()
  }

  drained(): void {
    this.vitals.drained()
    if (this.subscriber !== null) this.service.engine.dispatch(this.subscriber)
  }

  closed(): void {
    this.service.connections.delete(this)
    this.vitals.drained()
    this.leave()
  }

  // From the engine

  ready(): boolean {
    const { subscriber } = this
    return (
      this.phase === 'open' &&
      subscriber !== null &&
      this.sent.size + subscriber.releasing.size < this.peerReceiveMaximum &&
      hasFreePacketId(subscriber) &&
      this.vitals.hasRoom()
    )
  }

  send(delivery: Delivery): boolean {
    const { message, subscriber, qos, tries, maybeSent, retainAsPublished, identifiers } = delivery
    // On the next connection it has the id of the first (MQTT-4.4.0-1), or the client would take it for another message.
    const packetId = delivery.packetId === 0 ? takePacketId(subscriber) : delivery.packetId
    const again = tries > 1 || maybeSent
    const packet = this.pack(message, { qos, packetId, again, retain: retainAsPublished && message.retain, identifiers })
    if (packet === null) {
      if (delivery.packetId === 0) subscriber.packetIds.delete(packetId)
      else if (qos === 2 && again) this.release(packetId, subscriber)
      return false
    }
    delivery.packetId = packetId
    this.sent.set(packetId, delivery)
    this.write(packet)
    return true
  }

  sendOnce(message: Message, { retainAsPublished, identifiers }: Parameters<Link['sendOnce']>[1], retained: boolean): void {
    const packet = this.pack(message, {
      qos: 0,
      packetId: null,
      again: false,
      retain: retained || (retainAsPublished && message.retain),
      identifiers,
    })
    if (packet !== null) this.write(packet)
  }

  log(text: string): void {
    this.write(encode({ cmd: 'publish', topic: logTopic, payload: text, qos: 0, dup: false, retain: false }, this.version))
  }

  /** Files of JSON clients have no meaning in MQTT. */
  relay(): boolean {
    return true
  }

  whenDrained(callback: () => void): void {
    this.vitals.whenDrained(callback)
  }

  accepted({ token, refusal, deliveredTo, queuedFor }: Receipt): void {
    if (typeof token !== 'number' || token < 1) return
    const isSecond = this.committing.delete(token) && this.joined?.receiving.has(token) === true
    // Also where the connection has ended meanwhile: it is not here, and has to be taken when it comes again.
    if (refusal !== null && isSecond) this.forgetReceiving(token)
    if (this.phase !== 'open') return
    if (this.readOn !== null && this.committing.size < committingAtOnce / 2) {
      this.readOn()
      this.readOn = null
    }
    if (refusal !== null) {
      // MQTT 3 has no words for a refusal: the connection ends, and the client sends the message again on the next one.
      if (this.version !== 5) return this.fail(refusalCodes[refusal])
      return this.write(refusalOf(isSecond ? 'pubrec' : 'puback', token, refusal, this.wantsWords))
    }
    const reasonCode = deliveredTo + queuedFor === 0 ? reason.noMatchingSubscribers : reason.success
    this.write(answer(isSecond ? 'pubrec' : 'puback', token, this.version, reasonCode))
  }

  end(why: EndReason): void {
    if (why === 'slow-reader' && this.subscriber !== null) this.service.evicted(this.subscriber.tenant, this.name)
    if (this.version === 5 && this.phase === 'open') this.write(disconnect(endCodes[why]))
    // A will outlives the server and is published at its next start.
    this.over(closeCodes[why], { keepWill: why === 'shutdown' || why === 'dropped' })
  }

  check(): void {
    if (this.phase === 'open' && this.keepAlive > 0 && this.vitals.quietFor > this.keepAlive * 1_500)
      return this.fail(reason.keepAliveTimeout)
    if (this.owes && this.subscriber !== null && this.service.storageError === null) this.goOn(this.subscriber)
    const wrong = this.vitals.check(
      this.subscriber?.tenant.policy.evictAfter ?? 30_000,
      this.keepAlive === 0 && this.wire.pings ? pingEvery : null,
      this.sent.size > 0,
    )
    if (wrong === 'slow-reader') this.end(wrong)
    else if (wrong === 'login-deadline') this.over(closeCodes[wrong])
  }

  // Packets

  private take(packet: Packet): void {
    if (this.phase === 'over') return
    if (this.phase === 'checking') {
      if (this.ahead.length < packetsAhead) this.ahead.push(packet)
      else this.fail(reason.quotaExceeded)
      return
    }
    if (this.phase === 'new') {
      if (packet.cmd === 'connect') void this.connect(packet).catch((error: unknown) => this.failed(error))
      else this.fail(reason.protocolError)
      return
    }
    const { subscriber } = this
    if (subscriber !== null) this.handle(packet, subscriber)
  }

  private handle(packet: Packet, subscriber: Subscriber): void {
    const { engine } = this.service
    const id = packet.messageId ?? 0
    switch (packet.cmd) {
      case 'publish':
        return this.publish(packet, subscriber)
      case 'puback':
        return this.acknowledged(id, subscriber)
      case 'pubrec':
        return this.received(id, (packet.reasonCode ?? 0) >= 0x80, subscriber)
      case 'pubcomp':
        if (!subscriber.releasing.delete(id)) return
        engine.record(subscriber.tenant)?.packet(subscriber.id, 'releasing', id, false)
        return engine.dispatch(subscriber)
      case 'pubrel': {
        const known = subscriber.receiving.has(id)
        this.forgetReceiving(id)
        return this.afterCommit(subscriber, () =>
          this.write(answer('pubcomp', id, this.version, known ? reason.success : reason.packetIdNotFound)),
        )
      }
      case 'subscribe':
        return void this.subscribe(packet, subscriber).catch((error: unknown) => this.failed(error))
      case 'unsubscribe':
        return void this.unsubscribe(packet, subscriber).catch((error: unknown) => this.failed(error))
      case 'pingreq':
        return this.write(encode({ cmd: 'pingresp' }, this.version))
      case 'disconnect':
        return this.disconnected(packet, subscriber)
      default:
        return this.fail(reason.protocolError)
    }
  }

  private async connect(packet: IConnectPacket): Promise<void> {
    this.phase = 'checking'
    this.version = packet.protocolVersion === 5 ? 5 : packet.protocolVersion === 3 ? 3 : 4
    const { clean = true, keepalive = 0, properties = {} } = packet
    if (properties.authenticationMethod !== undefined) return this.refuse({ three: 5, five: reason.badAuthenticationMethod })
    if (packet.clientId === '' && !clean && this.version !== 5) return this.refuse({ three: 2, five: reason.badClientId })
    if (packet.clientId.length > 256) return this.refuse({ three: 2, five: reason.badClientId })
    if (properties.receiveMaximum === 0 || properties.maximumPacketSize === 0) return this.refuse({ three: 2, five: reason.protocolError })
    if (packet.will !== undefined && !isMqttTopic(packet.will.topic)) return this.refuse({ three: 2, five: reason.topicInvalid })
    const entrance = await this.service
      .enter(this.sessionOf(packet.username ?? ''), passwordText(packet.password), this.address)
      .finally(this.vitals.hold())
    if (this.phase !== 'checking') return
    if ('refusal' in entrance) return this.refuse(entranceCodes[entrance.refusal])
    this.keepAlive = keepalive
    this.peerReceiveMaximum = Math.min(properties.receiveMaximum ?? 65_535, entrance.tenant.policy.maxInFlight)
    this.peerMaximumPacket = properties.maximumPacketSize ?? Infinity
    this.aliases.peerMaximum = properties.topicAliasMaximum ?? 0
    this.wantsWords = properties.requestProblemInformation !== false
    this.join(entrance.tenant, packet, this.version === 5 ? (properties.sessionExpiryInterval ?? 0) : clean ? 0 : never)
    for (const waiting of this.ahead.splice(0)) this.take(waiting)
  }

  /** `SESSION` or `SESSION:anything`, since some clients want a user name of their own. */
  private sessionOf(username: string): string {
    return this.service.has(username) || !username.includes(':') ? username : username.slice(0, username.indexOf(':'))
  }

  private join(tenant: Tenant, { clientId, clean = true, will }: IConnectPacket, expiryInterval: number): void {
    const { engine } = this.service
    this.name = clientId === '' ? `auto-${this.service.newMessageId()}` : clientId
    const key = `mqtt:${this.name}`
    for (const link of [...(tenant.subscribers.get(key)?.links ?? [])]) link.end('taken-over')
    const limit = tenant.policy.keepAwayFor
    const wanted = expiryInterval === never ? null : expiryInterval * 1_000
    const keepFor = wanted === null ? limit : Math.min(wanted, limit ?? Infinity)
    const { subscriber, resumed } = engine.attach(tenant, this, {
      key,
      durable: keepFor !== 0,
      keepFor,
      clean,
      will: will === undefined ? null : willOf(will, this.name),
    })
    this.subscriber = this.joined = subscriber
    this.phase = 'open'
    this.vitals.isLoggedIn = true
    this.service.cancelWill(subscriber)
    this.write(
      connack(this.version, { three: 0, five: reason.success }, resumed, {
        ...{ maximumPacketSize: largestPacket, topicAliasMaximum: aliasMaximum },
        ...{
          retainAvailable: true,
          wildcardSubscriptionAvailable: true,
          subscriptionIdentifiersAvailable: true,
          sharedSubscriptionAvailable: true,
        },
        ...(clientId === '' ? { assignedClientIdentifier: this.name } : {}),
        ...(keepFor !== wanted && keepFor !== null ? { sessionExpiryInterval: Math.floor(keepFor / 1_000) } : {}),
      }),
    )
    this.service.tell(tenant, `${this.name} joined from ${this.address}`)
    this.goOn(subscriber)
  }

  /** First what was received and is owed its release, then what was not. */
  private goOn(subscriber: Subscriber): void {
    const { engine } = this.service
    const owed = [...subscriber.releasing]
    if (owed.length === 0) return engine.dispatch(subscriber)
    const tell = (isSafe: boolean): void => {
      if (this.subscriber !== subscriber) return
      if (isSafe) for (const packetId of owed) if (subscriber.releasing.has(packetId)) this.write(answer('pubrel', packetId, this.version))
      // A disk that refuses stands in the way of nothing else.
      this.owes = !isSafe
      engine.dispatch(subscriber)
    }
    if (!needsDisk(subscriber)) return tell(true)
    engine.durable(subscriber.tenant.policy.durability).then(tell).catch(this.failed)
  }

  private publish(packet: IPublishPacket, subscriber: Subscriber): void {
    const { tenant } = subscriber
    const topic = this.aliases.topicOf(packet)
    if (typeof topic === 'number') return this.fail(topic)
    const packetId = packet.qos === 0 ? 0 : (packet.messageId ?? 0)
    if (packet.qos > 0 && packetId === 0) return this.fail(reason.malformed)
    if (packet.qos === 2) {
      // Sent again before it was released: it is here already, and its PUBREC comes when it is safe.
      if (this.committing.has(packetId)) return
      // On another connection it may still be on its way to the disk, which may refuse it.
      if (subscriber.receiving.has(packetId))
        return this.afterCommit(subscriber, () =>
          subscriber.receiving.has(packetId) ? this.write(answer('pubrec', packetId, this.version)) : this.fail(reason.unspecified),
        )
      subscriber.receiving.add(packetId)
      this.service.engine.record(tenant)?.packet(subscriber.id, 'receiving', packetId, true)
    }
    if (packet.qos > 0) {
      this.committing.add(packetId)
      if (this.committing.size >= committingAtOnce) this.readOn ??= this.vitals.hold()
    }
    const expiry = packet.properties?.messageExpiryInterval
    const body = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    this.service.engine.publish(
      tenant,
      {
        topic,
        id: this.service.newMessageId(),
        source: 'mqtt',
        body,
        isEmpty: body.length === 0,
        qos: packet.qos,
        retain: packet.retain,
        properties: keptProperties(packet),
        expiresIn: expiry === undefined ? null : Math.max(1, expiry * 1_000),
        publisher: this.name,
      },
      this,
      packetId,
    )
  }

  private async subscribe({ subscriptions, messageId, properties }: ISubscribePacket, subscriber: Subscriber): Promise<void> {
    const { engine } = this.service
    const identifier = properties?.subscriptionIdentifier ?? null
    const retained: { filter: string; qos: 0 | 1 | 2; identifiers: readonly number[] }[] = []
    // MQTT-3.8.3-4
    if (subscriptions.some(({ topic, nl }) => nl === true && topic.startsWith('$share/'))) return this.fail(reason.protocolError)
    const granted = subscriptions.map(({ topic, qos, nl = false, rap = false, rh = 0 }) => {
      const parsed = isMqttFilter(topic) || topic.startsWith('$share/') ? parseFilter(topic) : null
      if (parsed === null || !isMqttFilter(parsed.filter)) return this.version === 5 ? reason.filterInvalid : reason.unspecified
      if (subscriber.subscriptions.size >= maxSubscriptions && !subscriber.subscriptions.has(topic))
        return this.version === 5 ? reason.quotaExceeded : reason.unspecified
      const { existed } = engine.subscribe(subscriber, topic, {
        ...parsed,
        qos,
        noLocal: nl && parsed.group === null,
        retainAsPublished: rap,
        identifier,
      })
      if (parsed.group === null && (rh === 0 || (rh === 1 && !existed)))
        retained.push({ filter: parsed.filter, qos, identifiers: identifier === null ? [] : [identifier] })
      return qos
    })
    const isSafe = !needsDisk(subscriber) || (await engine.durable())
    // Gone meanwhile, perhaps for good: what it would be given now nobody would ever take.
    if (this.subscriber !== subscriber) return
    if (!isSafe)
      return this.write(encode({ cmd: 'suback', messageId: messageId ?? 0, granted: granted.map(() => reason.unspecified) }, this.version))
    this.write(encode({ cmd: 'suback', messageId: messageId ?? 0, granted }, this.version))
    for (const { filter, qos, identifiers } of retained) {
      for (const message of engine.retainedFor(subscriber.tenant, filter)) {
        if (qos === 0 || message.qos === 0) this.sendOnce(message, { retainAsPublished: true, identifiers, shares: [], isOwn: true }, true)
        else
          engine.deliverRetained(message, {
            subscriber,
            qos,
            identifiers,
            noLocal: false,
            retainAsPublished: true,
            shares: [],
            isOwn: true,
          })
      }
    }
  }

  private async unsubscribe({ unsubscriptions, messageId }: IUnsubscribePacket, subscriber: Subscriber): Promise<void> {
    const { engine } = this.service
    const granted = unsubscriptions.map((topic) => (engine.unsubscribe(subscriber, topic) ? reason.success : reason.noSubscriptionExisted))
    const isSafe = !needsDisk(subscriber) || (await engine.durable())
    if (this.subscriber !== subscriber) return
    // MQTT 3 knows no UNSUBACK that says no: the client asks again on the next connection.
    if (!isSafe && this.version !== 5) return this.fail(reason.unspecified)
    this.write(
      encode(
        { cmd: 'unsuback', messageId: messageId ?? 0, granted: isSafe ? granted : granted.map(() => reason.unspecified) },
        this.version,
      ),
    )
  }

  private disconnected({ reasonCode = 0, properties }: IDisconnectPacket, subscriber: Subscriber): void {
    // 0x04: the client leaves on purpose and wants its will to be sent all the same.
    if (reasonCode !== 0x04) this.service.engine.forgetWill(subscriber)
    const expiry = properties?.sessionExpiryInterval
    if (expiry !== undefined) {
      if (subscriber.keepFor === 0 && expiry > 0) return this.fail(reason.protocolError)
      const limit = subscriber.tenant.policy.keepAwayFor
      subscriber.keepFor = expiry === never ? limit : Math.min(expiry * 1_000, limit ?? Infinity)
    }
    this.over({ code: 1000, text: '' })
  }

  private acknowledged(packetId: number, subscriber: Subscriber): void {
    const delivery = this.sent.get(packetId)
    if (delivery?.qos === 2) this.fail(reason.protocolError)
    else if (delivery !== undefined) this.finish(packetId, subscriber, delivery)
  }

  private finish(packetId: number, subscriber: Subscriber, delivery: Delivery): void {
    this.sent.delete(packetId)
    subscriber.packetIds.delete(packetId)
    // It may have become a dead letter meanwhile; the window it held is free all the same.
    if (!this.service.engine.acknowledgeDelivery(delivery)) this.service.engine.dispatch(subscriber)
  }

  /** PUBREC: from here on the receiver has the message, and is owed its release. */
  private received(packetId: number, hasFailed: boolean, subscriber: Subscriber): void {
    // Some clients answer on the next connection, before they get it again.
    const delivery =
      this.sent.get(packetId) ??
      (subscriber.packetIds.has(packetId)
        ? [...subscriber.unacked.values()].find((each) => each.packetId === packetId && isBound(each))
        : undefined)
    if (delivery?.qos === 1) return this.fail(reason.protocolError)
    if (delivery !== undefined)
      return hasFailed ? this.finish(packetId, subscriber, delivery) : this.release(packetId, subscriber, delivery)
    if (hasFailed) return
    const isKnown = subscriber.releasing.has(packetId)
    this.afterCommit(subscriber, () =>
      this.write(answer('pubrel', packetId, this.version, isKnown ? reason.success : reason.packetIdNotFound)),
    )
  }

  /** The packet id stays in use until PUBCOMP, and the receiver hears of it once that is on the disk: after a crash nothing else may bear it. */
  private release(packetId: number, subscriber: Subscriber, delivery?: Delivery): void {
    const { engine } = this.service
    subscriber.releasing.add(packetId)
    engine.record(subscriber.tenant)?.packet(subscriber.id, 'releasing', packetId, true)
    if (delivery !== undefined) this.finish(packetId, subscriber, delivery)
    this.afterCommit(subscriber, () => this.write(answer('pubrel', packetId, this.version)))
  }

  private forgetReceiving(packetId: number): void {
    const { joined } = this
    if (joined?.receiving.delete(packetId) === true)
      this.service.engine.record(joined.tenant)?.packet(joined.id, 'receiving', packetId, false)
  }

  private pack(
    message: Message,
    {
      qos,
      packetId,
      again,
      retain,
      identifiers,
    }: { qos: 0 | 1 | 2; packetId: number | null; again: boolean; retain: boolean; identifiers: readonly number[] },
  ): Buffer | null {
    const alias = this.aliases.nameFor(message.topic)
    const packet = publishPacket(message, {
      version: this.version,
      qos,
      packetId,
      again,
      retain,
      identifiers,
      now: this.service.clock.monotonic(),
      alias,
    })
    if (packet.length <= this.peerMaximumPacket) return packet
    if (alias !== null) this.aliases.takeBack(alias)
    return null
  }

  /** What a packet of quality 2 answers has to be on the disk first: after a crash each side must know what the other was told. */
  private afterCommit(subscriber: Subscriber, act: () => void): void {
    if (!needsDisk(subscriber)) return act()
    // Where the disk refuses, the client comes again and finds all as it left it.
    this.service.engine
      .durable(subscriber.tenant.policy.durability)
      .then((isSafe) => (isSafe ? act() : this.fail(reason.unspecified)))
      .catch((error: unknown) => this.failed(error))
  }

  private write(packet: Buffer): void {
    if (this.phase !== 'over') this.wire.write(this.wire.frame(packet))
  }

  private refuse(code: { three: number; five: number }): void {
    this.write(connack(this.version, code, false))
    this.over(closeCodes['protocol-error'])
  }

  /** Ends the connection over what the client did. */
  private fail(code: number): void {
    if (this.phase === 'over') return
    if (this.version === 5 && this.phase === 'open') this.write(disconnect(code))
    this.over(closeCodes['protocol-error'])
  }

  private over({ code, text }: { code: number; text: string }, { keepWill = false } = {}): void {
    if (this.vitals.isClosing) return
    try {
      this.leave(keepWill)
    } finally {
      this.vitals.close(code, text)
    }
  }

  private leave(keepWill = false): void {
    const { subscriber } = this
    this.phase = 'over'
    if (subscriber === null) return
    this.subscriber = null
    this.sent.clear()
    // One without a persistent session would be forgotten with its will.
    if (keepWill && subscriber.will !== null && !subscriber.durable) return
    try {
      if (!keepWill) this.service.leaveWill(subscriber)
    } finally {
      this.service.engine.detach(subscriber, this)
    }
    this.service.tell(subscriber.tenant, `${this.name} left`)
  }
}

/** Whether what is agreed with the client has to outlive this process. */
function needsDisk({ durable, tenant }: Subscriber): boolean {
  return durable && tenant.isWritten
}
