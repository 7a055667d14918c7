/** The accounts as the relay needs them; who keeps them gives this to the room. */
export interface Account {
  id: string
  primaryEmail: string
  credits: number
}

export interface Accounts {
  find(id: string): Account | undefined
  list(): Account[]
  /** Takes credits, as many as there are, and says how many; meant to be called inside the caller's transaction. */
  spend(id: string, credits: number): number
}
