/**
 * Hashing passwords takes long and much memory, so few hash at once and the others wait. Nobody's place is taken by the many of somebody
 * else: addresses take turns, at an address its names, and who has logged in from there lately goes before those who have not.
 */
import type { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'

export interface LoginAttempt {
  address: string
  name: string
  /** Whether the name has logged in from the address lately. */
  trusted: boolean
}

export interface Turnstile {
  /** Runs `work` when it is its turn; throws `too-many-attempts` where too many wait who come before it. */
  enter<Result>(attempt: LoginAttempt, work: () => Promise<Result>): Promise<Result>
}

interface Waiting {
  attempt: LoginAttempt
  go(): void
  refuse(): void
}

const turnsKept = 1_000

export function createTurnstile(atOnce: number, mostWaiting: number): Turnstile {
  let running = 0
  /** In the order in which they came. */
  let queue: Waiting[] = []
  /** Who had a turn last comes last: addresses, and names at an address. */
  const turns = new Map<string, number>()
  let turn = 0

  const namesKey = ({ address, name }: LoginAttempt): string => JSON.stringify([address, name])
  const lastTurn = (key: string): number => turns.get(key) ?? 0

  function next(): Waiting | undefined {
    const [first] = queue.toSorted(
      (a, b) =>
        Number(b.attempt.trusted) - Number(a.attempt.trusted) ||
        lastTurn(a.attempt.address) - lastTurn(b.attempt.address) ||
        lastTurn(namesKey(a.attempt)) - lastTurn(namesKey(b.attempt)),
    )
    if (first === undefined) {
      turns.clear()
      return undefined
    }
    queue = queue.filter((each) => each !== first)
    hadTurn(first.attempt)
    return first
  }

  function hadTurn(attempt: LoginAttempt): void {
    turn += 1
    // Names are made up by whoever guesses. Forgetting them gives nobody more than one turn.
    if (turns.size >= turnsKept) turns.clear()
    turns.set(attempt.address, turn)
    turns.set(namesKey(attempt), turn)
  }

  /**
   * The youngest of the longest line, when the newcomer's own is shorter; a line is that of a name at an address, then that of an address.
   */
  function displaced(attempt: LoginAttempt): Waiting | undefined {
    const open = queue.filter(({ attempt: { trusted } }) => !trusted || attempt.trusted)
    if (attempt.trusted) {
      const untrusted = open.filter(({ attempt: { trusted } }) => !trusted).at(-1)
      if (untrusted !== undefined) return untrusted
    }
    for (const keyOf of [namesKey, ({ address }: LoginAttempt) => address]) {
      const lines = Map.groupBy(open, (each) => keyOf(each.attempt))
      const longest = [...lines.values()].toSorted((a, b) => b.length - a.length)[0] ?? []
      if (longest.length > (lines.get(keyOf(attempt))?.length ?? 0) + 1) return longest.at(-1)
    }
    return undefined
  }

  async function wait(attempt: LoginAttempt): Promise<void> {
    if (queue.length >= mostWaiting) {
      const other = displaced(attempt)
      if (other === undefined) throw tooMany()
      queue = queue.filter((each) => each !== other)
      other.refuse()
    }
    await new Promise<void>((resolve, reject) => queue.push({ attempt, go: resolve, refuse: () => reject(tooMany()) }))
  }

  return {
    async enter(attempt, work) {
      if (running >= atOnce) await wait(attempt)
      else {
        running += 1
        hadTurn(attempt)
      }
      try {
        return await work()
      } finally {
        // The place goes over to the next in line, so nobody who comes later can take it.
        const following = next()
        if (following === undefined) running -= 1
        else following.go()
      }
    },
  }
}

function tooMany(): Fault {
  return new LoginFault('too-many-attempts', 'Too many logins at once; try again in a moment', { retryAfter: 1 })
}
