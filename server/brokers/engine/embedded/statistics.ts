/** What is counted of a session, for the window's figures and charts. */
import { Meter } from './meter.ts'
import { TopicNames } from './topic-names.ts'

export interface TopicCount {
  readonly published: Meter
  /** Deliveries that are not acknowledged. */
  queued: number
}

/** Topics are counted one by one up to here; the rest is only part of the session's sums. */
const countedTopics = 2_000
/** Topics that are asked for each new one whether nothing waits on them. */
const askedAtOnce = 4
/** Half an hour of queue depth, one point every ten seconds. */
const samples = 180

export class TenantStatistics {
  readonly published = new Meter()
  readonly delivered = new Meter()
  readonly topics = new Map<string, TopicCount>()
  deadTotal = 0
  /** Dead letters that the limit pushed out. */
  deadForgotten = 0
  depth: number[] = []
  deliveredRate: number[] = []
  publishedRate: number[] = []
  readonly #names: TopicNames

  constructor(names = new TopicNames()) {
    this.#names = names
  }

  topic(name: string): TopicCount {
    const known = this.topics.get(name)
    if (known !== undefined) return known
    if (this.topics.size >= countedTopics) this.#forgetQuietTopic()
    const count: TopicCount = { published: new Meter(), queued: 0 }
    this.topics.set(name, count)
    this.#names.hold(name)
    return count
  }

  /** One more point of the charts. */
  sample(queued: number, now: number): void {
    this.depth = [...this.depth, queued].slice(-samples)
    this.deliveredRate = [...this.deliveredRate, this.delivered.perSecond(now)].slice(-samples)
    this.publishedRate = [...this.publishedRate, this.published.perSecond(now)].slice(-samples)
  }

  #forgetQuietTopic(): void {
    let asked = 0
    for (const [name, count] of this.topics) {
      this.topics.delete(name)
      if (count.queued === 0) return this.#names.letGo(name)
      this.topics.set(name, count)
      asked += 1
      if (asked === askedAtOnce) return
    }
  }
}
