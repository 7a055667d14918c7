/**
 * The journal's records as bytes: what the engine must still know after the process was killed.
 * Little endian; numbers that may pass 2^32 are doubles; texts are UTF-8 behind their length.
 */
import type { DeadReason } from '../types.ts'
import type { DeadLetter, Delivery, Message, Subscriber, Subscription } from './model.ts'
import type { Checkpoint, DeliveryOptions, Gone, StoredSubscriber, StoredSubscription } from './stored.ts'

export const recordType = {
  message: 1,
  settle: 2,
  tries: 3,
  dead: 4,
  deadRemoved: 5,
  unretain: 6,
  checkpoint: 7,
  subscriber: 8,
  subscriberGone: 9,
  packet: 10,
  sentAs: 11,
  subscribed: 12,
  unsubscribed: 13,
  tenantGone: 14,
} as const

/** By their number in a record. */
export const reasons: readonly DeadReason[] = ['expired', 'max-retries', 'overflow', 'oversized', 'subscriber-gone', 'unsendable']

const firstSize = 262_144
const largestKept = 8_388_608

export class RecordWriter {
  #buffer = Buffer.allocUnsafe(firstSize)
  #spare = Buffer.allocUnsafe(firstSize)
  #end = 0

  get length(): number {
    return this.#end
  }

  /** All that was written since the last call. The bytes stay valid until the call after the next. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#end)
    const next = this.#spare
    // One large batch must not keep its memory for good.
    this.#spare = this.#buffer.length > largestKept ? Buffer.allocUnsafe(firstSize) : this.#buffer
    this.#buffer = next
    this.#end = 0
    return taken
  }

  message(message: Message, dead: Iterable<DeadLetter> = []): void {
    const { deliveries } = message
    const letters = [...dead]
    const properties = message.properties === null ? '' : JSON.stringify(message.properties)
    this.#reserve(
      128 +
        3 * (message.topic.length + message.id.length + message.publisher.length + properties.length) +
        message.body.length +
        16 * deliveries.length,
    )
    this.#u8(recordType.message)
    this.#f64(message.seq)
    this.#u32(message.tenant.id)
    this.#f64(message.acceptedAt)
    this.#f64(message.expiresAt ?? NaN)
    this.#u8(message.qos | (message.retain ? 4 : 0) | (message.source === 'mqtt' ? 8 : 0) | (message.retained ? 16 : 0))
    this.#text(message.topic)
    this.#text(message.id)
    this.#text(message.publisher)
    this.#text(properties)
    this.#u32(message.body.length)
    message.body.copy(this.#buffer, this.#end)
    this.#end += message.body.length
    this.#u32(message.pending)
    for (const delivery of deliveries) {
      if (delivery.state === 'over') continue
      this.#reserve(16)
      this.#u32(delivery.subscriber.id)
      this.#u32(delivery.tries + delivery.triedBefore)
      this.#u8(delivery.qos)
      this.#text(deliveryOptions(delivery))
    }
    this.#reserve(8)
    this.#u32(letters.length)
    for (const letter of letters) this.#deadFields(letter)
  }

  settle({ message, subscriber }: Delivery): void {
    this.#reserve(16)
    this.#u8(recordType.settle)
    this.#f64(message.seq)
    this.#u32(subscriber.id)
  }

  tries({ message, subscriber, tries, triedBefore }: Delivery): void {
    this.#reserve(24)
    this.#u8(recordType.tries)
    this.#f64(message.seq)
    this.#u32(subscriber.id)
    this.#u32(tries + triedBefore)
  }

  /** Under which packet id a client knows a message of quality 2: sent again under another, it would be taken for a new one. */
  sentAs({ message, subscriber, packetId }: Delivery): void {
    this.#reserve(24)
    this.#u8(recordType.sentAs)
    this.#f64(message.seq)
    this.#u32(subscriber.id)
    this.#u32(packetId)
  }

  dead(letter: DeadLetter, subscriber: number): void {
    this.#reserve(16)
    this.#u8(recordType.dead)
    this.#f64(letter.message.seq)
    this.#u32(subscriber)
    this.#deadFields(letter)
  }

  deadRemoved(letter: DeadLetter): void {
    this.#reserve(24)
    this.#u8(recordType.deadRemoved)
    this.#f64(letter.message.seq)
    this.#f64(letter.id)
  }

  unretain(message: Message): void {
    this.#reserve(16)
    this.#u8(recordType.unretain)
    this.#f64(message.seq)
  }

  checkpoint(checkpoint: Checkpoint): void {
    this.#reserve(8)
    this.#u8(recordType.checkpoint)
    this.#text(JSON.stringify(checkpoint))
  }

  subscriber(subscriber: Subscriber): void {
    this.#reserve(8)
    this.#u8(recordType.subscriber)
    this.#text(JSON.stringify(storedSubscriber(subscriber)))
  }

  subscriberGone(id: number): void {
    this.#reserve(8)
    this.#u8(recordType.subscriberGone)
    this.#u32(id)
  }

  /** One of thousands that a client may have: all of them anew each time would be the square of that. */
  subscribed(subscriber: number, subscription: Subscription): void {
    this.#reserve(8)
    this.#u8(recordType.subscribed)
    this.#u32(subscriber)
    this.#text(JSON.stringify(storedSubscription(subscription)))
  }

  unsubscribed(subscriber: number, name: string): void {
    this.#reserve(8)
    this.#u8(recordType.unsubscribed)
    this.#u32(subscriber)
    this.#text(name)
  }

  /** Nothing of the tenant counts that was written until here; `Gone` says up to which numbers. */
  tenantGone({ tenant, nextSeq, nextSubscriber }: Gone): void {
    this.#reserve(24)
    this.#u8(recordType.tenantGone)
    this.#u32(tenant)
    this.#f64(nextSeq)
    this.#u32(nextSubscriber)
  }

  /** `receiving`: a QoS 2 packet it published. `releasing`: one it was sent. */
  packet(subscriber: number, which: 'receiving' | 'releasing', packetId: number, present: boolean): void {
    this.#reserve(16)
    this.#u8(recordType.packet)
    this.#u32(subscriber)
    this.#u8((which === 'receiving' ? 1 : 0) | (present ? 2 : 0))
    this.#u32(packetId)
  }

  #deadFields({ id, reason, tries, at, subscriberKey }: DeadLetter): void {
    this.#reserve(64)
    this.#f64(id)
    this.#u8(reasons.indexOf(reason))
    this.#u32(tries)
    this.#f64(at)
    this.#text(subscriberKey)
  }

  #u8(value: number): void {
    this.#buffer[this.#end] = value
    this.#end += 1
  }

  #u32(value: number): void {
    this.#end = this.#buffer.writeUInt32LE(value, this.#end)
  }

  #f64(value: number): void {
    this.#end = this.#buffer.writeDoubleLE(value, this.#end)
  }

  #text(text: string): void {
    this.#reserve(4 + 3 * text.length)
    const length = this.#buffer.write(text, this.#end + 4, 'utf8')
    this.#buffer.writeUInt32LE(length, this.#end)
    this.#end += 4 + length
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(grown, 0, 0, this.#end)
    this.#buffer = grown
  }
}

function deliveryOptions({ qos, retainAsPublished, identifiers, shares, owed, isOwn, packetId }: Delivery): string {
  const known = qos === 2 && packetId !== 0
  if (!retainAsPublished && identifiers.length === 0 && shares.length === 0 && owed.length === 0 && !known) return ''
  return JSON.stringify({
    rap: retainAsPublished,
    ids: identifiers,
    ...(shares.length === 0 ? {} : { shares, own: isOwn }),
    ...(owed.length === 0 ? {} : { owed }),
    ...(known ? { packetId } : {}),
  } satisfies DeliveryOptions)
}

export function storedSubscriber({ id, tenant, key, keepFor, awaySince, subscriptions, packetIds, will }: Subscriber): StoredSubscriber {
  return {
    ...{ id, tenant: tenant.id, key, keepFor, awaySince },
    subscriptions: [...subscriptions.values()].map(storedSubscription),
    releasing: [...packetIds.releasing],
    receiving: [...packetIds.receiving],
    will: will === null ? null : { ...will, body: will.body.toString('base64') },
  }
}

function storedSubscription({ filter, group, qos, noLocal, retainAsPublished, identifier }: Subscription): StoredSubscription {
  return { filter, group, qos, noLocal, retainAsPublished, identifier }
}
