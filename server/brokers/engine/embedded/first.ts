/** The first few of many by some order, without keeping or sorting all of them. */
const spare = 500

export class First<Item> {
  #kept = new Set<Item>()
  readonly #limit: number
  readonly #order: (a: Item, b: Item) => number

  constructor(limit: number, order: (a: Item, b: Item) => number) {
    this.#limit = limit
    this.#order = order
  }

  /** The same one twice counts once. */
  add(item: Item): void {
    this.#kept.add(item)
    if (this.#kept.size >= 2 * this.#limit + spare) this.#kept = new Set(this.items())
  }

  items(): Item[] {
    return [...this.#kept].sort(this.#order).slice(0, this.#limit)
  }
}
