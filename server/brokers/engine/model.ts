/** The things a virtual broker is made of. Plain data; what happens to them stands in `engine.ts` and `tenant.ts`. */
import type { Policy } from '../policy.ts'
import type { Entry } from './agenda.ts'
import type { Subscription, Target } from './topics.ts'
import type { Tenant } from './tenant.ts'
import type { Unacked } from './unacked.ts'

export type Quality = 0 | 1 | 2

/** What MQTT 5 clients attach to a message; forwarded as it came. */
export interface MessageProperties {
  payloadFormatIndicator?: boolean
  contentType?: string
  responseTopic?: string
  /** Base64. */
  correlationData?: string
  userProperties?: Record<string, string | string[]>
}

/** A message that was accepted, held for as long as somebody still has to get it. */
export interface Message extends Entry {
  readonly kind: 'message'
  readonly seq: number
  readonly tenant: Tenant
  readonly topic: string
  /** The publisher's name for it, unique within the session. */
  readonly id: string
  readonly publisher: string
  /** Wall clock, ms. */
  readonly acceptedAt: number
  /** Wall clock, ms; null for never. In memory `due` is the same moment by the monotonic clock. */
  readonly expiresAt: number | null
  readonly qos: Quality
  /** Whether the publisher asked for it to be retained; whether it still is stands in `retained`. */
  readonly retain: boolean
  /** `json`: `body` is the text of the frame that JSON clients get. `mqtt`: it is the payload. */
  readonly source: 'json' | 'mqtt'
  readonly body: Buffer
  readonly properties: MessageProperties | null
  /** Id of the connection it came through; 0 once that cannot be known. */
  readonly origin: number
  /** Of those that are over, some may still be among them. */
  deliveries: Delivery[]
  /** How many of them are not over. */
  pending: number
  deadLetters: number
  retained: boolean
  /** The journal's segment that holds it. */
  segment: number
  /** The frame for JSON clients, made when the first of them gets it and the same for all. */
  frame: Buffer | null
}

/** What an MQTT client leaves to be published when it vanishes. */
export interface Will {
  readonly topic: string
  readonly body: Buffer
  readonly qos: Quality
  readonly retain: boolean
  readonly properties: MessageProperties | null
  /** Ms; null takes the session's `messageExpiryTime`. */
  readonly expiresIn: number | null
  /** Ms that its client has to come back. */
  readonly delay: number
  readonly publisher: string
}

/** One message on its way to one subscriber. */
export interface Delivery extends Entry {
  readonly kind: 'delivery'
  readonly message: Message
  readonly subscriber: Subscriber
  readonly qos: Quality
  readonly retainAsPublished: boolean
  readonly identifiers: readonly number[]
  /** The shared subscriptions through which it comes, as `group/filter`. */
  shares: readonly string[]
  /** It comes through a subscription of the subscriber's own, alone or beside `shares`. */
  readonly isOwn: boolean
  /** `committing`: not durable yet. `queued`: waits for the subscriber. `sent`: waits for its acknowledgement. `over`: settled. */
  state: 'committing' | 'queued' | 'sent' | 'over'
  /** How often it was sent. */
  tries: number
  /** It may have been sent before the server was started; nobody can know. */
  maybeSent: boolean
  /** By which the subscriber's MQTT client knows it, on this connection and the next; 0 before it has one. */
  packetId: number
  /** The packet id is as durable as the session asks for: what comes again after a crash comes under the same one. */
  isNumbered: boolean
}

/** Who receives: a named client, kept while it is away, or a connection without a name, which ends with it. */
export interface Subscriber extends Entry {
  readonly kind: 'subscriber'
  readonly id: number
  readonly tenant: Tenant
  /** `user:NAME`, `mqtt:CLIENTID` or `anonymous:N`; unique within the session. */
  readonly key: string
  /** Kept while away. */
  durable: boolean
  /** Ms it is kept after its last connection; null for ever. */
  keepFor: number | null
  readonly links: Set<Link>
  readonly subscriptions: Map<string, Subscription>
  /** Everything it has not acknowledged, oldest first. */
  readonly unacked: Unacked
  /** What of it waits to be sent; may still hold deliveries that are over. */
  queue: Queue<Delivery>
  /** Whose next try was due while the connection took nothing: sent as soon as it does. */
  late: Queue<Delivery>
  /** While it is dispatched to; giving up on one message leads to the next, thousands deep if each began anew. */
  isDispatching: boolean
  inFlight: number
  queuedBytes: number
  /** Packet ids whose message was received (QoS 2) and whose release is not confirmed. */
  readonly releasing: Set<number>
  /** Packet ids it published with QoS 2 and has not released. */
  readonly receiving: Set<number>
  /** Packet ids of what it was, or is about to be, sent and has not acknowledged. */
  readonly packetIds: Set<number>
  lastPacketId: number
  /** While packet ids for what it is to be sent next are on their way to the disk. */
  isNumbering: boolean
  /** Kept until it was published or its client said goodbye. */
  will: Will | null
  /** Wall clock, ms, of when its last connection ended; null while connected. */
  awaySince: number | null
  delivered: number
}

export interface DeadLetter {
  readonly id: number
  readonly message: Message
  readonly subscriberKey: string
  readonly reason: DeadReason
  readonly tries: number
  /** Wall clock, ms. */
  readonly at: number
}

/** `subscriber-gone`: sent to a connection without a name, which ended before it acknowledged. `unsendable`: it met a fault of ours on its way out. */
export type DeadReason = 'expired' | 'max-retries' | 'overflow' | 'oversized' | 'subscriber-gone' | 'unsendable'

/** Why a connection is ended; the codecs translate it. */
export type EndReason = 'suspended' | 'dropped' | 'kicked' | 'slow-reader' | 'taken-over' | 'shutdown' | 'too-many-clients'

/** A connection as the engine sees it: a codec over a wire. */
export interface Link {
  readonly id: number
  readonly protocol: 'json' | 'mqtt-3.1.1' | 'mqtt-5'
  readonly name: string
  readonly address: string
  readonly connectedAt: number
  /** Room for one more message now: window and buffered bytes. */
  ready(): boolean
  /** False: it is larger than this client takes. */
  send(delivery: Delivery): boolean
  /** A message without acknowledgement. */
  sendOnce(message: Message, target: Pick<Target, 'retainAsPublished' | 'identifiers' | 'shares' | 'isOwn'>, retained: boolean): void
  log(text: string, at: number): void
  /** A ready frame of a file on its way, for JSON clients. False: let its sender wait for `whenDrained`. */
  relay(frame: Buffer): boolean
  /** Calls back once what is unsent has gone out, or the connection has ended. */
  whenDrained(callback: () => void): void
  /** It takes nothing at the moment. */
  readonly isStalled: boolean
  /** What was published is durable, or was refused. */
  accepted(receipt: Receipt): void
  end(reason: EndReason): void
  /** It threw at what was asked of it: a fault that ends it alone, though not within this call. */
  failed(error: unknown): void
}

/** The answer a publisher waits for. */
export interface Receipt {
  readonly link: Link | null
  /** The publisher's own mark: a message id or a packet id. */
  readonly token: string | number
  readonly topic: string
  deliveredTo: number
  queuedFor: number
  duplicate: boolean
  /** Why it was refused, null when it was not. */
  refusal: Refusal | null
}

export type Refusal =
  'queue-full' | 'session-full' | 'too-large' | 'too-fast' | 'storage-failed' | 'invalid-topic' | 'reserved-topic' | 'suspended'

export interface TenantFacts {
  readonly id: number
  readonly name: string
  policy: Policy
}

/** First in, first out, without moving the rest on every step. */
export class Queue<Item> {
  private items: Item[] = []
  private head = 0

  get length(): number {
    return this.items.length - this.head
  }

  push(item: Item): void {
    this.items.push(item)
  }

  peek(): Item | undefined {
    return this.items[this.head]
  }

  /** The first ones, at most so many, without taking them out. */
  ahead(count: number): Item[] {
    return this.items.slice(this.head, this.head + count)
  }

  shift(): Item | undefined {
    const item = this.items[this.head]
    if (item === undefined) return undefined
    this.head += 1
    if (this.head > 1_024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return item
  }
}
