/**
 * The one way to make a call and to pay for it, whichever way it came: its price is held, the server is asked through the steps that stand
 * between (`calls/steps.ts`), the price is taken or given back, and the call is logged. The credits of a call that failed, or that was
 * never made, go back; a question back to the client is not the end of the call and costs nothing.
 */
import { Secrets, type SafeCall } from '../calls/secrets.ts'
import { CallSteps, type Ask, type CallUnderWay, type StepNote } from '../calls/steps.ts'
import type { ToolEntry } from '../sessions/view.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { Json, Message } from '../upstreams/connection.ts'
import type { CallLog, LoggedCall } from './call-log.ts'
import { Charge } from './charge.ts'
import type { CreditLedger, Refusal } from './credit-ledger.ts'

export interface CallToMeter {
  session: StoredSession
  entry: ToolEntry
  /** What was asked, for the inspector. */
  request: unknown
}

/** What a call is made with. */
export interface Making extends Pick<CallUnderWay, 'byPerson' | 'waiting' | 'laterRound'> {
  args: Json | undefined
  /** Aborted when nobody waits for the answer any more; left out where that is never known. */
  signal?: AbortSignal | undefined
}

/** What became of a call, and how it was logged. */
export interface Metered {
  outcome: Json | Error
  logged: LoggedCall
}

export class Meter {
  readonly #ledger: CreditLedger
  readonly #calls: CallLog
  readonly #steps: CallSteps
  readonly #secrets: Secrets

  constructor(ledger: CreditLedger, calls: CallLog, steps = new CallSteps(), secrets = new Secrets()) {
    this.#ledger = ledger
    this.#calls = calls
    this.#steps = steps
    this.#secrets = secrets
  }

  /** A call of this tool may be kept waiting for long: its client needs a way on which it hears that the call is alive. */
  mayWait({ session, entry }: Pick<CallToMeter, 'session' | 'entry'>): boolean {
    return this.#steps.mayWait(session, entry)
  }

  /** Holds the price of a call, or says why it may not be made; that is logged too. */
  hold(call: CallToMeter): MeteredCall | Refusal {
    const { session, entry } = call
    const { tool, upstream } = entry
    const charge = this.#ledger.reserve({ session, upstream: upstream.definition.name, tool: tool.name, price: tool.price })
    const safe = this.#secrets.kept(entry, call.request)
    if (charge instanceof Charge)
      return new MeteredCall(call, charge, { safe, ledger: this.#ledger, calls: this.#calls, steps: this.#steps })
    this.#calls.add({
      ...described(call, safe),
      ...{ state: 'refused', duration: 0, serverDuration: 0, credits: 0, error: charge.kind, response: null, steps: [] },
    })
    return charge
  }
}

interface MeteredCallParts {
  /** What may be kept of it. */
  safe: SafeCall
  ledger: CreditLedger
  calls: CallLog
  steps: CallSteps
}

/** A call whose price is held until it has been made, or given up. */
export class MeteredCall {
  readonly #call: CallToMeter
  readonly #charge: Charge
  readonly #given: MeteredCallParts
  readonly #begun = performance.now()
  readonly #notes: StepNote[] = []
  #isFree = false
  #clientWasAsked = false
  #isMade = false

  constructor(call: CallToMeter, charge: Charge, given: MeteredCallParts) {
    this.#call = call
    this.#charge = charge
    this.#given = given
  }

  /**
   * Makes the call, once. What `ask` throws is its outcome; rejects only when its credits could not be taken. `answer` runs when they have
   * been, and gives the answer as text where there is one, which spares the log a second serialisation.
   */
  async make(making: Making, ask: Ask, answer?: (outcome: Json | Error) => string): Promise<Metered> {
    if (this.#isMade) throw new TypeError('a call is paid for once and made once')
    this.#isMade = true
    let serverDuration = 0
    const timed: Ask = async (given) => {
      // Before the server is asked: what a death of this process cuts off is found in doubt, and neither taken nor lost.
      const begun = this.#given.ledger.begin(this.#charge)
      if (begun !== undefined) await begun
      const asked = performance.now()
      try {
        return await ask(given)
      } finally {
        serverDuration += performance.now() - asked
      }
    }
    const outcome = await Promise.try(() => this.#given.steps.around(this.#underWay(making), timed)).catch(asError)
    const credits = await this.#settle(outcome).catch((error: unknown) => {
      this.#log(asError(error), serverDuration, 0)
      throw error
    })
    return { outcome, logged: this.#log(outcome, serverDuration, credits, answer?.(outcome)) }
  }

  /** What the server says while the call is under way, as the client is to hear it. */
  heard(message: Message): Message {
    const { session, entry } = this.#call
    return this.#given.steps.heard({ session, entry, args: undefined, signal: undefined }, message)
  }

  /** The server asks the client something while the call is under way. */
  clientIsAsked(): void {
    this.#clientWasAsked = true
  }

  /** Gives the price back unless the call has been made, e.g. because its request was refused on its way. */
  abandon(): void {
    if (!this.#isMade) void this.#given.ledger.release(this.#charge, 'none')
  }

  #underWay({ args, signal, byPerson, waiting, laterRound }: Making): CallUnderWay {
    const { session, entry } = this.#call
    return {
      ...{ session, entry, args, signal, byPerson, waiting, laterRound },
      clientWasAsked: () => this.#clientWasAsked || laterRound !== undefined,
      note: (step, did) => void this.#notes.push({ step, did }),
      costsNothing: () => void (this.#isFree = true),
    }
  }

  /** The credits taken. */
  async #settle(outcome: Json | Error): Promise<number> {
    const { ledger } = this.#given
    if (succeeded(outcome) && outcome['resultType'] !== 'input_required' && !this.#isFree) return ledger.settle(this.#charge)
    await ledger.release(this.#charge, !succeeded(outcome) ? 'failed' : this.#isFree ? 'free' : 'none')
    return 0
  }

  #log(outcome: Json | Error, serverDuration: number, credits: number, response?: string): LoggedCall {
    const { safe, calls } = this.#given
    const failed = !succeeded(outcome)
    const error = outcome instanceof Error ? String(safe.clean(outcome.message, true)) : null
    return calls.add({
      ...described(this.#call, safe),
      state: failed ? 'failed' : 'succeeded',
      duration: performance.now() - this.#begun,
      ...{ serverDuration, credits, error, steps: this.#notes },
      response: safe.clean(response ?? (outcome instanceof Error ? null : outcome), failed) as Json | string | null, // Of the same kinds.
    })
  }
}

function described({ session, entry }: CallToMeter, { request, secrets }: SafeCall) {
  const { upstream, tool, name } = entry
  const about = { sessionId: session.id, accountId: session.accountId, upstreamId: upstream.definition.id }
  return { ...about, tool: name, price: tool.price, request, secrets }
}

/** A tool may also say in words that it failed. */
function succeeded(outcome: Json | Error): outcome is Json {
  return !(outcome instanceof Error) && outcome['isError'] !== true
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
