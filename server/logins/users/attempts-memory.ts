/** Failed logins of this server alone. */
import type { Clock } from '../../clock.ts'
import {
  addressWindow,
  crowdedAfter,
  crowdedBackoff,
  nameBackoff,
  pairBackoff,
  trustedFor,
  waitAfter,
  type AttemptStore,
  type Backoff,
} from './attempts.ts'
import { createLruCache, type LruCache } from '../lru-cache.ts'

interface Failures {
  count: number
  /** Ms of the clock that only rises. */
  last: number
}

/** Of each kind. Names are made up by whoever guesses: what was not touched for longest goes first. */
const keptAtMost = 50_000

export function createMemoryAttempts(clock: Pick<Clock, 'monotonic'>): AttemptStore {
  const pairs = createLruCache<Failures>(keptAtMost)
  const names = createLruCache<Failures>(keptAtMost)
  const addresses = createLruCache<Failures>(keptAtMost)
  const trusted = createLruCache<number>(keptAtMost)

  const countOf = (kept: LruCache<Failures>, key: string, window: number): Failures => {
    const found = kept.get(key)
    return found === undefined || clock.monotonic() - found.last > window ? { count: 0, last: 0 } : found
  }
  const waitFor = ({ count, last }: Failures, backoff: Backoff): number => Math.max(0, last + waitAfter(count, backoff) - clock.monotonic())

  return {
    async begin({ pair, name, address }) {
      const [ofPair, ofName, ofAddress] = [
        countOf(pairs, pair, pairBackoff.window),
        countOf(names, name, nameBackoff.window),
        countOf(addresses, address, addressWindow),
      ]
      const isTrusted = (trusted.get(pair) ?? -Infinity) + trustedFor > clock.monotonic()
      const isCrowded = !isTrusted && ofAddress.count >= crowdedAfter
      const wait = Math.max(waitFor(ofPair, isCrowded ? crowdedBackoff : pairBackoff), isTrusted ? 0 : waitFor(ofName, nameBackoff))
      if (wait > 0) return { wait, trusted: isTrusted }
      const last = clock.monotonic()
      for (const [kept, key, { count }] of [
        [pairs, pair, ofPair],
        [names, name, ofName],
        [addresses, address, ofAddress],
      ] as const)
        kept.set(key, { count: count + 1, last })
      return { wait: 0, trusted: isTrusted }
    },
    async succeeded({ pair, name, address }) {
      pairs.delete(pair)
      names.delete(name)
      const { count, last } = countOf(addresses, address, addressWindow)
      if (count > 0) addresses.set(address, { count: count - 1, last })
      trusted.set(pair, clock.monotonic())
    },
  }
}
