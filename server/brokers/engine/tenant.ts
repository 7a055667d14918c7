/** One session's part of the engine. Whatever a client can name is looked up here, so nothing of another session can be reached. */
import type { Policy } from '../policy.ts'
import type { DeadLetter, Link, Message, Subscriber } from './model.ts'
import { Queue } from './model.ts'
import { Meter } from './meter.ts'
import { TopicTree } from './topics.ts'
import { Unacked } from './unacked.ts'

export interface TopicFacts {
  readonly published: Meter
  /** Deliveries that are not acknowledged. */
  queued: number
}

/** Ids kept for telling repetitions: two generations, so that none has to be removed by itself. */
const seenPerGeneration = 100_000
const generationAge = 600_000
/** Topics are counted one by one up to here; the rest is only part of the session's sums. */
const countedTopics = 2_000
/** Half an hour of queue depth, one point every ten seconds. */
const samples = 180
export const sampleEvery = 10_000

export class Tenant {
  readonly id: number
  readonly name: string
  policy: Policy
  suspended = false
  readonly subscribers = new Map<string, Subscriber>()
  readonly links = new Set<Link>()
  readonly tree = new TopicTree()
  readonly retained = new Map<string, Message>()
  readonly deadLetters = new Map<number, DeadLetter>()
  readonly topics = new Map<string, TopicFacts>()
  readonly published = new Meter()
  readonly delivered = new Meter()
  /** Deliveries that are not acknowledged. */
  queued = 0
  storedBytes = 0
  deadTotal = 0
  /** Dead letters that the limit pushed out. */
  deadForgotten = 0
  depth: number[] = []
  deliveredRate: number[] = []
  private seen = new Set<string>()
  private seenBefore = new Set<string>()
  private generationSince = 0
  private allowance = 0
  private allowanceAt = 0

  constructor(id: number, name: string, policy: Policy) {
    this.id = id
    this.name = name
    this.policy = policy
  }

  /** Messages of a session in memory leave no trace on the disk. */
  get isWritten(): boolean {
    return this.policy.durability !== 'memory'
  }

  hasSeen(id: string): boolean {
    return this.seen.has(id) || this.seenBefore.has(id)
  }

  markSeen(id: string, now: number): void {
    if (this.seen.size >= seenPerGeneration || (now - this.generationSince > generationAge && this.seen.size > 0)) {
      this.seenBefore = this.seen
      this.seen = new Set()
      this.generationSince = now
    }
    this.seen.add(id)
  }

  /** A publish that was not stored after all may be tried again. */
  unmarkSeen(id: string): void {
    this.seen.delete(id)
    this.seenBefore.delete(id)
  }

  /** False once this second's share of messages is used up. */
  mayPublish(now: number): boolean {
    const { maxPublishRate } = this.policy
    if (maxPublishRate === null) return true
    this.allowance = Math.min(maxPublishRate, this.allowance + ((now - this.allowanceAt) / 1_000) * maxPublishRate)
    this.allowanceAt = now
    if (this.allowance < 1) return false
    this.allowance -= 1
    return true
  }

  topic(name: string): TopicFacts {
    const known = this.topics.get(name)
    if (known !== undefined) return known
    if (this.topics.size >= countedTopics) this.forgetQuietTopic()
    const facts: TopicFacts = { published: new Meter(), queued: 0 }
    this.topics.set(name, facts)
    return facts
  }

  /** When the oldest message that somebody has not acknowledged was accepted; wall clock. */
  oldestUnacked(): number | null {
    let oldest: number | null = null
    for (const subscriber of this.subscribers.values()) {
      const [first] = subscriber.unacked.values()
      if (first !== undefined && (oldest === null || first.message.acceptedAt < oldest)) oldest = first.message.acceptedAt
    }
    return oldest
  }

  sample(now: number): void {
    this.depth = [...this.depth, this.queued].slice(-samples)
    this.deliveredRate = [...this.deliveredRate, this.delivered.perSecond(now)].slice(-samples)
  }

  private forgetQuietTopic(): void {
    for (const [name, facts] of this.topics) {
      if (facts.queued > 0) continue
      this.topics.delete(name)
      return
    }
  }
}

export function newSubscriber(facts: {
  id: number
  tenant: Tenant
  key: string
  durable: boolean
  keepFor: number | null
  awaySince?: number | null
}): Subscriber {
  return {
    kind: 'subscriber',
    awaySince: null,
    ...facts,
    due: 0,
    slot: -1,
    links: new Set(),
    subscriptions: new Map(),
    unacked: new Unacked(),
    queue: new Queue(),
    late: new Queue(),
    isDispatching: false,
    inFlight: 0,
    queuedBytes: 0,
    releasing: new Set(),
    receiving: new Set(),
    packetIds: new Set(),
    lastPacketId: 0,
    isNumbering: false,
    will: null,
    delivered: 0,
  }
}
