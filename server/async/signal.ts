/** A typed set of listeners: who has something to tell does not know who listens. */

export interface Signal<Args extends readonly unknown[]> {
  /** Calls every listener, in the order in which they came. */
  emit(...args: Args): void
  /** Returns what ends the subscription. */
  subscribe(listener: (...args: Args) => void): () => void
  /** Ends all subscriptions. */
  clear(): void
  readonly size: number
}

/**
 * A listener that throws keeps nothing from the others: what it throws goes to `onError`, or, where there is none, to whoever emits, when
 * all have been called; of several that throw, the first counts.
 */
export function createSignal<Args extends readonly unknown[] = []>(onError?: (error: unknown) => void): Signal<Args> {
  // Wrapped, so that a listener that subscribes twice is called twice, and each subscription ends by itself.
  const listeners = new Set<{ call: (...args: Args) => void }>()
  return {
    emit(...args) {
      const errors: unknown[] = []
      for (const { call } of listeners) {
        try {
          call(...args)
        } catch (error) {
          if (onError === undefined) errors.push(error)
          else onError(error)
        }
      }
      if (errors.length > 0) throw errors[0]
    },
    subscribe(listener) {
      const own = { call: listener }
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    clear: () => listeners.clear(),
    get size() {
      return listeners.size
    },
  }
}
