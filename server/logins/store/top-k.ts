/** The first few of many in an order, without keeping all of them. */
export interface TopK<Item> {
  add(item: Item): void
  /** How many were added. */
  total(): number
  /** The first `amount`, in order. */
  first(): Item[]
}

/** `order` as for a sort. Keeps at most some multiple of `amount`, and sorts only when that is reached. */
export function createTopK<Item>(amount: number, order: (a: Item, b: Item) => number): TopK<Item> {
  let kept: Item[] = []
  let total = 0
  const settle = (): void => void (kept = kept.sort(order).slice(0, amount))
  return {
    add(item) {
      total += 1
      kept.push(item)
      if (kept.length > 2 * amount + 1_000) settle()
    },
    total: () => total,
    first() {
      settle()
      return kept
    },
  }
}
