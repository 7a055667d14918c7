/** The newest messages of a tail, bounded in number and size: a window that stays open for days must not grow. */
import type { BrokerMessage } from '../../../../server/brokers/contract/index.ts'

export interface HeldMessage {
  /** Counts up; unique in this window. */
  key: number
  message: BrokerMessage
  /** Letters of its line. */
  size: number
}

export const bufferBounds = { messages: 10_000, size: 32 * 1_048_576 }

export class MessageBuffer {
  /** Messages that had to go for newer ones. */
  gone = 0
  #held: HeldMessage[] = []
  #size = 0
  #nextKey = 1
  readonly #bounds: typeof bufferBounds

  constructor(bounds = bufferBounds) {
    this.#bounds = bounds
  }

  add(messages: readonly { message: BrokerMessage; size: number }[]): void {
    for (const { message, size } of messages) {
      this.#held.push({ key: this.#nextKey, message, size })
      this.#nextKey += 1
      this.#size += size
    }
    let over = 0
    // The newest stays however large it is.
    while (over < this.#held.length - 1 && (this.#held.length - over > this.#bounds.messages || this.#size > this.#bounds.size)) {
      this.#size -= this.#held[over]?.size ?? 0
      over += 1
    }
    this.#held.splice(0, over)
    this.gone += over
  }

  clear(): void {
    this.#held = []
    this.#size = 0
    this.gone = 0
  }

  /** The newest first. */
  newestFirst(): HeldMessage[] {
    return this.#held.toReversed()
  }
}
