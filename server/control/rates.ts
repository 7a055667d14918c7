/** The overview's curves: one sample of every room's ever-rising count each ten seconds, kept for a day in memory. */
import type { Clock } from '../clock.ts'
import type { RoomName } from '../http/contract.ts'

const sampleEvery = 10_000
const dayOfSamples = 86_400_000 / sampleEvery

/** Length of the curve and of one of its points, in ms. */
const spans = {
  '15m': { length: 900_000, step: sampleEvery },
  '1h': { length: 3_600_000, step: 60_000 },
  '24h': { length: 86_400_000, step: 900_000 },
} as const
export type Span = keyof typeof spans

interface Sample {
  at: number
  totals: ReadonlyMap<RoomName, number>
}

export class Rates {
  readonly #samples: Sample[] = []
  readonly #timer: NodeJS.Timeout
  readonly #clock: Clock
  readonly #totals: () => ReadonlyMap<RoomName, number>

  constructor(clock: Clock, totals: () => ReadonlyMap<RoomName, number>) {
    this.#clock = clock
    this.#totals = totals
    this.#sample()
    this.#timer = setInterval(() => this.#sample(), sampleEvery)
    this.#timer.unref()
  }

  /** Unix seconds at which each point of a span ends; the last one is now. */
  times(span: Span): number[] {
    const now = this.#clock.now()
    return this.#ends(span).map((age) => Math.round((now - age) / 1_000))
  }

  /** Events per second or minute in each point of a span; null before the server ran. */
  series(room: RoomName, span: Span, per: 's' | 'min'): (number | null)[] {
    const { step } = spans[span]
    const now = this.#clock.monotonic()
    return this.#ends(span).map((age) => this.#rate(room, now - age - step, now - age, per))
  }

  /** The rate over the last ten to twenty seconds: the number printed beside the curve's last point. */
  current(room: RoomName, per: 's' | 'min'): number {
    return this.series(room, '15m', per).at(-1) ?? 0
  }

  dispose(): void {
    clearInterval(this.#timer)
  }

  #sample(): void {
    this.#samples.push({ at: this.#clock.monotonic(), totals: this.#totals() })
    if (this.#samples.length > dayOfSamples + 60) this.#samples.splice(0, 60)
  }

  #ends(span: Span): number[] {
    const { length, step } = spans[span]
    const points = length / step
    return Array.from({ length: points }, (_, index) => (points - 1 - index) * step)
  }

  #rate(room: RoomName, from: number, to: number, per: 's' | 'min'): number | null {
    const before = this.#latest(from)
    const after = this.#latest(to)
    if (after === undefined) return null
    if (before === undefined || before === after) return before === undefined ? null : 0
    const counted = (after.totals.get(room) ?? 0) - (before.totals.get(room) ?? 0)
    return (counted / (after.at - before.at)) * (per === 's' ? 1_000 : 60_000)
  }

  /** The last sample taken at or before a moment. */
  #latest(at: number): Sample | undefined {
    let low = 0
    let high = this.#samples.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#samples[middle]?.at ?? Infinity) <= at) low = middle + 1
      else high = middle
    }
    return this.#samples[low - 1]
  }
}
