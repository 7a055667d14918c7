/** A wait that a client bounds and may cancel. */

/** Resolves when `done` is called, after `ms`, or when the signal aborts. `listen` returns what ends the listening; it is ended however the wait ends. */
export async function waitFor(ms: number, signal: AbortSignal, listen: (done: () => void) => () => void): Promise<void> {
  let settle: () => void = () => undefined
  const over = new Promise<void>((resolve) => {
    settle = resolve
  })
  const end = listen(settle)
  const timer = setTimeout(settle, ms)
  signal.addEventListener('abort', settle, { once: true })
  if (signal.aborted) settle()
  try {
    await over
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', settle)
    end()
  }
}
