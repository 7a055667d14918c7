/** What an API's listener served lately: rate, latency, failures. Counting only, so that a request pays next to nothing. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

export interface TrafficView {
  /** Requests per second over the last ten seconds. */
  perSecond: number
  /** Milliseconds over the last one to two minutes; null when there was no request. */
  p50: number | null
  p99: number | null
  /** Answers of 400 and above over the same time. */
  failed: number
}

const rateWindow = 10
const histogramSpan = 60_000

export class Traffic {
  total = 0
  readonly #seconds = new Array<{ second: number; count: number }>(rateWindow + 1)
  #current = emptySpan()
  #previous = emptySpan()
  #spanStart: number
  readonly #monotonic: () => number

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
    this.#spanStart = monotonic()
  }

  record(milliseconds: number, status: number): void {
    this.#turn()
    this.total += 1
    // The histogram counts whole numbers from 1: microseconds keep the resolution of fast answers.
    this.#current.latency.record(Math.max(1, Math.round(milliseconds * 1_000)))
    if (status >= 400) this.#current.failed += 1
    const second = Math.floor(this.#monotonic() / 1_000)
    const slot = second % this.#seconds.length
    const entry = this.#seconds[slot]
    if (entry?.second === second) entry.count += 1
    else this.#seconds[slot] = { second, count: 1 }
  }

  view(): TrafficView {
    this.#turn()
    const now = Math.floor(this.#monotonic() / 1_000)
    const recent = this.#seconds.filter((entry) => entry.second < now && entry.second >= now - rateWindow)
    const fuller = this.#current.latency.count >= this.#previous.latency.count ? this.#current : this.#previous
    const measured = fuller.latency.count > 0
    return {
      perSecond: recent.reduce((sum, entry) => sum + entry.count, 0) / rateWindow,
      p50: measured ? fuller.latency.percentile(50) / 1_000 : null,
      p99: measured ? fuller.latency.percentile(99) / 1_000 : null,
      failed: this.#current.failed + this.#previous.failed,
    }
  }

  /** Two spans in turn: the view always covers at least one whole minute and nothing older than two. */
  #turn(): void {
    const passed = this.#monotonic() - this.#spanStart
    if (passed < histogramSpan) return
    this.#previous = passed < 2 * histogramSpan ? this.#current : emptySpan()
    this.#current = emptySpan()
    this.#spanStart = this.#monotonic()
  }
}

function emptySpan(): { latency: RecordableHistogram; failed: number } {
  return { latency: createHistogram({ lowest: 1, highest: 600_000_000, figures: 2 }), failed: 0 }
}
