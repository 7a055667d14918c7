/**
 * Tells when what was out of reach may be there again: the machine slept, or came to another network. Both are looked for every few
 * seconds, since a server without a desktop is told of neither.
 */
import { networkInterfaces } from 'node:os'
import type { Clock } from '../../clock.ts'

const lookEvery = 5_000
/** A look that comes so much later than it was due, by either clock, slept; a busy machine is never that late. */
const lateBy = 30_000

export interface WakingsParts {
  clock: Clock
  /** What tells one network from another. */
  network?(): string
  onWoken(): void
}

export class Wakings {
  readonly #parts: WakingsParts
  #timer: NodeJS.Timeout | undefined
  #seen = { wall: 0, monotonic: 0, network: '' }

  constructor(parts: WakingsParts) {
    this.#parts = parts
  }

  start(): void {
    this.stop()
    this.#seen = this.#now()
    this.#timer = setInterval(() => this.look(), lookEvery).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  look(): void {
    const [before, now] = [this.#seen, this.#now()]
    this.#seen = now
    // On some systems the monotonic clock stands still in sleep, on others it is the timer alone that does.
    const slept = Math.max(now.wall - before.wall, now.monotonic - before.monotonic) > lookEvery + lateBy
    if (slept || now.network !== before.network) this.#parts.onWoken()
  }

  #now(): { wall: number; monotonic: number; network: string } {
    const { clock, network = addressesNow } = this.#parts
    return { wall: clock.now(), monotonic: clock.monotonic(), network: network() }
  }
}

function addressesNow(): string {
  return Object.entries(networkInterfaces())
    .flatMap(([name, list]) => (list ?? []).filter(({ internal }) => !internal).map(({ address }) => `${name} ${address}`))
    .toSorted()
    .join('\n')
}
