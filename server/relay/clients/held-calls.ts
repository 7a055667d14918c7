/** The tool calls in one HTTP request, from the moment their prices are held until each has been made or given up. */
import type { RequestId } from '@modelcontextprotocol/server'
import type { Refusal } from '../billing/credit-ledger.ts'
import { MeteredCall, type Meter } from '../billing/metered-call.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { ToolEntry } from '../sessions/view.ts'
import { refusalError } from './refusals.ts'

export class HeldCalls {
  readonly #meter: Meter
  readonly #session: StoredSession
  readonly #request: unknown
  readonly #byId = new Map<RequestId, MeteredCall>()

  constructor(meter: Meter, session: StoredSession, request: unknown) {
    this.#meter = meter
    this.#session = session
    this.#request = request
  }

  /** Why the call may not be made; null when its price is held. */
  hold(id: RequestId, entry: ToolEntry): Refusal | null {
    const held = this.#meter.hold({ session: this.#session, entry, request: this.#messageOf(id) })
    if (!(held instanceof MeteredCall)) return held
    this.#byId.set(id, held)
    return null
  }

  /**
   * The call that is to be made. A tool that nobody knew of when the request came in, because its server was only just starting or shows it
   * to few clients, is held for now: no call goes by without. Throws when it may not be made.
   */
  take(id: RequestId, entry: ToolEntry): MeteredCall {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const refusal = this.hold(id, entry)
    if (refusal !== null) throw refusalError(refusal, entry)
    return this.take(id, entry)
  }

  /** What asks for this call: the others of its batch have secrets of their own, of which its tool knows nothing. */
  #messageOf(id: RequestId): unknown {
    if (!Array.isArray(this.#request)) return this.#request
    return this.#request.find((message: unknown) => {
      const { id: of, method } = Object(message) as { id?: unknown; method?: unknown }
      return of === id && method === 'tools/call'
    })
  }

  /** Gives back what was not made, e.g. because the request was refused on its way. */
  abandonRest(): void {
    for (const call of this.#byId.values()) call.abandon()
  }
}
