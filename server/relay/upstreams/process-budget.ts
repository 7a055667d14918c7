/** How many connections of clients' own there may be to all servers together: each may be a process. */

export interface Budgeted {
  lastUsed(): number
  isBusy(): boolean
  end(): Promise<void>
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

  /** Ends the one that was idle for longest where there is no place left. False when all are in use. */
  async makeRoom(): Promise<boolean> {
    if (this.#all.size < this.#atMost()) return true
    const idle = [...this.#all].filter((each) => !each.isBusy()).toSorted((a, b) => a.lastUsed() - b.lastUsed())[0]
    if (idle === undefined) return false
    await idle.end()
    return true
  }
}
