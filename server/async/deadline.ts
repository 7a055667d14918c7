/** Work that has so much time and no more. Its timer ends with it; a test gives one of its own in place of the real one. */

/** Rings once after `ms`, unless what it returns is called before. */
export type StartTimer = (ms: number, ring: () => void) => () => void

export const startRealTimer: StartTimer = (ms, ring) => {
  const timer = setTimeout(ring, ms)
  return () => clearTimeout(timer)
}

/**
 * Runs `work` for `ms` at most: then its signal aborts, and what it ends with because of that is replaced by `late()`. When `signal`
 * aborts, its reason is thrown. For work that heeds a signal; it is waited for.
 */
export async function withDeadline<Result>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
  late: () => Error,
  startTimer = startRealTimer,
): Promise<Result> {
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

/**
 * What `work` comes to, or throws `late()` after `ms`. For work that nobody can call back: it goes on, and what it comes to then is
 * ignored.
 */
export async function inTime<Result>(ms: number, work: Promise<Result>, late: () => Error, startTimer = startRealTimer): Promise<Result> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const stopTimer = startTimer(ms, () => reject(late()))
  try {
    return await Promise.race([work, tooLate])
  } finally {
    stopTimer()
  }
}

/** True when `work` is done within `ms`, false when it is not. Throws what it throws until then; what it throws later is ignored. */
export async function isDoneWithin(ms: number, work: Promise<unknown>, startTimer = startRealTimer): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<false>()
  const stopTimer = startTimer(ms, () => resolve(false))
  try {
    return await Promise.race([work.then(() => true), tooLate])
  } finally {
    stopTimer()
  }
}

/**
 * Resolves when `done` is called, after `ms`, or when the signal aborts, and never throws. `listen` returns what ends the listening; it is
 * ended however the wait ends.
 */
export async function waitFor(
  ms: number,
  listen: (done: () => void) => () => void,
  { signal, startTimer = startRealTimer }: { signal?: AbortSignal; startTimer?: StartTimer } = {},
): Promise<void> {
  const { promise: over, resolve: done } = Promise.withResolvers<void>()
  const endListening = listen(done)
  const stopTimer = startTimer(ms, done)
  const aborted = (): void => done()
  signal?.addEventListener('abort', aborted)
  if (signal?.aborted === true) done()
  try {
    await over
  } finally {
    stopTimer()
    signal?.removeEventListener('abort', aborted)
    endListening()
  }
}
