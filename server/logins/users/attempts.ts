/**
 * Makes guessing passwords pointless without letting a guesser lock others out.
 *
 * Failures are counted for a name at an address, for a name from anywhere, and for an address. After the first few each further one costs a
 * wait that doubles. The wait always belongs to a name: whoever fails much at a shared address makes it strict for names that fail there,
 * and for nobody else. From an address a name has logged in from lately it is judged by what happened there alone, so that guesses from
 * elsewhere do not keep its owner out.
 */
import { LoginFault } from '../fault.ts'

/** Failures that cost nothing, then waits that double from `first` up to `most` ms; forgotten `window` ms after the last one. */
export interface Backoff {
  free: number
  first: number
  most: number
  window: number
}

const minutes = 60_000
/** Who mistypes has five tries; then 1 s, 2 s, 4 s … a quarter of an hour: some hundred guesses a day. */
export const pairBackoff: Backoff = { free: 5, first: 1_000, most: 15 * minutes, window: 24 * 60 * minutes }
/** At an address that failed for many names lately, a name has one try. */
export const crowdedBackoff: Backoff = { ...pairBackoff, free: 1 }
export const nameBackoff: Backoff = { free: 20, first: 1_000, most: 15 * minutes, window: 24 * 60 * minutes }
export const crowdedAfter = 30
export const addressWindow = 60 * minutes
export const trustedFor = 30 * 24 * 60 * minutes

/** Ms to wait after so many failures. */
export function waitAfter(failures: number, { free, first, most }: Backoff): number {
  return failures < free ? 0 : Math.min(most, first * 2 ** Math.min(failures - free, 30))
}

export interface AttemptKeys {
  pair: string
  name: string
  address: string
}

export interface AttemptStore {
  /**
   * Counts an attempt, as one that failed, unless it comes too early: then `wait` has the ms to wait. One step, so that parallel ones
   * cannot slip through.
   */
  begin(keys: AttemptKeys): Promise<{ wait: number; trusted: boolean }>
  succeeded(keys: AttemptKeys): Promise<void>
}

export interface AttemptGuard {
  /**
   * Counts an attempt before its password is looked at. Throws `too-many-attempts` (`retryAfter`, s). `trusted`: the name has logged in
   * from there lately.
   */
  begin(username: string, address: string): Promise<{ trusted: boolean }>
  /** The password was right: the user's own mistakes are forgotten. */
  succeeded(username: string, address: string): Promise<void>
}

export function createAttemptGuard(store: AttemptStore): AttemptGuard {
  const keysOf = (username: string, address: string): AttemptKeys => {
    const name = username.toLowerCase()
    return { name, address, pair: JSON.stringify([name, address]) }
  }
  return {
    async begin(username, address) {
      const { wait, trusted } = await store.begin(keysOf(username, address))
      if (wait > 0)
        throw new LoginFault('too-many-attempts', 'Too many wrong passwords; try again later', {
          retryAfter: Math.max(1, Math.ceil(wait / 1_000)),
        })
      return { trusted }
    },
    succeeded: (username, address) => store.succeeded(keysOf(username, address)),
  }
}
