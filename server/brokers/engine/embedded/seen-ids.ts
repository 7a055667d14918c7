/** Message ids of a session by which repetitions are told: two generations, so that none has to be removed by itself. */
const perGeneration = 100_000
const generationAge = 600_000

export class SeenIds {
  #young = new Set<string>()
  #old = new Set<string>()
  #since = 0

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id)
  }

  /** @param now monotonic ms */
  add(id: string, now: number): void {
    if (this.#young.size >= perGeneration || (now - this.#since > generationAge && this.#young.size > 0)) {
      this.#old = this.#young
      this.#young = new Set()
      this.#since = now
    }
    this.#young.add(id)
  }

  /** A publish that was not stored after all may be tried again. */
  delete(id: string): void {
    this.#young.delete(id)
    this.#old.delete(id)
  }
}
