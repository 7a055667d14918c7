/** When a bot whose connection was lost tries again, and how often it has. */
import type { Clock } from '../../clock.ts'

/** After so long online the next loss starts over with the shortest wait. */
const stableAfter = 5 * 60_000

/** As many as a good network asks for in a row: one after pairing, one when a server goes. */
const mostRestarts = 3

/** Ms before attempt `attempt` (from 1): 1 s doubling to 60 s, each somewhere in its upper half so that many bots do not come at once. */
export function reconnectDelay(attempt: number, random: () => number): number {
  const full = Math.min(60_000, 1_000 * 2 ** (attempt - 1))
  return Math.round(full / 2 + (random() * full) / 2)
}

export class Reconnect {
  readonly #clock: Clock
  readonly #random: () => number
  #attempt = 0
  #at: number | null = null
  #timer: NodeJS.Timeout | undefined
  #onlineSince: number | null = null
  #faults = 0
  #failedStarts = 0
  #restarts = 0

  constructor({ clock, random }: { clock: Clock; random(): number }) {
    this.#clock = clock
    this.#random = random
  }

  /** Attempts since it was online for a while, or a person asked. */
  get attempt(): number {
    return this.#attempt
  }

  /** When the next one comes; null while none is awaited. */
  get at(): number | null {
    return this.#at
  }

  onOnline(): void {
    this.#onlineSince = this.#clock.monotonic()
  }

  /** The number of faults without a stable time between them. */
  countFault(): number {
    this.#forgive()
    this.#faults += 1
    return this.#faults
  }

  /** The number of starts in a row that ended by throwing. */
  countFailedStart(): number {
    this.#failedStarts += 1
    return this.#failedStarts
  }

  onStarted(): void {
    this.#failedStarts = 0
  }

  /**
   * WhatsApp asks to connect again at once: after pairing, and when it moves a connection to another of its servers. False when it has
   * asked so often without a stable time between that this is no move any more.
   */
  mayRestart(): boolean {
    this.#forgive()
    this.#restarts += 1
    return this.#restarts <= mostRestarts
  }

  later(tryAgain: () => void): void {
    this.#forgive()
    this.#onlineSince = null
    this.#attempt += 1
    const wait = reconnectDelay(this.#attempt, this.#random)
    this.#at = this.#clock.now() + wait
    this.#timer = setTimeout(tryAgain, wait)
  }

  /** The next wait is the shortest again. */
  startOver(): void {
    this.#attempt = 0
    this.#faults = 0
    this.#restarts = 0
  }

  cancel(): void {
    clearTimeout(this.#timer)
    this.#at = null
  }

  #forgive(): void {
    if (this.#onlineSince !== null && this.#clock.monotonic() - this.#onlineSince > stableAfter) this.startOver()
  }
}
