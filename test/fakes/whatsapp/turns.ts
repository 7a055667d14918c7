/** Something that happens so many times, and then no more. */
export class Turns<Value> {
  #value: Value | null = null
  #left = 0

  set(value: Value, times: number): void {
    this.#value = value
    this.#left = times
  }

  end(): void {
    this.#left = 0
  }

  /** What happens this time; null for nothing. */
  take(): Value | null {
    if (this.#left <= 0) return null
    this.#left -= 1
    return this.#value
  }
}
