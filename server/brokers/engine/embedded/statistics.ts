/** What is counted of a session, for the window's figures and charts. */
import { Meter } from './meter.ts'

export interface TopicCount {
  readonly published: Meter
  /** Deliveries that are not acknowledged. */
  queued: number
}

/** Topics are counted one by one up to here; the rest is only part of the session's sums. */
const countedTopics = 2_000
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

  topic(name: string): TopicCount {
    const known = this.topics.get(name)
    if (known !== undefined) return known
    if (this.topics.size >= countedTopics) this.#forgetQuietTopic()
    const count: TopicCount = { published: new Meter(), queued: 0 }
    this.topics.set(name, count)
    return count
  }

  /** One more point of the charts. */
  sample(queued: number, now: number): void {
    this.depth = [...this.depth, queued].slice(-samples)
    this.deliveredRate = [...this.deliveredRate, this.delivered.perSecond(now)].slice(-samples)
  }

  #forgetQuietTopic(): void {
    for (const [name, { queued }] of this.topics) {
      if (queued > 0) continue
      this.topics.delete(name)
      return
    }
  }
}
