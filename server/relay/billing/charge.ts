/** What a call is to cost, from the moment its price is held. */
import type { StoredSession } from '../sessions/store.ts'
import type { HeldCredits } from './holds.ts'

export interface Priced {
  session: StoredSession
  upstream: string
  tool: string
  price: number
}

/** A call that may go ahead. Settled or released once; the second time does nothing. */
export class Charge {
  open = true
  /** Its note in the table of calls under way, once it is begun. */
  begun: number | null = null
  readonly priced: Priced

  constructor(priced: Priced) {
    this.priced = priced
  }

  get held(): HeldCredits {
    const { session, price } = this.priced
    return { accountId: session.accountId, sessionId: session.id, credits: price }
  }
}
