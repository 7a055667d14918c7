/** How many connections of clients' own there may be to all servers together: each may be a process. */

export interface Budgeted {
  readonly lastUsed: number
  readonly isBusy: boolean
  /** Resolves when nothing of it is left. */
  close(): Promise<void>
}

export class ProcessBudget {
  readonly #atMost: () => number
  readonly #all = new Set<Budgeted>()

  constructor(atMost: () => number) {
    this.#atMost = atMost
  }

  get size(): number {
    return this.#all.size
  }

  /** Returns what gives the place back. */
  take(budgeted: Budgeted): () => void {
    this.#all.add(budgeted)
    return () => void this.#all.delete(budgeted)
  }

  get hasRoom(): boolean {
    return this.#all.size < this.#atMost()
  }

  /** The one to end where there is no room; undefined when all are in use. */
  longestIdle(): Budgeted | undefined {
    return longestIdle(this.#all)
  }
}

export function longestIdle(all: Iterable<Budgeted>): Budgeted | undefined {
  return [...all].filter(({ isBusy }) => !isBusy).toSorted((a, b) => a.lastUsed - b.lastUsed)[0]
}
