/**
 * Calls that a person has allowed and whose servers have asked their clients something since. A stateless client comes back with the answer
 * in a call of its own, which is the same call to a person: nobody is asked again who has said yes to these arguments. What the client was
 * given to come back with counts once, and for its own session and tool alone, so that none is made up or used for a second call.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { orderedJson } from '../calls/ordered-json.ts'
import type { CallUnderWay } from '../calls/steps.ts'

type Allowed = Pick<CallUnderWay, 'session' | 'entry' | 'args'>

/** As long as a server waits for such an answer in the middle of its call. */
const keepFor = 600_000
const keepAtMost = 1_000

export class AllowedRounds {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** By a hash, since servers write into a state whatever they like; the oldest first. */
  readonly #known = new Map<string, { sessionId: string; at: number }>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** The server has asked; `state` is what its client is to come back with, if there is anything. */
  add(call: Allowed, state: string | null): void {
    const key = keyOf(call, state)
    this.#known.delete(key)
    const oldest = this.#known.size >= keepAtMost ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(key, { sessionId: call.session.id, at: this.#clock.monotonic() })
  }

  /** Whether a person has allowed the call that this is a later round of; true once. */
  take(call: Allowed & Pick<CallUnderWay, 'laterRound'>): boolean {
    if (call.laterRound === undefined) return false
    const key = keyOf(call, call.laterRound.state)
    const known = this.#known.get(key)
    this.#known.delete(key)
    return known !== undefined && this.#clock.monotonic() - known.at <= keepFor
  }

  /** The session is over. */
  forget(sessionId: string): void {
    for (const [key, known] of this.#known) if (known.sessionId === sessionId) this.#known.delete(key)
  }
}

function keyOf({ session, entry: { upstream, tool }, args }: Allowed, state: string | null): string {
  const text = orderedJson([session.id, upstream.definition.id, tool.name, state, args ?? {}])
  return createHash('sha256').update(text).digest('base64url')
}
