/** Reads the journal's records back: what is left of all that was written. */
import type { DeadReason, MessageProperties, Quality } from '../types.ts'
import { reasons, recordType } from './records.ts'
import type { Checkpoint, DeliveryOptions, Gone, StoredMessage, StoredSubscriber, StoredSubscription } from './stored.ts'

/** As the records leave it; by the names under which the client knows its subscriptions. */
export interface ReplayedSubscriber extends Omit<StoredSubscriber, 'subscriptions'> {
  subscriptions: Map<string, StoredSubscription>
}

/** What the records of all segments together say. */
export class Replay {
  readonly messages = new Map<number, StoredMessage>()
  subscribers = new Map<number, ReplayedSubscriber>()
  /** Message ids by session, in the order of their acceptance: for telling repetitions. */
  readonly seen = new Map<number, string[]>()
  nextSeq = 1
  nextSubscriber = 1
  nextDeadLetter = 1
  /** What was said to be gone and is not taken out yet: once for all of them, since it looks at everything. */
  readonly #gone = new Map<number, Gone>()

  /** Past all numbers that are known, by more than one run gives. */
  skipAhead(): void {
    this.nextSeq += 2 ** 40
    this.nextDeadLetter += 2 ** 40
    this.nextSubscriber = Math.min(this.nextSubscriber + 1_000_000, 0xf000_0000)
  }

  /** After the last batch. */
  finish(): void {
    if (this.#gone.size === 0) return
    for (const [seq, { tenant }] of this.messages) if (seq < (this.#gone.get(tenant)?.nextSeq ?? 0)) this.messages.delete(seq)
    for (const [id, { tenant }] of this.subscribers) if (id < (this.#gone.get(tenant)?.nextSubscriber ?? 0)) this.subscribers.delete(id)
    this.#gone.clear()
  }

  /** Applies the records of one batch, whose checksum was right. */
  apply(bytes: Buffer, segment: number): void {
    const reader = new RecordReader(bytes)
    while (reader.more) this.#applyOne(reader, segment)
  }

  #applyOne(reader: RecordReader, segment: number): void {
    const type = reader.u8()
    switch (type) {
      case recordType.message:
        return this.#putMessage(reader.message(segment))
      case recordType.settle: {
        const message = this.messages.get(reader.f64())
        // Read first: behind `?.` the field would stay unread, and all that follows it be misread.
        const subscriber = reader.u32()
        message?.deliveries.delete(subscriber)
        return this.#forgetIfOver(message)
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
        return this.#forgetIfOver(message)
      }
      case recordType.unretain: {
        const message = this.messages.get(reader.f64())
        if (message !== undefined) message.retained = false
        return this.#forgetIfOver(message)
      }
      case recordType.checkpoint: {
        const checkpoint = JSON.parse(reader.text()) as Checkpoint // written by `RecordWriter.checkpoint`, its checksum was right
        this.nextSeq = Math.max(this.nextSeq, checkpoint.nextSeq)
        this.nextSubscriber = Math.max(this.nextSubscriber, checkpoint.nextSubscriber)
        this.nextDeadLetter = Math.max(this.nextDeadLetter, checkpoint.nextDeadLetter)
        this.subscribers = new Map(checkpoint.subscribers.map((subscriber) => [subscriber.id, replayed(subscriber)]))
        return
      }
      case recordType.subscriber: {
        const subscriber = JSON.parse(reader.text()) as StoredSubscriber // written by `RecordWriter.subscriber`
        this.nextSubscriber = Math.max(this.nextSubscriber, subscriber.id + 1)
        if (subscriber.id < (this.#gone.get(subscriber.tenant)?.nextSubscriber ?? 0)) this.finish()
        this.subscribers.set(subscriber.id, replayed(subscriber))
        return
      }
      case recordType.subscribed: {
        const subscriber = this.subscribers.get(reader.u32())
        const subscription = JSON.parse(reader.text()) as StoredSubscription // written by `RecordWriter.subscribed`
        subscriber?.subscriptions.set(nameOf(subscription), subscription)
        return
      }
      case recordType.unsubscribed: {
        const subscriber = this.subscribers.get(reader.u32())
        const name = reader.text()
        subscriber?.subscriptions.delete(name)
        return
      }
      case recordType.tenantGone: {
        const gone = { tenant: reader.u32(), nextSeq: reader.f64(), nextSubscriber: reader.u32() }
        this.nextSeq = Math.max(this.nextSeq, gone.nextSeq)
        this.nextSubscriber = Math.max(this.nextSubscriber, gone.nextSubscriber)
        this.#gone.set(gone.tenant, gone)
        this.seen.delete(gone.tenant)
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

  #putMessage(message: StoredMessage): void {
    // It was stored again since.
    if (message.seq < (this.#gone.get(message.tenant)?.nextSeq ?? 0)) this.finish()
    this.nextSeq = Math.max(this.nextSeq, message.seq + 1)
    const seen = this.seen.get(message.tenant) ?? []
    seen.push(message.id)
    this.seen.set(message.tenant, seen)
    // A message that was written again because its segment went: the later record holds all that is left of it.
    this.messages.delete(message.seq)
    this.messages.set(message.seq, message)
    this.#forgetIfOver(message)
  }

  #forgetIfOver(message: StoredMessage | undefined): void {
    if (message !== undefined && message.deliveries.size === 0 && (message.dead === null || message.dead.size === 0) && !message.retained)
      this.messages.delete(message.seq)
  }
}

/** As clients write it. */
export function nameOf({ filter, group }: StoredSubscription): string {
  return group === null ? filter : `$share/${group}/${filter}`
}

function replayed(stored: StoredSubscriber): ReplayedSubscriber {
  return { ...stored, subscriptions: new Map(stored.subscriptions.map((subscription) => [nameOf(subscription), subscription])) }
}

class RecordReader {
  #at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get more(): boolean {
    return this.#at < this.#bytes.length
  }

  u8(): number {
    this.#at += 1
    return this.#bytes.readUInt8(this.#at - 1)
  }

  u32(): number {
    this.#at += 4
    return this.#bytes.readUInt32LE(this.#at - 4)
  }

  f64(): number {
    this.#at += 8
    return this.#bytes.readDoubleLE(this.#at - 8)
  }

  text(): string {
    const length = this.u32()
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
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
    this.#at += length
    const body = this.#bytes.subarray(this.#at - length, this.#at)
    const deliveries: StoredMessage['deliveries'] = new Map()
    for (let count = this.u32(); count > 0; count -= 1) {
      const subscriber = this.u32()
      const tries = this.u32()
      const qos = quality(this.u8())
      const options = this.text()
      const {
        rap = false,
        ids = [],
        group,
        shares = group === undefined ? [] : [group],
        own = shares.length === 0,
        owed = [],
        packetId = 0,
      } = options === '' ? {} : (JSON.parse(options) as DeliveryOptions) // written by `RecordWriter.message`
      deliveries.set(subscriber, {
        ...{ tries, qos, retainAsPublished: rap, identifiers: [...ids], isOwn: own, packetId },
        ...{ shares: [...shares], owed: [...owed] },
      })
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
