/** Credits that calls may still take: of those under way, and of those that a death of the process left in doubt. */
export interface HeldCredits {
  accountId: string
  sessionId: string
  credits: number
}

export class Holds {
  readonly #byAccount = new Map<string, number>()
  readonly #bySession = new Map<string, number>()

  ofAccount(id: string): number {
    return this.#byAccount.get(id) ?? 0
  }

  ofSession(id: string): number {
    return this.#bySession.get(id) ?? 0
  }

  add({ accountId, sessionId, credits }: HeldCredits): void {
    move(this.#byAccount, accountId, credits)
    move(this.#bySession, sessionId, credits)
  }

  remove({ accountId, sessionId, credits }: HeldCredits): void {
    move(this.#byAccount, accountId, -credits)
    move(this.#bySession, sessionId, -credits)
  }
}

function move(held: Map<string, number>, id: string, by: number): void {
  const now = (held.get(id) ?? 0) + by
  if (now > 0) held.set(id, now)
  else held.delete(id)
}
