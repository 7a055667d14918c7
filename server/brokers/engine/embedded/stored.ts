/** What the journal's records hold, as plain data. */
import type { DeadReason, MessageProperties, Quality, Will } from '../types.ts'

export interface StoredSubscription {
  filter: string
  group: string | null
  qos: Quality
  noLocal: boolean
  retainAsPublished: boolean
  identifier: number | null
}

/** A subscriber as the journal keeps it. */
export interface StoredSubscriber {
  id: number
  tenant: number
  key: string
  keepFor: number | null
  awaySince: number | null
  subscriptions: StoredSubscription[]
  releasing: number[]
  receiving: number[]
  /** `body` in Base64. Absent in journals of before wills were kept. */
  will?: (Omit<Will, 'body'> & { body: string }) | null
}

/** What one tenant had with numbers below these is gone. */
export interface Gone {
  tenant: number
  nextSeq: number
  nextSubscriber: number
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
  deliveries: Map<number, StoredDelivery>
  /** Null without any: a start reads hundreds of thousands of messages, and a map for each costs more than all the rest. */
  dead: Map<number, { reason: DeadReason; tries: number; at: number; subscriberKey: string }> | null
  segment: number
}

export interface StoredDelivery {
  tries: number
  qos: Quality
  retainAsPublished: boolean
  identifiers: number[]
  shares: string[]
  owed: string[]
  isOwn: boolean
  packetId: number
}

/** What few deliveries have; as JSON in the record. */
export interface DeliveryOptions {
  rap?: boolean
  ids?: readonly number[]
  shares?: readonly string[]
  /** Beside `shares`, through a subscription of its own too. */
  own?: boolean
  /** Groups for which it comes again, once it is acknowledged. */
  owed?: readonly string[]
  /** The only one of `shares`, in journals of before there could be more. */
  group?: string
  packetId?: number
}
