/**
 * Two limits with one number N. Sessions: at most N live ones, starting ones included; the service sees to that. Browsers: at most N processes,
 * closing ones included; these slots see to that, so a session that replaces an evicted one starts its browser when the other is really gone.
 */

export class BrowserSlots {
  readonly #limit: () => number
  #taken = 0
  readonly #waiting: (() => void)[] = []

  constructor(limit: () => number) {
    this.#limit = limit
  }

  /** A slot that nobody waits for, with what gives it back; null when there is none. */
  take(): (() => void) | null {
    if (this.#waiting.length > 0 || this.#taken >= this.#limit()) return null
    this.#taken += 1
    return this.#giver()
  }

  /** Resolves, in the order of asking, with what gives the slot back. Rejects with the signal's reason. */
  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    // Whoever waits is given the slot by the one that gives it back; taking it here after the wait would let a newcomer in between.
    if (this.#waiting.length > 0 || this.#taken >= this.#limit()) await this.#turn(signal)
    else this.#taken += 1
    return this.#giver()
  }

  #giver(): () => void {
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#taken -= 1
      this.grant()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1)
        reject(signal.reason)
      }
      const go = (): void => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.push(go)
    })
  }

  /** Called by itself when a slot is given back; from outside when the limit has risen. */
  grant(): void {
    while (this.#taken < this.#limit()) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#taken += 1
      next()
    }
  }
}
