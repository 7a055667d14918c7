/** The things a virtual broker is made of. Plain data; what happens to them stands in the parts of the engine. */
import type { Policy } from '../../policy.ts'
import type { AttachedClient } from '../broker-engine.ts'
import type * as door from '../types.ts'
import type { Entry } from './agenda.ts'
import type { PacketIds } from './packet-ids.ts'
import type { PublishAllowance } from './publish-allowance.ts'
import type { Queue } from './queue.ts'
import type { RetainedTree } from './retained-tree.ts'
import type { SeenIds } from './seen-ids.ts'
import type { TenantStatistics } from './statistics.ts'
import type { TopicNames } from './topic-names.ts'
import type * as tree from './topic-tree.ts'
import type { Unacked } from './unacked.ts'

export type Subscription = tree.Held<Subscriber>
export type Target = tree.Target<Subscriber>
export type Member = tree.Member<Subscriber>
export type Route = tree.Route<Subscriber>

/** One session's part of the engine. Whatever a client can name is looked up here, so nothing of another session can be reached. */
export interface Tenant {
  readonly id: number
  readonly name: string
  policy: Policy
  suspended: boolean
  /** It was dropped, and what it had is being forgotten. */
  isGone: boolean
  /** By key. */
  readonly subscribers: Map<string, Subscriber>
  readonly clients: Set<AttachedClient>
  /** How many of them only look on: they are counted as nobody's receivers and take no place. */
  onlookers: number
  /** How many of the subscribers are kept while they are away. */
  kept: number
  /** How many turns were given in its groups. */
  turns: number
  readonly tree: tree.TopicTree<Subscriber>
  /** All that are published on, listened to or retained. */
  readonly topics: TopicNames
  readonly retained: RetainedTree<Message>
  readonly deadLetters: Map<number, DeadLetter>
  /** Deliveries that are not acknowledged. */
  queued: number
  /** Messages that are kept, for whatever reason. */
  stored: number
  storedBytes: number
  readonly statistics: TenantStatistics
  readonly seen: SeenIds
  readonly allowance: PublishAllowance
}

/** A message that was accepted, held for as long as somebody still has to get it. */
export interface Message extends door.Message, Entry {
  due: number
  readonly kind: 'message'
  readonly tenant: Tenant
  /** Id of the connection it came through; 0 once that cannot be known. */
  readonly origin: number
  /** Of those that are over, some may still be among them. */
  deliveries: Delivery[]
  /** How many of them are not over. */
  pending: number
  /** Null without any, which is nearly always. */
  letters: Set<DeadLetter> | null
  retained: boolean
  /** The journal's segment that holds it. */
  segment: number
}

/** One message on its way to one subscriber. */
export interface Delivery extends door.Delivery, Entry {
  readonly kind: 'delivery'
  readonly message: Message
  readonly subscriber: Subscriber
  qos: door.Quality
  identifiers: readonly number[]
  shares: readonly string[]
  /** Groups for which it is to come again, once its client has answered the copy that it may know. */
  owed: readonly string[]
  /** `committing`: not durable yet. `queued`: waits for the subscriber. `sent`: waits for its acknowledgement. `over`: settled. */
  state: 'committing' | 'queued' | 'sent' | 'over'
  tries: number
  /** By members of its group that it was passed on from. */
  triedBefore: number
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
  readonly key: string
  durable: boolean
  /** Ms it is kept after its last connection; null for ever. */
  keepFor: number | null
  readonly clients: Set<AttachedClient>
  /** By the names under which the client knows them. */
  readonly subscriptions: Map<string, Subscription>
  /** Those of them that are shared. */
  readonly groups: Set<Subscription>
  /** Everything it has not acknowledged, oldest first. */
  readonly unacked: Unacked<Delivery>
  /** Those of it that are for groups, by `group/filter`. */
  readonly shared: Map<string, Set<Delivery>>
  /** What of it waits to be sent; may still hold deliveries that are over. */
  queue: Queue<Delivery>
  /** Retained messages for new subscriptions that wait here, by topic. */
  readonly retained: Map<string, Delivery>
  /** Of the filters that it is being given what is retained for: the topics of which it has had something newer meanwhile. */
  readonly newer: Map<string, Set<string>>
  /** Called once its queue is half empty. */
  whenRoom: (() => void)[]
  /** Whose next try was due while the connection took nothing: sent as soon as it does. */
  late: Queue<Delivery>
  /** While it is dispatched to; giving up on one message leads to the next, thousands deep if each began anew. */
  isDispatching: boolean
  /** More was to be sent than in one turn, and the next one is waited for. */
  goesOn: boolean
  inFlight: number
  queuedBytes: number
  readonly packetIds: PacketIds
  /** While packet ids for what it is to be sent next are on their way to the disk. */
  isNumbering: boolean
  /** Kept until it was published or its client said goodbye. */
  will: door.Will | null
  /** Wall clock, ms, of when its last connection ended; null while connected. */
  awaySince: number | null
}

export interface DeadLetter extends door.DeadLetter {
  readonly tenant: Tenant
  readonly message: Message
}

/** The answer to a publish while it comes about. */
export interface Receipt {
  readonly client: Publisher | null
  readonly token: string | number
  readonly topic: string
  deliveredTo: number
  queuedFor: number
  duplicate: boolean
  refusal: door.Refusal | null
}

/** Who published and hears what became of it. */
export type Publisher = Pick<AttachedClient, 'id' | 'accepted' | 'failed'>
