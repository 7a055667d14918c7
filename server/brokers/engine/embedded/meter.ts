/** Counts something and how much of it happens in a second. */
const span = 10

export class Meter {
  total = 0
  readonly #slots = new Float64Array(span + 1)
  #last = 0

  add(count: number, now: number): void {
    this.total += count
    this.#turn(Math.floor(now / 1_000))
    const slot = this.#last % this.#slots.length
    this.#slots[slot] = (this.#slots[slot] ?? 0) + count
  }

  /** Mean of the last ten whole seconds. */
  perSecond(now: number): number {
    this.#turn(Math.floor(now / 1_000))
    const current = this.#slots[this.#last % this.#slots.length] ?? 0
    return (this.#slots.reduce((sum, count) => sum + count, 0) - current) / span
  }

  #turn(second: number): void {
    if (second === this.#last) return
    const passed = Math.min(second - this.#last, this.#slots.length)
    for (let step = 1; step <= passed; step += 1) this.#slots[(this.#last + step) % this.#slots.length] = 0
    this.#last = second
    if (passed === this.#slots.length) this.#slots.fill(0)
  }
}
