/**
 * The journal's records as bytes: what the engine must still know after the process was killed.
 * Little endian; numbers that may pass 2^32 are doubles; texts are UTF-8 behind their length.
 */
import type { DeadLetter, DeadReason, Delivery, Message, MessageProperties, Quality, Subscriber, Will } from './model.ts'

export const recordType = { message: 1, settle: 2, tries: 3, dead: 4, deadRemoved: 5, unretain: 6, checkpoint: 7, subscriber: 8, subscriberGone: 9, packet: 10, sentAs: 11 } as const

const reasons: readonly DeadReason[] = ['expired', 'max-retries', 'overflow', 'oversized', 'subscriber-gone']

/** A subscriber as the journal keeps it. */
export interface StoredSubscriber {
  id: number
  tenant: number
  key: string
  keepFor: number | null
  awaySince: number | null
  subscriptions: { filter: string; group: string | null; qos: Quality; noLocal: boolean; retainAsPublished: boolean; identifier: number | null }[]
  releasing: number[]
  receiving: number[]
  /** `body` in Base64. Absent in journals of before wills were kept. */
  will?: (Omit<Will, 'body'> & { body: string }) | null
}

export interface Checkpoint {
  nextSeq: number
  nextSubscriber: number
  nextDeadLetter: number
  subscribers: StoredSubscriber[]
}

export interface StoredMessage {
  seq: number
  tenant: number
  topic: string
  id: string
  publisher: string
  acceptedAt: number
  expiresAt: number | null
  qos: Quality
  retain: boolean
  retained: boolean
  source: 'json' | 'mqtt'
  properties: MessageProperties | null
  body: Buffer
  deliveries: Map<number, { tries: number; qos: Quality; retainAsPublished: boolean; identifiers: number[]; group: string | null; packetId: number }>
  /** Null without any: a start reads hundreds of thousands of messages, and a map for each costs more than all the rest. */
  dead: Map<number, { reason: DeadReason; tries: number; at: number; subscriberKey: string }> | null
  segment: number
}

interface DeliveryOptions {
  rap?: boolean
  ids?: readonly number[]
  group?: string
  packetId?: number
}

const firstSize = 262_144
const largestKept = 8_388_608

export class RecordWriter {
  private buffer = Buffer.allocUnsafe(firstSize)
  private spare = Buffer.allocUnsafe(firstSize)
  private end = 0

  get length(): number {
    return this.end
  }

  /** All that was written since the last call. The bytes stay valid until the call after the next. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.end)
    const next = this.spare
    // One large batch must not keep its memory for good.
    this.spare = this.buffer.length > largestKept ? Buffer.allocUnsafe(firstSize) : this.buffer
    this.buffer = next
    this.end = 0
    return taken
  }

  message(message: Message, dead: Iterable<DeadLetter> = []): void {
    const { deliveries } = message
    const letters = [...dead]
    const properties = message.properties === null ? '' : JSON.stringify(message.properties)
    this.reserve(128 + 3 * (message.topic.length + message.id.length + message.publisher.length + properties.length) + message.body.length + 16 * deliveries.length)
    this.u8(recordType.message)
    this.f64(message.seq)
    this.u32(message.tenant.id)
    this.f64(message.acceptedAt)
    this.f64(message.expiresAt ?? NaN)
    this.u8(message.qos | (message.retain ? 4 : 0) | (message.source === 'mqtt' ? 8 : 0) | (message.retained ? 16 : 0))
    this.text(message.topic)
    this.text(message.id)
    this.text(message.publisher)
    this.text(properties)
    this.u32(message.body.length)
    message.body.copy(this.buffer, this.end)
    this.end += message.body.length
    this.u32(message.pending)
    for (const delivery of deliveries) {
      if (delivery.state === 'over') continue
      this.reserve(16)
      this.u32(delivery.subscriber.id)
      this.u32(delivery.tries)
      this.u8(delivery.qos)
      this.text(deliveryOptions(delivery))
    }
    this.reserve(8)
    this.u32(letters.length)
    for (const letter of letters) this.deadFields(letter)
  }

  settle({ message, subscriber }: Delivery): void {
    this.reserve(16)
    this.u8(recordType.settle)
    this.f64(message.seq)
    this.u32(subscriber.id)
  }

  tries({ message, subscriber, tries }: Delivery): void {
    this.reserve(24)
    this.u8(recordType.tries)
    this.f64(message.seq)
    this.u32(subscriber.id)
    this.u32(tries)
  }

  /** Under which packet id a client knows a message of quality 2: sent again under another, it would be taken for a new one. */
  sentAs({ message, subscriber, packetId }: Delivery): void {
    this.reserve(24)
    this.u8(recordType.sentAs)
    this.f64(message.seq)
    this.u32(subscriber.id)
    this.u32(packetId)
  }

  dead(letter: DeadLetter, subscriber: number): void {
    this.reserve(16)
    this.u8(recordType.dead)
    this.f64(letter.message.seq)
    this.u32(subscriber)
    this.deadFields(letter)
  }

  deadRemoved(letter: DeadLetter): void {
    this.reserve(24)
    this.u8(recordType.deadRemoved)
    this.f64(letter.message.seq)
    this.f64(letter.id)
  }

  unretain(message: Message): void {
    this.reserve(16)
    this.u8(recordType.unretain)
    this.f64(message.seq)
  }

  checkpoint(checkpoint: Checkpoint): void {
    this.reserve(8)
    this.u8(recordType.checkpoint)
    this.text(JSON.stringify(checkpoint))
  }

  subscriber(subscriber: Subscriber): void {
    this.reserve(8)
    this.u8(recordType.subscriber)
    this.text(JSON.stringify(storedSubscriber(subscriber)))
  }

  subscriberGone(id: number): void {
    this.reserve(8)
    this.u8(recordType.subscriberGone)
    this.u32(id)
  }

  /** `receiving`: a QoS 2 packet it published. `releasing`: one it was sent. */
  packet(subscriber: number, which: 'receiving' | 'releasing', packetId: number, present: boolean): void {
    this.reserve(16)
    this.u8(recordType.packet)
    this.u32(subscriber)
    this.u8((which === 'receiving' ? 1 : 0) | (present ? 2 : 0))
    this.u32(packetId)
  }

  private deadFields({ id, reason, tries, at, subscriberKey }: DeadLetter): void {
    this.reserve(64)
    this.f64(id)
    this.u8(reasons.indexOf(reason))
    this.u32(tries)
    this.f64(at)
    this.text(subscriberKey)
  }

  private u8(value: number): void {
    this.buffer[this.end] = value
    this.end += 1
  }

  private u32(value: number): void {
    this.end = this.buffer.writeUInt32LE(value, this.end)
  }

  private f64(value: number): void {
    this.end = this.buffer.writeDoubleLE(value, this.end)
  }

  private text(text: string): void {
    this.reserve(4 + 3 * text.length)
    const length = this.buffer.write(text, this.end + 4, 'utf8')
    this.buffer.writeUInt32LE(length, this.end)
    this.end += 4 + length
  }

  private reserve(bytes: number): void {
    const needed = this.end + bytes
    if (needed <= this.buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.buffer.length))
    this.buffer.copy(grown, 0, 0, this.end)
    this.buffer = grown
  }
}

function deliveryOptions({ qos, retainAsPublished, identifiers, group, packetId }: Delivery): string {
  const known = qos === 2 && packetId !== 0
  if (!retainAsPublished && identifiers.length === 0 && group === null && !known) return ''
  return JSON.stringify({ rap: retainAsPublished, ids: identifiers, ...(group === null ? {} : { group }), ...(known ? { packetId } : {}) } satisfies DeliveryOptions)
}

export function storedSubscriber({ id, tenant, key, keepFor, awaySince, subscriptions, releasing, receiving, will }: Subscriber): StoredSubscriber {
  return {
    ...{ id, tenant: tenant.id, key, keepFor, awaySince },
    subscriptions: [...subscriptions.values()].map(({ filter, group, qos, noLocal, retainAsPublished, identifier }) => ({ filter, group, qos, noLocal, retainAsPublished, identifier })),
    releasing: [...releasing],
    receiving: [...receiving],
    will: will === null ? null : { ...will, body: will.body.toString('base64') },
  }
}

/** What the records of all segments together say. */
export class Replay {
  readonly messages = new Map<number, StoredMessage>()
  subscribers = new Map<number, StoredSubscriber>()
  /** Message ids by session, in the order of their acceptance: for telling repetitions. */
  readonly seen = new Map<number, string[]>()
  nextSeq = 1
  nextSubscriber = 1
  nextDeadLetter = 1

  /** Applies the records of one batch, whose checksum was right. */
  apply(bytes: Buffer, segment: number): void {
    const reader = new RecordReader(bytes)
    while (reader.more) this.applyOne(reader, segment)
  }

  private applyOne(reader: RecordReader, segment: number): void {
    const type = reader.u8()
    switch (type) {
      case recordType.message:
        return this.putMessage(reader.message(segment))
      case recordType.settle: {
        const message = this.messages.get(reader.f64())
        // Read first: behind `?.` the field would stay unread, and all that follows it be misread.
        const subscriber = reader.u32()
        message?.deliveries.delete(subscriber)
        return this.forgetIfOver(message)
      }
      case recordType.tries: {
        const message = this.messages.get(reader.f64())
        const subscriber = reader.u32()
        const tries = reader.u32()
        const delivery = message?.deliveries.get(subscriber)
        if (delivery !== undefined) delivery.tries = tries
        return
      }
      case recordType.sentAs: {
        const message = this.messages.get(reader.f64())
        const subscriber = reader.u32()
        const packetId = reader.u32()
        const delivery = message?.deliveries.get(subscriber)
        if (delivery !== undefined) delivery.packetId = packetId
        return
      }
      case recordType.dead: {
        const message = this.messages.get(reader.f64())
        const subscriber = reader.u32()
        const { id, ...letter } = reader.deadFields()
        this.nextDeadLetter = Math.max(this.nextDeadLetter, id + 1)
        message?.deliveries.delete(subscriber)
        if (message !== undefined) (message.dead ??= new Map()).set(id, letter)
        return
      }
      case recordType.deadRemoved: {
        const message = this.messages.get(reader.f64())
        const letter = reader.f64()
        message?.dead?.delete(letter)
        return this.forgetIfOver(message)
      }
      case recordType.unretain: {
        const message = this.messages.get(reader.f64())
        if (message !== undefined) message.retained = false
        return this.forgetIfOver(message)
      }
      case recordType.checkpoint: {
        const checkpoint = JSON.parse(reader.text()) as Checkpoint // written by `RecordWriter.checkpoint`, its checksum was right
        this.nextSeq = Math.max(this.nextSeq, checkpoint.nextSeq)
        this.nextSubscriber = Math.max(this.nextSubscriber, checkpoint.nextSubscriber)
        this.nextDeadLetter = Math.max(this.nextDeadLetter, checkpoint.nextDeadLetter)
        this.subscribers = new Map(checkpoint.subscribers.map((subscriber) => [subscriber.id, subscriber]))
        return
      }
      case recordType.subscriber: {
        const subscriber = JSON.parse(reader.text()) as StoredSubscriber // written by `RecordWriter.subscriber`
        this.nextSubscriber = Math.max(this.nextSubscriber, subscriber.id + 1)
        this.subscribers.set(subscriber.id, subscriber)
        return
      }
      case recordType.subscriberGone:
        this.subscribers.delete(reader.u32())
        return
      case recordType.packet: {
        const subscriber = this.subscribers.get(reader.u32())
        const flags = reader.u8()
        const packetId = reader.u32()
        const held = new Set(subscriber?.[(flags & 1) === 1 ? 'receiving' : 'releasing'])
        if ((flags & 2) === 2) held.add(packetId)
        else held.delete(packetId)
        if (subscriber !== undefined) subscriber[(flags & 1) === 1 ? 'receiving' : 'releasing'] = [...held]
        return
      }
      default:
        throw new Error(`unknown record ${type}`)
    }
  }

  private putMessage(message: StoredMessage): void {
    this.nextSeq = Math.max(this.nextSeq, message.seq + 1)
    const seen = this.seen.get(message.tenant) ?? []
    seen.push(message.id)
    this.seen.set(message.tenant, seen)
    // A message that was written again because its segment went: the later record holds all that is left of it.
    this.messages.delete(message.seq)
    this.messages.set(message.seq, message)
    this.forgetIfOver(message)
  }

  private forgetIfOver(message: StoredMessage | undefined): void {
    if (message !== undefined && message.deliveries.size === 0 && (message.dead === null || message.dead.size === 0) && !message.retained) this.messages.delete(message.seq)
  }
}

class RecordReader {
  private at = 0
  private readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get more(): boolean {
    return this.at < this.bytes.length
  }

  u8(): number {
    this.at += 1
    return this.bytes.readUInt8(this.at - 1)
  }

  u32(): number {
    this.at += 4
    return this.bytes.readUInt32LE(this.at - 4)
  }

  f64(): number {
    this.at += 8
    return this.bytes.readDoubleLE(this.at - 8)
  }

  text(): string {
    const length = this.u32()
    this.at += length
    return this.bytes.toString('utf8', this.at - length, this.at)
  }

  message(segment: number): StoredMessage {
    const seq = this.f64()
    const tenant = this.u32()
    const acceptedAt = this.f64()
    const expiresAt = this.f64()
    const flags = this.u8()
    const topic = this.text()
    const id = this.text()
    const publisher = this.text()
    const properties = this.text()
    const length = this.u32()
    this.at += length
    const body = this.bytes.subarray(this.at - length, this.at)
    const deliveries: StoredMessage['deliveries'] = new Map()
    for (let count = this.u32(); count > 0; count -= 1) {
      const subscriber = this.u32()
      const tries = this.u32()
      const qos = quality(this.u8())
      const options = this.text()
      const { rap = false, ids = [], group = null, packetId = 0 } = options === '' ? {} : (JSON.parse(options) as DeliveryOptions) // written by `RecordWriter.message`
      deliveries.set(subscriber, { tries, qos, retainAsPublished: rap, identifiers: [...ids], group, packetId })
    }
    let dead: StoredMessage['dead'] = null
    for (let count = this.u32(); count > 0; count -= 1) {
      const { id: letter, ...fields } = this.deadFields()
      dead ??= new Map()
      dead.set(letter, fields)
    }
    return {
      ...{ seq, tenant, topic, id, publisher, acceptedAt, body, deliveries, dead, segment },
      expiresAt: Number.isNaN(expiresAt) ? null : expiresAt,
      qos: quality(flags & 3),
      retain: (flags & 4) !== 0,
      source: (flags & 8) === 0 ? 'json' : 'mqtt',
      retained: (flags & 16) !== 0,
      properties: properties === '' ? null : (JSON.parse(properties) as MessageProperties), // written by `RecordWriter.message`
    }
  }

  deadFields(): { id: number; reason: DeadReason; tries: number; at: number; subscriberKey: string } {
    const id = this.f64()
    const reason = reasons[this.u8()] ?? 'expired'
    const tries = this.u32()
    const at = this.f64()
    return { id, reason, tries, at, subscriberKey: this.text() }
  }
}

function quality(value: number): Quality {
  return value === 0 || value === 1 ? value : 2
}
