/** The plain data that crosses the engine's door: what clients publish, what they are sent, and what is shown of it. */
import type { Policy } from '../policy.ts'

export type Protocol = 'json' | 'mqtt-3.1.1' | 'mqtt-5'
export type Quality = 0 | 1 | 2

export interface TenantFacts {
  readonly id: number
  readonly name: string
  readonly policy: Policy
  readonly suspended: boolean
}

export interface AttachOptions {
  /** `user:NAME`, `mqtt:CLIENTID`, `anonymous:N`, or `user@` and `mqtt@` of a named client; unique within the tenant. */
  readonly key: string
  /** Kept while it is away. */
  readonly durable: boolean
  /** Ms it is kept after its last connection; null for ever. */
  readonly keepFor: number | null
  /** What it was before is thrown away. */
  readonly clean?: boolean
  readonly will?: Will | null
}

export interface Subscription {
  /** As the client wrote it, and will name it to end it. */
  readonly name: string
  /** The filter without its `$share/group/`. */
  readonly filter: string
  /** Name of the shared subscription's group, null for one of its own. */
  readonly group: string | null
  readonly qos: Quality
  /** Does not want what it published itself. */
  readonly noLocal: boolean
  /** Forwards the retain flag as published (MQTT 5). */
  readonly retainAsPublished: boolean
  /** MQTT 5's subscription identifier, null without one. */
  readonly identifier: number | null
}

/** `not-allowed`: by the rules of a named client. */
export type SubscribeOutcome = 'new' | 'replaced' | 'too-many' | 'not-allowed'

/** What MQTT 5 clients attach to a message; forwarded as it came. */
export interface MessageProperties {
  payloadFormatIndicator?: boolean
  contentType?: string
  responseTopic?: string
  /** Base64. */
  correlationData?: string
  userProperties?: Record<string, string | string[]>
}

export interface Publication {
  readonly topic: string
  /** The publisher's name for it: what comes twice under one id is accepted once. */
  readonly id: string
  /** `json`: `body` is the text of the frame that JSON clients get. `mqtt`: it is the payload. */
  readonly source: 'json' | 'mqtt'
  readonly body: Buffer
  /** The frame for JSON clients where it is there already. */
  readonly frame?: Buffer | null
  /** Retained, it takes away what its topic had and is not kept itself. */
  readonly isEmpty: boolean
  readonly qos: Quality
  readonly retain: boolean
  readonly properties: MessageProperties | null
  /** Ms; null takes the session's `messageExpiryTime`. */
  readonly expiresIn: number | null
  readonly publisher: string
}

/** A message that was accepted. */
export interface Message {
  /** Rises with every message of the engine. */
  readonly seq: number
  readonly topic: string
  /** The publisher's name for it, unique within the session. */
  readonly id: string
  readonly publisher: string
  /** Wall clock, ms. */
  readonly acceptedAt: number
  /** Wall clock, ms; null for never. */
  readonly expiresAt: number | null
  /** The same moment by this process's monotonic clock; meaningless for never. */
  readonly due: number
  readonly qos: Quality
  /** Whether the publisher asked for it to be retained. */
  readonly retain: boolean
  /** Whether it still is. */
  readonly retained: boolean
  readonly source: 'json' | 'mqtt'
  readonly body: Buffer
  readonly properties: MessageProperties | null
  /** The JSON codec's own: the frame for its clients, made when the first of them gets it and the same for all. */
  frame: Buffer | null
}

/** How a message comes to one subscriber. */
export interface HowDelivered {
  readonly retainAsPublished: boolean
  readonly identifiers: readonly number[]
  /** The shared subscriptions through which it comes, as `group/filter`. */
  readonly shares: readonly string[]
  /** It comes through a subscription of the subscriber's own, alone or beside `shares`. */
  readonly isOwn: boolean
}

/** One message on its way to one subscriber, to be acknowledged. */
export interface Delivery extends HowDelivered {
  readonly message: Message
  readonly qos: Quality
  /** How often it was sent, this time included. */
  readonly tries: number
  /** How often other members of its group were sent it, from whom it was passed on. */
  readonly triedBefore: number
  /** It may have been sent before the server was started; nobody can know. */
  readonly maybeSent: boolean
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

/** The answer a publisher waits for. */
export interface Receipt {
  /** The publisher's own mark: a message id or a packet id. */
  readonly token: string | number
  readonly topic: string
  readonly deliveredTo: number
  readonly queuedFor: number
  readonly duplicate: boolean
  /** Why it was refused, null when it was not. */
  readonly refusal: Refusal | null
}

export type Refusal =
  | 'queue-full'
  | 'session-full'
  | 'too-large'
  | 'too-fast'
  | 'storage-failed'
  | 'invalid-topic'
  | 'reserved-topic'
  | 'system-topic'
  | 'suspended'
  | 'not-allowed'

/**
 * `subscriber-gone`: sent to a connection without a name, which ended before it acknowledged. `unsendable`: it met a fault of ours on its
 * way out.
 */
export type DeadReason = 'expired' | 'max-retries' | 'overflow' | 'oversized' | 'subscriber-gone' | 'unsendable'

/** Why a connection is ended; the codecs translate it. */
export type EndReason = 'suspended' | 'dropped' | 'kicked' | 'revoked' | 'slow-reader' | 'taken-over' | 'shutdown' | 'too-many-clients'

export interface DeadLetter {
  readonly id: number
  readonly tenant: { readonly id: number; readonly name: string }
  readonly message: Message
  readonly subscriberKey: string
  readonly reason: DeadReason
  readonly tries: number
  /** Wall clock, ms. */
  readonly at: number
}

export type LetterChoice = { readonly ids: readonly number[] } | { readonly all: true }

/** What is counted anyway. */
export interface TenantCounts {
  /** Connections, without those who only look on. */
  readonly clients: number
  readonly publishedTotal: number
  readonly deliveredTotal: number
  /** Deliveries that are not acknowledged. */
  readonly queued: number
  readonly storedBytes: number
  readonly deadLetters: number
  /** Dead letters that the limit pushed out. */
  readonly deadForgotten: number
}

export interface TenantFigures extends TenantCounts {
  /** Named clients, with those that are away. */
  readonly subscribers: number
  /** Of those, the ones that are away. */
  readonly away: number
  readonly topics: number
  /** Messages a second. */
  readonly published: number
  readonly delivered: number
  /** Wall clock, ms. */
  readonly oldestUnackedAt: number | null
  readonly newestDeadLetterAt: number | null
  /** One point every ten seconds, half an hour, the newest last: deliveries that wait, and deliveries a second. */
  readonly depth: readonly number[]
  readonly deliveredRate: readonly number[]
}

/** A client's connection, as it is shown. */
export interface ConnectionFacts {
  /** Unique in this process. */
  readonly id: number
  readonly protocol: Protocol
  readonly name: string
  readonly address: string
  /** Wall clock, ms. */
  readonly connectedAt: number
  /** It takes nothing at the moment. */
  readonly isStalled: boolean
}

/** A connection, or a named client that is away. */
export interface ClientFacts {
  readonly subscriberId: number
  readonly key: string
  /** Null while it is away. */
  readonly connection: ConnectionFacts | null
  /** Wall clock, ms. */
  readonly awaySince: number | null
  /** As the client wrote them. */
  readonly topics: readonly string[]
  readonly unacked: number
  readonly queuedBytes: number
}

export interface TopicFacts {
  readonly topic: string
  /** Groups count as one. */
  readonly subscribers: number
  readonly published: number
  readonly publishedTotal: number
  readonly queued: number
  readonly retained: boolean
}

export interface WaitingFilter {
  readonly topic?: string | undefined
  readonly subscriber?: number | undefined
  readonly limit: number
}

export interface RetainedQuery {
  /** The last topic of the page before. */
  readonly after?: string | null | undefined
  readonly limit: number
}

export interface RetainedPage {
  /** By topic. */
  readonly messages: readonly Message[]
  /** All that match, on whichever page. */
  readonly total: number
  /** Some come after these. */
  readonly more: boolean
}

export interface WaitingMessage {
  readonly message: Message
  readonly waitingFor: readonly { readonly key: string; readonly tries: number; readonly state: 'queued' | 'sent' }[]
}

/** What is missing of what was kept. */
export interface Damage {
  readonly file: string
  /** Half a sentence: `it cannot be read: ...`, `4 KiB in it are damaged`. */
  readonly what: string
}
