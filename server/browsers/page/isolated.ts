/** Asking a frame where its site's scripts do not hear it: what is asked may hold a secret, and a site can replace what a page can do. */
import type { Frame } from 'puppeteer-core'

interface IsolatedRealm {
  evaluate<Args extends unknown[], Result>(work: string | ((...args: Args) => Result), ...args: Args): Promise<Awaited<Result>>
}

/** `work`: a function that stands on its own, or source. */
export function evaluateIsolated<Args extends unknown[], Result>(
  frame: Frame,
  work: string | ((...args: Args) => Result),
  ...args: Args
): Promise<Awaited<Result>> {
  // Puppeteer keeps the realm internal, in which it runs its own queries.
  const { isolatedRealm } = frame as unknown as { isolatedRealm(): IsolatedRealm }
  return isolatedRealm.call(frame).evaluate(work, ...args)
}
