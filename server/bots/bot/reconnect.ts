/** When a bot whose connection was lost tries again. */
import type { Clock } from '../../clock.ts'
import { reconnectDelay } from './states.ts'

/** After so long online the next loss starts over with the shortest wait. */
const stableAfter = 5 * 60_000

export class Reconnect {
  /** Attempts since it was online for a while, or a person asked. */
  attempt = 0
  /** When the next one comes; null while none is awaited. */
  at: number | null = null
  private readonly clock: Clock
  private readonly random: () => number
  private timer: NodeJS.Timeout | undefined
  private onlineSince: number | null = null
  private faults = 0

  constructor({ clock, random }: { clock: Clock; random(): number }) {
    this.clock = clock
    this.random = random
  }

  cameOnline(): void {
    this.onlineSince = this.clock.monotonic()
  }

  /** The number of faults without a stable time between them. */
  faulted(): number {
    this.forgive()
    this.faults += 1
    return this.faults
  }

  later(tryAgain: () => void): void {
    this.forgive()
    this.onlineSince = null
    this.attempt += 1
    const wait = reconnectDelay(this.attempt, this.random)
    this.at = this.clock.now() + wait
    this.timer = setTimeout(tryAgain, wait)
  }

  /** The next wait is the shortest again. */
  startOver(): void {
    this.attempt = 0
    this.faults = 0
  }

  cancel(): void {
    clearTimeout(this.timer)
    this.at = null
  }

  private forgive(): void {
    if (this.onlineSince !== null && this.clock.monotonic() - this.onlineSince > stableAfter) this.startOver()
  }
}
