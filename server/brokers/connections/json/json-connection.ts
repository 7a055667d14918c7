/** A client that speaks the JSON protocol (`docs/brokers.md`): reads its frames, sends it messages, ends with a close code. */
import { createHash } from 'node:crypto'
import type { Scope } from '../../../isolation.ts'
import { diskRefusal } from '../../../store/disk.ts'
import { clientScope, closeCodes, Vitals } from '../shared/connection.ts'
import { attempt } from '../../engine/deliveries.ts'
import type { Delivery, EndReason, Link, Message, Receipt, Subscriber } from '../../engine/model.ts'
import type { Tenant } from '../../engine/tenant.ts'
import { isTopic, logTopic, maxSubscriptions, parseFilter } from '../../engine/topics.ts'
import { messageFrame, messageFrameWith, parseFrame, readPublish, receiptFrames, sharedBy, type Frame } from './json-frames.ts'
import type { BrokerService, Connection, EntranceRefusal } from '../../service.ts'
import { webSocketFrame, type Wire, type WireListener } from '../shared/wire.ts'

const pingEvery = 30_000
/** Frames that a client may send ahead while its password is checked. */
const framesAhead = 1_000
const filesAtOnce = 64
/** Unsent bytes of a file's receiver above which its sender waits. */
const fileAhead = 1_048_576

const refusals: Readonly<Record<EntranceRefusal, string>> = {
  'session-not-found': 'Session not found',
  'invalid-password': 'Invalid password',
  suspended: 'Session is suspended',
  'too-many-attempts': 'Too many attempts',
  'too-many-clients': 'Session has too many clients',
  'not-ready': 'Server is starting',
}

export class JsonConnection implements Link, Connection, WireListener {
  readonly id: number
  readonly protocol = 'json'
  readonly address: string
  readonly scope: Scope
  readonly failed: (error: unknown) => void
  name = ''
  private readonly wire: Wire
  private readonly service: BrokerService
  private readonly vitals: Vitals
  private subscriber: Subscriber | null = null
  /** Frames kept while the password is checked. */
  private ahead: { bytes: Buffer; isBinary: boolean }[] | null = null
  /** Topics of the files it is sending. */
  private readonly files = new Map<string, string>()

  constructor(wire: Wire, service: BrokerService) {
    this.wire = wire
    this.service = service
    this.id = service.newLinkId()
    this.address = wire.address
    ;({ scope: this.scope, failed: this.failed } = clientScope(
      wire.address,
      () => this.name,
      () => this.close('fault'),
    ))
    this.vitals = new Vitals(wire, service.clock.now(), () => service.clock.monotonic())
    service.connections.add(this)
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
    if (this.vitals.isClosing) return
    if (this.ahead !== null) {
      if (this.ahead.length < framesAhead) this.ahead.push({ bytes, isBinary })
      else this.close('protocol-error')
      return
    }
    try {
      this.take(bytes, isBinary)
    } catch (error) {
      this.stumbled(error)
    }
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
    return this.vitals.hasRoom()
  }

  send({ message, tries, shares, isOwn }: Delivery): boolean {
    // Nearly always: no field to add, and one frame for all.
    const isPlain = tries === 1 && shares.length === 0
    this.wire.write(
      isPlain
        ? messageFrame(message)
        : messageFrameWith(message, { ...(tries === 1 ? {} : { retry: tries - 1 }), ...sharedBy(shares, isOwn) }),
    )
    return true
  }

  sendOnce(message: Message, { shares, isOwn }: Pick<Delivery, 'shares' | 'isOwn'>, retained: boolean): void {
    const isPlain = !retained && shares.length === 0
    this.wire.write(
      isPlain
        ? messageFrame(message)
        : messageFrameWith(message, { ...(retained ? { retained: true as const } : {}), ...sharedBy(shares, isOwn) }),
    )
  }

  log(text: string, at: number): void {
    this.say({ type: 'log', data: text, timestamp: at })
  }

  relay(frame: Buffer): boolean {
    this.wire.write(frame)
    if (this.wire.unsent > fileAhead) this.vitals.hasRoom()
    return this.wire.unsent <= fileAhead
  }

  whenDrained(callback: () => void): void {
    this.vitals.whenDrained(callback)
  }

  accepted(receipt: Receipt): void {
    this.wire.write(receiptFrames(receipt))
  }

  end(reason: EndReason): void {
    if (reason === 'slow-reader' && this.subscriber !== null) this.service.evicted(this.subscriber.tenant, this.name)
    this.close(reason)
  }

  check(): void {
    const wrong = this.vitals.check(this.subscriber?.tenant.policy.evictAfter ?? 30_000, pingEvery, (this.subscriber?.inFlight ?? 0) > 0)
    if (wrong === 'slow-reader') this.end(wrong)
    else if (wrong !== null) this.close(wrong)
  }

  // Frames

  private take(bytes: Buffer, isBinary: boolean): void {
    if (isBinary) return this.relayChunk(bytes)
    const frame = parseFrame(bytes.toString('utf8'))
    if (frame === 'unparsable') return
    // For clients that cannot ping by themselves, as browsers' cannot.
    if (frame.type === 'ping') return this.say({ type: 'pong' })
    if (frame.type === 'init') return void this.init(frame).catch((error: unknown) => this.stumbled(error))
    if (this.subscriber === null) return this.say({ error: 'Not initialized' })
    this.handle(frame, bytes, this.subscriber)
  }

  /** A fault of ours: the client hears that there was one, the log hears which. The connection, the session and the server live on. */
  private stumbled(error: unknown): void {
    this.service.stumbled(error)
    this.say({ error: 'Internal server error' })
  }

  private async init({ sessionName, password, userId }: Frame): Promise<void> {
    const ahead: { bytes: Buffer; isBinary: boolean }[] = []
    this.ahead = ahead
    const release = this.vitals.hold()
    const wanted = typeof sessionName === 'string' ? sessionName : ''
    const entrance = await this.service.enter(wanted, typeof password === 'string' ? password : '', this.address).finally(() => {
      this.ahead = null
      release()
    })
    if (this.vitals.isClosing) return
    if ('refusal' in entrance) {
      this.say({ type: 'init_response', success: false, error: refusals[entrance.refusal] })
      if (entrance.refusal === 'too-many-attempts') this.close('too-many-attempts')
      if (entrance.refusal === 'suspended') this.close('suspended')
      if (entrance.refusal === 'too-many-clients') this.close('too-many-clients')
    } else this.join(entrance.tenant, typeof userId === 'string' && userId !== '' ? userId.slice(0, 256) : null)
    for (const { bytes, isBinary } of ahead) this.data(bytes, isBinary)
  }

  private join(tenant: Tenant, userId: string | null): void {
    this.leave()
    this.name = userId ?? `anonymous ${this.id}`
    const key = userId === null ? `anonymous:${this.id}` : `user:${userId}`
    const { subscriber } = this.service.engine.attach(tenant, this, { key, durable: userId !== null, keepFor: tenant.policy.keepAwayFor })
    this.subscriber = subscriber
    this.vitals.isLoggedIn = true
    this.say({ type: 'init_response', success: true, sessionName: tenant.name })
    this.service.tell(tenant, `${this.name} joined from ${this.address}`)
    this.service.engine.dispatch(subscriber)
  }

  private leave(): void {
    const { subscriber } = this
    if (subscriber === null) return
    this.subscriber = null
    this.files.clear()
    this.service.engine.detach(subscriber, this)
    this.service.tell(subscriber.tenant, `${this.name} left`)
  }

  private handle(frame: Frame, bytes: Buffer, subscriber: Subscriber): void {
    switch (frame.type) {
      case 'publish':
        return this.publish(frame, subscriber)
      case 'ack':
        if (typeof frame['messageId'] === 'string') this.service.engine.acknowledge(subscriber, frame['messageId'])
        return
      case 'subscribe':
        return void this.subscribe(frame, subscriber).catch((error: unknown) => this.stumbled(error))
      case 'unsubscribe':
        return void this.unsubscribe(frame, subscriber).catch((error: unknown) => this.stumbled(error))
      case 'init_file':
      case 'end_file':
        return this.relayFileFrame(frame, bytes, subscriber)
      case 'register_fcm_token':
        return this.registerDevice(frame, subscriber)
      case 'unregister_fcm_token':
        return this.unregisterDevice(frame, subscriber)
      case 'get_registered_devices':
        return this.listDevices(frame, subscriber)
      default:
        return this.say({ error: 'Unknown message type' })
    }
  }

  private publish(frame: Frame, { tenant }: Subscriber): void {
    const read = readPublish(frame, () => this.service.newMessageId())
    if (typeof read === 'string') {
      const { messageId } = frame
      return this.say({ type: 'publish_response', success: false, error: read, ...(typeof messageId === 'string' ? { messageId } : {}) })
    }
    const { topic, id, frame: ready, body, isEmpty, retain, qos, expiresIn } = read
    this.service.engine.publish(
      tenant,
      { topic, id, frame: ready, body, isEmpty, retain, qos, expiresIn, source: 'json', properties: null, publisher: this.name },
      this,
      id,
    )
  }

  private async subscribe({ topic }: Frame, subscriber: Subscriber): Promise<void> {
    const parsed = typeof topic === 'string' ? parseFilter(topic) : null
    if (typeof topic !== 'string' || parsed === null)
      return this.say({
        type: 'subscribe_response',
        success: false,
        ...(typeof topic === 'string' ? { topic } : {}),
        error: 'Invalid topic',
      })
    if (subscriber.subscriptions.size >= maxSubscriptions && !subscriber.subscriptions.has(topic))
      return this.say({ type: 'subscribe_response', success: false, topic, error: 'Too many subscriptions' })
    const { engine } = this.service
    const { existed } = engine.subscribe(subscriber, topic, {
      ...parsed,
      qos: 1,
      noLocal: true,
      retainAsPublished: false,
      identifier: null,
    })
    // A named client counts on its subscription being there after a crash.
    const isSafe = !subscriber.durable || !subscriber.tenant.isWritten || (await engine.durable())
    // Gone meanwhile, or in another session.
    if (this.subscriber !== subscriber) return
    if (!isSafe) return this.say({ type: 'subscribe_response', success: false, topic, error: 'Subscription could not be stored' })
    this.say({ type: 'subscribe_response', success: true, topic })
    if (existed || parsed.group !== null || parsed.filter === logTopic) return
    for (const message of engine.retainedFor(subscriber.tenant, parsed.filter)) this.sendOnce(message, { shares: [], isOwn: true }, true)
  }

  private async unsubscribe({ topic }: Frame, subscriber: Subscriber): Promise<void> {
    if (typeof topic !== 'string') return this.say({ type: 'unsubscribe_response', success: false, error: 'Invalid topic' })
    const { engine } = this.service
    engine.unsubscribe(subscriber, topic)
    const isSafe = !subscriber.durable || !subscriber.tenant.isWritten || (await engine.durable())
    if (this.subscriber !== subscriber) return
    this.say(
      isSafe
        ? { type: 'unsubscribe_response', success: true, topic }
        : { type: 'unsubscribe_response', success: false, topic, error: 'Subscription could not be stored' },
    )
  }

  // Files: relayed as they are to those who are there, never stored

  private relayFileFrame(frame: Frame, bytes: Buffer, { tenant }: Subscriber): void {
    const { fileId, topic, type } = frame
    if (
      typeof fileId !== 'string' ||
      Buffer.byteLength(fileId) !== 36 ||
      typeof topic !== 'string' ||
      !isTopic(topic) ||
      topic === logTopic
    )
      return this.say({ error: 'fileId and topic are required' })
    if (type === 'init_file') {
      if (this.files.size >= filesAtOnce && !this.files.has(fileId)) return this.say({ error: 'Too many files at once' })
      this.files.set(fileId, topic)
    } else this.files.delete(fileId)
    this.relayToAll(tenant, topic, webSocketFrame(bytes, 'text'))
  }

  /** 0x02, 36 characters of file id, chunk index, encrypted bytes. */
  private relayChunk(bytes: Buffer): void {
    if (this.subscriber === null) return this.say({ error: 'Not initialized' })
    const topic = bytes[0] === 0x02 && bytes.length > 41 ? this.files.get(bytes.toString('latin1', 1, 37)) : undefined
    if (topic === undefined) return this.say({ error: 'Unknown file' })
    this.relayToAll(this.subscriber.tenant, topic, webSocketFrame(bytes, 'binary'))
  }

  private relayToAll(tenant: Tenant, topic: string, frame: Buffer): void {
    for (const { subscriber } of tenant.tree.route(topic).targets) {
      for (const link of subscriber.links) {
        if (link === this || attempt(link, () => link.relay(frame)) !== false) continue
        // Nothing of a file is stored, so its sender goes as fast as its slowest receiver, until that one is disconnected.
        link.whenDrained(this.vitals.hold())
      }
    }
  }

  // Device tokens, kept as the client encrypted them

  private registerDevice(frame: Frame, { tenant }: Subscriber): void {
    const device = readDevice(frame)
    if (device === null) return this.say({ type: 'fcm_token_response', success: false, error: 'userId and encryptedData are required' })
    const stored = orRefused(() => this.service.registerDevice(tenant, device.userId, device))
    this.say(
      stored === 'refused'
        ? { type: 'fcm_token_response', success: false, error: notStored }
        : { type: 'fcm_token_response', success: true, deviceId: device.deviceId },
    )
  }

  private unregisterDevice(frame: Frame, { tenant }: Subscriber): void {
    const device = readDevice(frame)
    if (device === null)
      return this.say({ type: 'fcm_unregister_response', success: false, error: 'userId and encryptedData are required' })
    const removed = orRefused(() => this.service.store.removeDevice(tenant.id, device.userId, device.deviceId))
    if (removed === 'refused') return this.say({ type: 'fcm_unregister_response', success: false, error: notStored })
    this.say(
      removed
        ? { type: 'fcm_unregister_response', success: true }
        : { type: 'fcm_unregister_response', success: false, error: 'Device not found' },
    )
  }

  private listDevices({ userId }: Frame, { tenant }: Subscriber): void {
    if (typeof userId !== 'string')
      return this.say({ type: 'registered_devices_response', success: false, error: 'userId is required', devices: [] })
    this.say({ type: 'registered_devices_response', success: true, devices: this.service.store.devices(tenant.id, userId) })
  }

  private say(frame: object): void {
    this.wire.write(webSocketFrame(JSON.stringify(frame), 'text'))
  }

  private close(reason: keyof typeof closeCodes): void {
    const { code, text } = closeCodes[reason]
    try {
      this.vitals.close(code, text)
    } finally {
      // From here on nothing may reach the session through this connection.
      this.leave()
    }
  }
}

const notStored = 'Device could not be stored'

/** `refused` where the disk does not take it; what else went wrong is thrown. */
function orRefused<Result>(work: () => Result): Result | 'refused' {
  try {
    return work()
  } catch (error) {
    if (diskRefusal(error) === null) throw error
    return 'refused'
  }
}

/** The device is named by `deviceId` or, for clients that send none, by its token's hash. */
function readDevice({
  userId,
  encryptedData,
  deviceId,
  platform,
}: Frame): { userId: string; deviceId: string; platform: string; token: string } | null {
  if (
    typeof userId !== 'string' ||
    userId === '' ||
    userId.length > 256 ||
    typeof encryptedData !== 'string' ||
    encryptedData === '' ||
    encryptedData.length > 8_192
  )
    return null
  return {
    userId,
    token: encryptedData,
    deviceId:
      typeof deviceId === 'string' && deviceId !== ''
        ? deviceId.slice(0, 128)
        : createHash('sha256').update(encryptedData).digest('hex').slice(0, 32),
    platform: typeof platform === 'string' ? platform.slice(0, 64) : 'unknown',
  }
}
