/** What has to happen when, for all messages at once: one heap and one timer instead of a timer for each. */

/** Something that can stand in the agenda, at most once. */
export interface Entry {
  /** Monotonic ms at which it is due. */
  due: number
  /** Its place in the heap, -1 when it is not in the agenda. Written by the agenda alone. */
  slot: number
}

export class Agenda<Item extends Entry> {
  readonly #heap: Item[] = []

  get size(): number {
    return this.#heap.length
  }

  /** When the next entry is due; Infinity when there is none. */
  get nextDue(): number {
    return this.#heap[0]?.due ?? Infinity
  }

  /** Adds the entry, or moves it to its new time. */
  set(item: Item, due: number): void {
    if (item.slot >= 0) this.remove(item)
    item.due = due
    this.#heap.push(item)
    this.#rise(item, this.#heap.length - 1)
  }

  remove(item: Item): void {
    const { slot } = item
    if (slot < 0) return
    item.slot = -1
    const last = this.#heap.pop()
    if (last === undefined || last === item) return
    this.#rise(last, slot)
    this.#sink(last, last.slot)
  }

  /** Takes out the next entry that is due at `now`. */
  take(now: number): Item | null {
    const [first] = this.#heap
    if (first === undefined || first.due > now) return null
    this.remove(first)
    return first
  }

  #rise(item: Item, from: number): void {
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = this.#heap[above]
      if (parent === undefined || parent.due <= item.due) break
      this.#put(parent, slot)
      slot = above
    }
    this.#put(item, slot)
  }

  #sink(item: Item, from: number): void {
    let slot = from
    for (;;) {
      const left = this.#heap[2 * slot + 1]
      const right = this.#heap[2 * slot + 2]
      if (left === undefined) break
      const child = right !== undefined && right.due < left.due ? right : left
      if (child.due >= item.due) break
      const below = child === left ? 2 * slot + 1 : 2 * slot + 2
      this.#put(child, slot)
      slot = below
    }
    this.#put(item, slot)
  }

  #put(item: Item, slot: number): void {
    this.#heap[slot] = item
    item.slot = slot
  }
}
