/** Waiting for a browser that may never answer. */
import { setTimeout as wait } from 'node:timers/promises'

/**
 * What `work` comes to, or the signal's reason as soon as it aborts. The work itself cannot be called back: a hung page keeps its
 * promise open for ever, and what it says after the abort is nobody's concern any more.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined)
    return Promise.reject(asError(signal.reason))
  }
  return new Promise((resolve, reject) => {
    const stop = () => reject(asError(signal.reason))
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** Rings once after `ms`, unless what it returns is called before. */
export type StartTimer = (ms: number, ring: () => void) => () => void

const startRealTimer: StartTimer = (ms, ring) => {
  const timer = setTimeout(ring, ms)
  return () => clearTimeout(timer)
}

/** Runs `work` for `ms` at most: then its signal aborts and `late()` is thrown. When `signal` aborts, its reason is. */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
  startTimer = startRealTimer,
): Promise<T> {
  signal.throwIfAborted()
  const deadline = new AbortController()
  const stopTimer = startTimer(ms, () => deadline.abort())
  try {
    return await work(AbortSignal.any([signal, deadline.signal]))
  } catch (error) {
    signal.throwIfAborted()
    throw deadline.signal.aborted ? late() : error
  } finally {
    stopTimer()
  }
}

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

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
