/** For whoever shows changes and need not see each of them. */
import { createSignal } from './async/signal.ts'

export interface ChangeSignal {
  notify(): void
  /** Returns how to end it. */
  subscribe(listener: () => void): () => void
  dispose(): void
}

/** Many changes in a moment become one call, at most four a second: a menu that is rebuilt more often cannot be used. */
export function createChangeSignal(): ChangeSignal {
  const changed = createSignal()
  let timer: NodeJS.Timeout | undefined
  return {
    notify() {
      if (changed.size === 0) return
      timer ??= setTimeout(() => {
        timer = undefined
        changed.emit()
      }, 250)
    },
    subscribe: changed.subscribe,
    dispose() {
      clearTimeout(timer)
      changed.clear()
    },
  }
}
