/**
 * The engine of the virtual brokers as the rest of the room knows it: it takes messages, keeps them as long as somebody still has to get
 * them, and gives them to whoever is attached. `embedded/` is the one in this process, on a journal of its own.
 *
 * What an engine elsewhere may have to ask others for is a promise; what happens by itself, a delivery or the answer to a publish, is a
 * call of the attached client. What crosses here is read, never written: state changes through the verbs alone.
 */
import type { Policy } from '../policy.ts'
import type {
  AttachOptions,
  ClientFacts,
  Damage,
  DeadLetter,
  Delivery,
  EndReason,
  HowDelivered,
  LetterChoice,
  Message,
  ConnectionFacts,
  Publication,
  Quality,
  Receipt,
  RetainedPage,
  RetainedQuery,
  SubscribeOutcome,
  Subscription,
  TenantFacts,
  TenantCounts,
  TenantFigures,
  TopicFacts,
  WaitingFilter,
  WaitingMessage,
} from './types.ts'

export interface BrokerEngine {
  /** Reads what was kept for the tenants that were added before; of others nothing is left. Throws where that cannot be read at all. */
  start(): Promise<void>
  /** Keeps what there is and takes nothing more. Clients must have been told before. */
  stop(): Promise<void>
  /** Called every second: what waits for time or for storage that refused goes on. */
  tick(): void
  /** What may be missing of what was accepted, in words a person may read. */
  readonly damage: readonly Damage[]

  // Tenants: a session of the room is one, known by its number

  addTenant(tenant: TenantFacts): void
  setSuspended(tenant: number, suspended: boolean): void
  /** False when what has to be stored otherwise from now on could not be; it is with the next write that works. */
  setPolicy(tenant: number, policy: Policy): Promise<boolean>
  /** Ends its clients and forgets it with all it holds. */
  dropTenant(tenant: number): Promise<void>

  // Clients

  /** The subscriber of that name, made when there is none. Others under a name that only one may have are ended. */
  attach(tenant: number, client: AttachedClient, options: AttachOptions): Promise<Attachment>
  /** False for a name that nobody had, where the session keeps as many as it may. */
  hasPlaceFor(tenant: number, options: Pick<AttachOptions, 'key' | 'durable'>): boolean
  /** Accepts a message of nobody who is attached. `client`, where there is one, hears what became of it. */
  publish(tenant: number, publication: Publication, client?: Pick<AttachedClient, 'id' | 'accepted' | 'failed'>): void
  /** Ends one connection; false when it is not there. */
  disconnect(tenant: number, client: number, reason: EndReason): Promise<boolean>
  /** Ends all connections of a tenant, or of all. */
  disconnectAll(reason: EndReason, tenant?: number): void
  /** A line on the tenant's own log topic. */
  announce(tenant: number, text: string): void

  // Looking, and what a person does to what waits

  /** Known without asking anybody, and without counting. */
  counts(tenant: number): TenantCounts
  /** Known without asking anybody. */
  figures(tenant: number): TenantFigures
  clients(tenant: number): Promise<readonly ClientFacts[]>
  /** The busiest first, then by name. */
  topics(tenant: number, limit: number): Promise<readonly TopicFacts[]>
  /** What waits for subscribers, the oldest first; nothing changes by it. */
  waiting(tenant: number, filter: WaitingFilter): Promise<readonly WaitingMessage[]>
  /** What waits or is retained on topics that match the filter, the newest first. */
  peek(tenant: number, filter: string, limit: number): Promise<readonly Message[]>
  /** Retained messages whose topics match the filter, page by page. */
  retained(tenant: number, filter: string, query: RetainedQuery): Promise<RetainedPage>
  /** Forgets the retained messages that match the filter, without a message to anybody. */
  removeRetained(tenant: number, filter: string): Promise<{ removed: number; isStored: boolean }>
  /** The newest first. */
  deadLetters(tenant: number, limit: number): Promise<readonly DeadLetter[]>
  /** Gives dead letters to their subscribers again. `kept`: those that nobody can take. */
  replay(tenant: number, letters: LetterChoice): Promise<{ replayed: number; kept: number; isStored: boolean }>
  removeDeadLetters(tenant: number, letters: LetterChoice): Promise<{ removed: number; isStored: boolean }>
  /**
   * Takes all that waits for the subscriber out of its queue, but what a handshake is under way for. Null when there is no such subscriber.
   */
  purge(tenant: number, subscriber: number): Promise<{ purged: number; isStored: boolean } | null>
  /**
   * Ends the subscriber's subscriptions to filters that it may not have, takes what waits for it on such topics out of its queue, but
   * what a handshake is under way for, and its will where it may not publish that. Null when there is no such subscriber.
   */
  restrict(
    tenant: number,
    subscriber: number,
    rights: { mayHave(this: void, filter: string): boolean; mayPublish(this: void, topic: string): boolean },
  ): Promise<{ isStored: boolean } | null>
  /** Ends the subscriber's connections and forgets it with its queue. Null when there is no such subscriber. */
  removeSubscriber(tenant: number, subscriber: number): Promise<{ isStored: boolean } | null>
}

/** What an engine has to tell by itself. */
export interface EngineObserver {
  deadLetter(letter: DeadLetter): void
  storageFailed(error: unknown): void
  storageWorks(): void
  /** Something that is shown has changed. */
  changed(): void
}

/** A client's connection as the engine sees it. */
export interface AttachedClient extends ConnectionFacts {
  /** Room for one more message now: window and buffered bytes. Where there is none, the client says `resume` once there is. */
  ready(): boolean
  /** Room on its line now for what it need not acknowledge, however much of the rest it has not. */
  listens(): boolean
  /** False: it is larger than this client takes. */
  send(delivery: Delivery): boolean
  /** A message without acknowledgement. */
  sendOnce(message: Message, how: HowDelivered, retained: boolean): void
  log(text: string, at: number): void
  /** A ready frame of a file on its way, for JSON clients. False: let its sender wait for `whenDrained`. */
  relay(frame: Buffer): boolean
  /** Calls back once what is unsent has gone out, or the connection has ended. */
  whenDrained(callback: () => void): void
  /** What was published is as durable as its session asks for, or was refused. */
  accepted(receipt: Receipt): void
  end(reason: EndReason): void
  /** It threw at what was asked of it: a fault that ends it alone, though not within this call. */
  failed(error: unknown): void
}

/** The place of one attached client: what it may do in its session. */
export interface Attachment {
  /** The subscriber was there before, with its subscriptions and its queue. */
  readonly isResumed: boolean
  /** What is agreed with it outlives this process. */
  readonly isKept: boolean
  /** Some of what it was sent is not acknowledged. */
  readonly isOwed: boolean
  /** The client hears of it through `accepted`, under its token. */
  publish(publication: Publication, token: string | number): void
  /**
   * In force at once, in this order; `mayHave` is asked of each right before. `isStored` is false when the disk refused: then the client
   * must not count on them.
   */
  subscribe(
    wanted: readonly Subscription[],
    mayHave?: (wanted: Subscription) => boolean,
  ): Promise<{ outcomes: readonly SubscribeOutcome[]; isStored: boolean }>
  /** By the names they were given. `existed` says of each whether it was there. */
  unsubscribe(names: readonly string[]): Promise<{ existed: readonly boolean[]; isStored: boolean }>
  /** Gives retained messages that the filter reaches to a new subscription; above quality 0 they are acknowledged like any other. */
  sendRetained(filter: string, qos: Quality, identifiers: readonly number[]): void
  /** Ends the oldest of that id which the client can have got. */
  acknowledge(messageId: string): void
  acknowledgeDelivery(delivery: Delivery): void
  /** The client will never be able to do anything with it: it becomes a dead letter. */
  giveUp(delivery: Delivery): void
  /** Nobody has acknowledged it, taken it back or given it up since it was sent. */
  isOpen(delivery: Delivery): boolean
  /** The client may have room again. */
  resume(): void
  /**
   * Gives a frame of a file to whoever listens to the topic for himself now. For each that is behind `hold` is called, and what it returns
   * once that one caught up.
   */
  relay(topic: string, frame: Buffer, hold: () => () => void): void
  /** True once what was noted for the client is as durable as its session asks for; false when the disk refused. */
  stored(): Promise<boolean>
  /** After it the place is over: what was sent and not acknowledged waits for the next one of its name. */
  detach(options?: { keepWill?: boolean }): void
  readonly mqtt: MqttSession
}

/** What an MQTT client and the server have agreed on beyond one connection; packet names in the order of the handshakes. */
export interface MqttSession {
  /** Packet ids that are in use are 65,535 at most. */
  readonly hasFreePacketId: boolean

  // What the client is sent

  /** Under which id a message goes out: the one it had before (MQTT-4.4.0-1), or one that nothing uses. */
  packetIdOf(delivery: Delivery): number
  /** It did not go out after all. True when the client may know it already: then it is owed the release. */
  takeBack(delivery: Delivery, packetId: number): boolean
  /** PUBACK, or a PUBREC that refuses. */
  finish(packetId: number, delivery: Delivery): void
  /** PUBREC: the client has it. The id stays in use until PUBCOMP. */
  release(packetId: number, delivery?: Delivery): void
  /** PUBCOMP. */
  complete(packetId: number): void
  isReleasing(packetId: number): boolean
  /** Ids whose message the client has and whose release it has not confirmed. */
  readonly releasing: ReadonlySet<number>
  /** What it was sent under that id on an earlier connection, and may answer on this one. */
  sentBefore(packetId: number): Delivery | undefined

  // What the client publishes with quality 2

  isReceiving(packetId: number): boolean
  /** PUBLISH. */
  receive(packetId: number): void
  /** PUBREL, or the message was refused. True when it was known. */
  forget(packetId: number): boolean

  // Its end

  /** The client leaves on purpose: its will is not published. */
  forgetWill(): void
  /**
   * DISCONNECT may change it; ms, null for ever. False: a session that was to end with its connection cannot be kept (MQTT 5, 3.14.2.2.2).
   */
  changeExpiry(keepFor: number | null): boolean
}
