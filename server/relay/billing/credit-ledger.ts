/**
 * What calls cost. Credits are held while a call runs and taken when it has succeeded, so that no two calls spend the same credit and a
 * call that failed costs nothing.
 *
 * - A hold lives in memory. A call is noted as begun before its server is asked: what a death of the process cuts off is found again, in
 *   doubt (`doubts.ts`), and its price stays held.
 * - A settlement is one transaction (account, session, charge, usage, and the note of the call), and the caller is answered after it: a
 *   crash or `kill -9` undoes no answer that was given, and leaves none of them in doubt. What comes due in the same moment shares one.
 * - Never more is taken than the account has: where a person has lowered it meanwhile, a call under way costs what is left.
 * - The disk is waited for once a second, not for each call: a power cut can give back the charges of the last second, never more.
 */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Accounts } from '../accounts.ts'
import { Charge, type Priced } from './charge.ts'
import { ChargeWriter } from './charge-writer.ts'
import type { CreditLedgerStore } from './credit-ledger-store.ts'
import type { StoredSession } from '../sessions/store.ts'
import { Holds } from './holds.ts'

export interface CreditLedgerOptions {
  store: CreditLedgerStore
  accounts: Accounts
  clock: Clock
  log: Log
  changed(): void
  /** Shared with what is in doubt. */
  holds?: Holds
}

export type Refusal =
  | { kind: 'credits'; userCredits: number; requiredCredits: number; shortBy: number }
  | { kind: 'session-cap'; maxCredits: number; spent: number }
  | { kind: 'rate'; maxCallsPerMinute: number; retryAfter: number }

const minute = 60_000

export class CreditLedger {
  readonly #options: CreditLedgerOptions
  readonly #holds: Holds
  readonly #sessions = new Map<string, { spent: number; minuteStart: number; calls: number }>()
  readonly #writer: ChargeWriter
  #telling: NodeJS.Timeout | undefined

  constructor(options: CreditLedgerOptions) {
    this.#options = options
    this.#holds = options.holds ?? new Holds()
    const { store, accounts, clock, log } = options
    this.#writer = new ChargeWriter({ store, clock, log, spend: accounts.spend, written: () => this.#tell() })
  }

  /** Calls since the start. */
  get total(): number {
    return this.#writer.counted
  }

  /** Holds the price of a call, or says why the call may not be made. */
  reserve(priced: Priced): Charge | Refusal {
    const { session, price } = priced
    const { maxCredits, maxCallsPerMinute } = session.policy
    const now = this.#options.clock.monotonic()
    const of = this.#sessionOf(session, now)
    if (maxCallsPerMinute !== null && of.calls >= maxCallsPerMinute)
      return { kind: 'rate', maxCallsPerMinute, retryAfter: Math.max(1, Math.ceil((of.minuteStart + minute - now) / 1_000)) }
    const spent = of.spent + this.#holds.ofSession(session.id)
    if (maxCredits !== null && spent + price > maxCredits) return { kind: 'session-cap', maxCredits, spent }
    if (price > 0) {
      const available = (this.#options.accounts.find(session.accountId)?.credits ?? 0) - this.#holds.ofAccount(session.accountId)
      if (available < price)
        return { kind: 'credits', userCredits: Math.max(0, available), requiredCredits: price, shortBy: price - Math.max(0, available) }
      this.#holds.add(new Charge(priced).held)
    }
    of.calls += 1
    return new Charge(priced)
  }

  /** Notes that the server is about to be asked; resolves when no death of this process can undo the note. Nothing for a free call. */
  begin(charge: Charge): Promise<void> | undefined {
    if (charge.priced.price === 0 || charge.begun !== null || !charge.open) return undefined
    return this.#begin(charge)
  }

  async #begin(charge: Charge): Promise<void> {
    await this.#writer.begin(charge)
    if (charge.open) return
    await this.#writer.release(charge, 'none')
    throw new Error('This call has been given up')
  }

  /** Takes the credits, as many as there are; resolves with how many when no death of this process can undo it. */
  async settle(charge: Charge): Promise<number> {
    if (!charge.open) return 0
    charge.open = false
    let taken = 0
    try {
      taken = await this.#writer.settle(charge)
      return taken
    } finally {
      this.#unhold(charge, taken)
    }
  }

  /**
   * Gives the credits back: of a call that failed, was answered without its server, or never was one, such as a question back. Resolves
   * when a death of this process leaves it in doubt no more.
   */
  async release(charge: Charge, as: 'failed' | 'free' | 'none'): Promise<void> {
    if (!charge.open) return
    charge.open = false
    const ended = this.#writer.release(charge, as)
    if (ended !== undefined) await ended
    this.#unhold(charge, 0)
  }

  /** Credits of an account that calls under way, and those in doubt, may still take. */
  heldBy(accountId: string): number {
    return this.#holds.ofAccount(accountId)
  }

  /** A session has been charged, which counts towards what it may spend. */
  spent(sessionId: string, credits: number): void {
    const of = this.#sessions.get(sessionId)
    if (of !== undefined) of.spent += credits
  }

  /** Writes what is counted but not yet written; what the disk refuses is kept for the next time. */
  flush(): void {
    this.#writer.flush()
  }

  stop(): void {
    this.flush()
    clearTimeout(this.#telling)
    this.#telling = undefined
  }

  forget(sessionId: string): void {
    this.#sessions.delete(sessionId)
  }

  /** Windows need not read the credits again for every call. */
  #tell(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      this.#options.changed()
    }, 500).unref()
  }

  #sessionOf(session: StoredSession, now: number): { spent: number; minuteStart: number; calls: number } {
    let of = this.#sessions.get(session.id)
    if (of === undefined) {
      of = { spent: session.spent, minuteStart: now, calls: 0 }
      this.#sessions.set(session.id, of)
    }
    if (now - of.minuteStart >= minute) {
      of.minuteStart = now
      of.calls = 0
    }
    return of
  }

  #unhold(charge: Charge, spent: number): void {
    this.#holds.remove(charge.held)
    this.spent(charge.priced.session.id, spent)
  }
}
