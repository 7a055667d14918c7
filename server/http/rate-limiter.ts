/** Counts what strangers do too often. */
import type { RateLimiterMemory } from 'rate-limiter-flexible'

/** Loaded when the first stranger calls: a server that only this machine uses never pays for it. */
export function rateLimiter(limit: { points: number; duration: number }): () => Promise<RateLimiterMemory> {
  let limiter: Promise<RateLimiterMemory> | undefined
  return () => (limiter ??= import('rate-limiter-flexible').then((library) => new library.RateLimiterMemory(limit)))
}
