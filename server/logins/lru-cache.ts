/**
 * A map of what was used lately, in two generations: the young one fills, then becomes the old one and what is in the old one is forgotten.
 *
 * Taking the single oldest entry out of a Map looks simpler, but leaves a hole at its head, and finding the next oldest walks over all of
 * them.
 */
export interface LruCache<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
  clear(): void
}

/** Keeps at least half of `atMost` and never more. */
export function createLruCache<Value>(atMost: number): LruCache<Value> {
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()

  function set(key: string, value: Value): void {
    young.set(key, value)
    if (young.size <= atMost / 2) return
    old = young
    young = new Map()
  }

  return {
    set,
    get(key) {
      const known = young.get(key)
      if (known !== undefined) return known
      const older = old.get(key)
      if (older !== undefined) set(key, older)
      return older
    },
    delete(key) {
      young.delete(key)
      old.delete(key)
    },
    clear() {
      young = new Map()
      old = new Map()
    },
  }
}
