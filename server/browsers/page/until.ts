/** Asking a page until it says what is waited for. */
import { setTimeout as wait } from 'node:timers/promises'
import { abortable } from '../../async/abortable.ts'

/** Asks until the answer is not null, 100 ms apart. */
export async function until<T>(question: () => Promise<T | null>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const answer = await abortable(question(), signal)
    if (answer !== null) return answer
    await wait(100, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** The same for `patience` ms at most; null when it is over. */
export async function untilLate<T>(question: () => Promise<T | null>, patience: number, signal: AbortSignal): Promise<T | null> {
  const deadline = performance.now() + patience
  const found = await until(async () => {
    const answer = await question()
    // Wrapped, since null means to ask again.
    return answer !== null || performance.now() >= deadline ? { answer } : null
  }, signal)
  return found.answer
}
