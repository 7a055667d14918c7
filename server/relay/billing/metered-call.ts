/**
 * The one way to pay for a call, whichever way it came: its price is held, the server is asked, the price is taken or given back, and the
 * call is logged. The credits of a call that failed, or that was never made, go back; a question back to the client is not the end of the
 * call and costs nothing.
 */
import type { ToolEntry } from '../sessions/view.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { Json } from '../upstreams/connection.ts'
import type { CallLog, LoggedCall } from './call-log.ts'
import { Charge, type CreditLedger, type Refusal } from './credit-ledger.ts'

export interface CallToMeter {
  session: StoredSession
  entry: ToolEntry
  /** What was asked, for the inspector. */
  request: unknown
}

/** What became of a call, and how it was logged. */
export interface Metered {
  outcome: Json | Error
  logged: LoggedCall
}

export class Meter {
  readonly #ledger: CreditLedger
  readonly #calls: CallLog

  constructor(ledger: CreditLedger, calls: CallLog) {
    this.#ledger = ledger
    this.#calls = calls
  }

  /** Holds the price of a call, or says why it may not be made; that is logged too. */
  hold(call: CallToMeter): MeteredCall | Refusal {
    const { session, entry } = call
    const { tool, upstream } = entry
    const charge = this.#ledger.reserve({ session, upstream: upstream.definition.name, tool: tool.name, price: tool.price })
    if (charge instanceof Charge) return new MeteredCall(call, charge, this.#ledger, this.#calls)
    this.#calls.add({
      ...described(call),
      ...{ state: 'refused', duration: 0, serverDuration: 0, credits: 0, error: charge.kind, response: null },
    })
    return charge
  }
}

/** A call whose price is held until it has been made, or given up. */
export class MeteredCall {
  readonly #call: CallToMeter
  readonly #charge: Charge
  readonly #ledger: CreditLedger
  readonly #calls: CallLog
  readonly #begun = performance.now()
  #isMade = false

  constructor(call: CallToMeter, charge: Charge, ledger: CreditLedger, calls: CallLog) {
    this.#call = call
    this.#charge = charge
    this.#ledger = ledger
    this.#calls = calls
  }

  /**
   * Makes the call, once. What `ask` throws is its outcome; rejects only when its credits could not be taken. `answer` runs when they have
   * been, and gives the answer as text where there is one, which spares the log a second serialisation.
   */
  async make(ask: () => Promise<Json>, answer?: (outcome: Json | Error) => string): Promise<Metered> {
    if (this.#isMade) throw new TypeError('a call is paid for once and made once')
    this.#isMade = true
    const asked = performance.now()
    const outcome = await ask().catch(asError)
    const serverDuration = performance.now() - asked
    const credits = await this.#settle(outcome).catch((error: unknown) => {
      this.#log(asError(error), serverDuration, 0)
      throw error
    })
    return { outcome, logged: this.#log(outcome, serverDuration, credits, answer?.(outcome)) }
  }

  /** Gives the price back unless the call has been made, e.g. because its request was refused on its way. */
  abandon(): void {
    if (!this.#isMade) this.#ledger.release(this.#charge, false)
  }

  /** The credits taken. */
  async #settle(outcome: Json | Error): Promise<number> {
    if (!succeeded(outcome)) {
      this.#ledger.release(this.#charge)
      return 0
    }
    if (outcome['resultType'] === 'input_required') {
      this.#ledger.release(this.#charge, false)
      return 0
    }
    await this.#ledger.settle(this.#charge)
    return this.#charge.priced.price
  }

  #log(outcome: Json | Error, serverDuration: number, credits: number, response?: string): LoggedCall {
    const error = outcome instanceof Error ? outcome.message : null
    return this.#calls.add({
      ...described(this.#call),
      state: succeeded(outcome) ? 'succeeded' : 'failed',
      duration: performance.now() - this.#begun,
      ...{ serverDuration, credits, error },
      response: response ?? (outcome instanceof Error ? null : outcome),
    })
  }
}

function described({ session, entry, request }: CallToMeter) {
  const { upstream, tool, name } = entry
  return { sessionId: session.id, accountId: session.accountId, upstreamId: upstream.definition.id, tool: name, price: tool.price, request }
}

/** A tool may also say in words that it failed. */
function succeeded(outcome: Json | Error): outcome is Json {
  return !(outcome instanceof Error) && outcome['isError'] !== true
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
