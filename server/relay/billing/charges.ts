/** The charges of the calls in one HTTP request, from the moment they are held until each is taken or given back. */
import type { RequestId } from '@modelcontextprotocol/server'
import type { Json } from '../upstreams/connection.ts'
import type { Charge, CreditLedger } from './credit-ledger.ts'
import type { ToolEntry } from '../sessions/view.ts'

/** Called with what became of the call, and the milliseconds that the server behind took for it. */
export type EndCall = (outcome: Json | Error, serverDuration: number) => Promise<void>
type Ended = (outcome: Json | Error, credits: number, serverDuration: number) => void

/** Holds the price of a call and adds it; throws when it may not be made. */
export type HoldLate = (charges: Charges, id: RequestId, entry: ToolEntry) => void

export class Charges {
  private readonly byId = new Map<RequestId, { charge: Charge; ended?: Ended }>()
  private readonly ledger: CreditLedger
  private readonly holdLate: HoldLate

  constructor(ledger: CreditLedger, holdLate: HoldLate) {
    this.ledger = ledger
    this.holdLate = holdLate
  }

  add(id: RequestId, charge: Charge, ended?: Ended): void {
    this.byId.set(id, { charge, ...(ended === undefined ? {} : { ended }) })
  }

  /**
   * Whoever runs the call takes its charge and ends it. A tool that nobody knew of when the request came in, because its server was only
   * just starting or shows it to few clients, is held for now: no call goes by without. Throws when it may not be made.
   */
  take(id: RequestId, entry: ToolEntry): EndCall {
    if (!this.byId.has(id)) this.holdLate(this, id, entry)
    const held = this.byId.get(id)
    if (held === undefined || held.charge.taken) throw new TypeError(`call ${String(id)} has no charge of its own`)
    held.charge.taken = true
    return async (outcome, serverDuration) => {
      const credits = await endCharge(this.ledger, held.charge, outcome)
      held.ended?.(outcome, credits, serverDuration)
    }
  }

  /** Gives back what no call took, e.g. because the request was refused on its way. */
  releaseIdle(): void {
    for (const { charge } of this.byId.values()) if (!charge.taken) this.ledger.release(charge, false)
  }
}

/** Credits taken: those of a call that succeeded. A question back to the client is not the end of the call. */
export async function endCharge(ledger: CreditLedger, charge: Charge, outcome: Json | Error): Promise<number> {
  if (outcome instanceof Error || outcome['isError'] === true) {
    ledger.release(charge)
    return 0
  }
  if (outcome['resultType'] === 'input_required') {
    ledger.release(charge, false)
    return 0
  }
  await ledger.settle(charge)
  return charge.priced.price
}
