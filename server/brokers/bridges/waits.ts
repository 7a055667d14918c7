/** How long a bridge waits for its next try, and what failures in a row say that one alone does not. */
import { LineProblem } from './problems.ts'

const shortest = 1_000
const longest = 60_000
/** Of what was refused for good: rarely, since only a person can mend it. */
const refusedWait = 300_000
/** A connection that lived so long has worked. */
const provesItself = 10_000
/** So often taken over within so long: two take it from each other in turns. */
const takenOverTimes = 3
const takenOverWithin = 300_000
/** Connections closed at once, in a row, before it is said what that usually means. */
const closedTimes = 3

export class Waits {
  readonly #now: () => number
  readonly #random: () => number
  #failures = 0
  #letInAt: number | null = null
  #takenOverAt: number[] = []
  #closedAtOnce = 0

  /** @param now monotonic ms */
  constructor(now: () => number, random: () => number = Math.random) {
    this.#now = now
    this.#random = random
  }

  letIn(): void {
    this.#letInAt = this.#now()
  }

  reset(): void {
    this.#failures = 0
    this.#takenOverAt = []
    this.#closedAtOnce = 0
  }

  /** The same problem, or what it means after those before. */
  judged(problem: LineProblem, wasConnected: boolean): LineProblem {
    const now = this.#now()
    const lasted = wasConnected && this.#letInAt !== null ? now - this.#letInAt : 0
    if (lasted >= provesItself) {
      this.#failures = 0
      this.#closedAtOnce = 0
    }
    if (problem.code === 'closed' && wasConnected && lasted < provesItself) this.#closedAtOnce += 1
    if (problem.code === 'taken-over') {
      this.#takenOverAt = [...this.#takenOverAt.filter((at) => now - at < takenOverWithin), now]
      if (this.#takenOverAt.length < takenOverTimes) return new LineProblem('unavailable', problem.message)
      return new LineProblem(
        'taken-over',
        'Another client uses the same client id, and both take it from each other: is there a copy of this bridge?',
      )
    }
    if (problem.code === 'closed' && this.#closedAtOnce >= closedTimes)
      return new LineProblem(
        'closed',
        'The other broker closes the connection soon after it lets us in: another client may use the same client id, or it forbids a topic',
      )
    return problem
  }

  /** Ms, with chance in it: the bridges of many houses must not come back all at once. */
  next(problem: LineProblem | null): number {
    const chance = 1 - 0.5 * this.#random()
    if (problem?.isFinal === true) return refusedWait * chance
    const wait = Math.min(shortest * 2 ** this.#failures, longest)
    this.#failures += 1
    return wait * chance
  }
}
