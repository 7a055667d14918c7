/** Waiting for what may never answer. */

/**
 * What `work` comes to, or the signal's reason as soon as it aborts. The work itself cannot be called back: a hung page keeps its
 * promise open for ever, and what it says after the abort is nobody's concern any more.
 */
export function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  if (signal.aborted) {
    work.catch(() => undefined)
    return Promise.reject(asError(signal.reason))
  }
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(asError(signal.reason))
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
