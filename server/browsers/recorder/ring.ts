/** The latest of what comes, bounded in number and in bytes. */

export interface RingLimits<Item> {
  most: number
  mostBytes: number
  /** Of one item; need not be exact. */
  bytesOf(item: Item): number
}

export class Ring<Item> {
  readonly #limits: RingLimits<Item>
  readonly #items: { item: Item; bytes: number }[] = []
  #bytes = 0
  #dropped = 0

  constructor(limits: RingLimits<Item>) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How many have made room for later ones. */
  get dropped(): number {
    return this.#dropped
  }

  push(item: Item): void {
    const bytes = this.#limits.bytesOf(item)
    this.#items.push({ item, bytes })
    this.#bytes += bytes
    while (this.#items.length > this.#limits.most || (this.#bytes > this.#limits.mostBytes && this.#items.length > 1)) this.#drop()
  }

  /** The latest last. */
  list(): Item[] {
    return this.#items.map(({ item }) => item)
  }

  latest(): Item | undefined {
    return this.#items.at(-1)?.item
  }

  /** Keeps the latest `count` alone. */
  keep(count: number): void {
    while (this.#items.length > count) this.#drop()
  }

  #drop(): void {
    this.#bytes -= this.#items.shift()?.bytes ?? 0
    this.#dropped += 1
  }
}
