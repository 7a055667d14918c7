/**
 * What went over a bridge a moment ago. MQTT 3.1.1 has no word for "not back to me" and none that a message could carry: one that equals
 * what has just gone over the bridge is taken for its echo.
 */
import { createHash } from 'node:crypto'

/** Ms. */
const remembered = 10_000
const atMost = 10_000

export class Echoes {
  readonly #now: () => number
  /** When it went over, the oldest first. */
  readonly #seen = new Map<string, number>()

  /** @param now monotonic ms */
  constructor(now: () => number) {
    this.#now = now
  }

  remember(topic: string, payload: Uint8Array): void {
    const key = keyOf(topic, payload)
    this.#seen.delete(key)
    this.#seen.set(key, this.#now())
    for (const [oldest, at] of this.#seen) {
      if (this.#seen.size <= atMost && this.#now() - at < remembered) break
      this.#seen.delete(oldest)
    }
  }

  has(topic: string, payload: Uint8Array): boolean {
    const at = this.#seen.get(keyOf(topic, payload))
    return at !== undefined && this.#now() - at < remembered
  }
}

const keyOf = (topic: string, payload: Uint8Array): string =>
  createHash('sha256').update(topic).update('\0').update(payload).digest('base64')
