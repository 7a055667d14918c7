/** What was answered, for as long as a day is remembered. */
import type { Clock } from '../../clock.ts'

export interface Answered {
  id: string
  at: number
  sessionId: string
  accountId: string
  server: string
  /** As the session knows it, and as its server does. */
  tool: string
  toolName: string
  outcome: 'once' | 'always' | 'refuse' | 'late'
  /** Who answered; `system` where time did. */
  actor: string
}

const day = 86_400_000
const keepAtMost = 1_000

export class Answers {
  readonly #clock: Clock
  #answers: Answered[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(answered: Answered): void {
    this.#answers = [answered, ...this.#kept()].slice(0, keepAtMost)
  }

  /** The newest first, since a moment or of the last day. */
  since(from = 0): Answered[] {
    return this.#kept().filter(({ at }) => at >= from)
  }

  #kept(): Answered[] {
    const oldest = this.#clock.now() - day
    return this.#answers.filter(({ at }) => at >= oldest)
  }
}
