/** Makes guessing passwords pointless: wrong ones are counted per user and address, per user, and per address. */
import { RateLimiterMemory, RateLimiterRedis, type IRateLimiterStoreOptions, type RateLimiterAbstract } from 'rate-limiter-flexible'
import { Fault } from '../fault.ts'

export interface AttemptGuard {
  /** Counts an attempt before its password is looked at, so that parallel ones cannot slip through. Throws `too-many-attempts` (`retryAfter`, s). */
  begin(username: string, address: string): Promise<void>
  /** The password was right: the user's own mistakes are forgotten. */
  succeeded(username: string, address: string): Promise<void>
}

/** Shared by all servers of one Redis when given; else counted here. */
export function createAttemptGuard(redis?: IRateLimiterStoreOptions['storeClient']): AttemptGuard {
  const limiter = (keyPrefix: string, points: number, duration: number, blockDuration: number): RateLimiterAbstract => {
    const rule = { keyPrefix: `wheelhouse:logins:attempts:${keyPrefix}`, points, duration, blockDuration }
    const local = new RateLimiterMemory(rule)
    return redis === undefined ? local : new RateLimiterRedis({ ...rule, storeClient: redis, insuranceLimiter: local })
  }
  // Who mistypes has five tries; who guesses one name from many addresses gets twenty in an hour; who tries many names fifty.
  const pair = limiter('pair', 5, 15 * 60, 15 * 60)
  const user = limiter('user', 20, 60 * 60, 60 * 60)
  const source = limiter('address', 50, 60 * 60, 60 * 60)
  const pairKey = (username: string, address: string): string => `${username.toLowerCase()}|${address}`

  return {
    async begin(username, address) {
      try {
        await source.consume(address)
        await pair.consume(pairKey(username, address))
        await user.consume(username.toLowerCase())
      } catch (refused) {
        if (refused instanceof Error) throw refused
        const wait = typeof refused === 'object' && refused !== null && 'msBeforeNext' in refused ? Number(refused.msBeforeNext) : 60_000
        throw new Fault('too-many-attempts', 'Too many wrong passwords; try again later', { retryAfter: Math.max(1, Math.ceil(wait / 1_000)) })
      }
    },
    async succeeded(username, address) {
      await Promise.all([pair.delete(pairKey(username, address)), user.delete(username.toLowerCase()), source.reward(address)])
    },
  }
}
