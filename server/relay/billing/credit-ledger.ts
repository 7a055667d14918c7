/**
 * What calls cost. Credits are held while a call runs and taken when it has succeeded, so that no two calls spend the same credit and a
 * call that failed, or that a crash cut off, costs nothing.
 *
 * - A hold lives in memory: it can only be lost together with the call it stands for.
 * - A settlement is one transaction (account, session, charge, usage), and the caller is answered after it: a crash or `kill -9` undoes no
 *   answer that was given. Those that come due in the same moment share a transaction.
 * - The disk is waited for once a second, not for each call: a power cut can give back the charges of the last second, never more.
 */
import { iso, type Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Accounts } from '../accounts.ts'
import type { CreditLedgerStore, Settlement, UsageRow } from './credit-ledger-store.ts'
import type { StoredSession } from '../sessions/store.ts'

export interface CreditLedgerOptions {
  store: CreditLedgerStore
  accounts: Accounts
  clock: Clock
  log: Log
  changed(): void
}

export interface Priced {
  session: StoredSession
  upstream: string
  tool: string
  price: number
}

export type Refusal =
  | { kind: 'credits'; userCredits: number; requiredCredits: number; shortBy: number }
  | { kind: 'session-cap'; maxCredits: number; spent: number }
  | { kind: 'rate'; maxCallsPerMinute: number; retryAfter: number }

/** A call that may go ahead. Settled or released once; the second time does nothing. */
export class Charge {
  open = true
  readonly priced: Priced
  constructor(priced: Priced) {
    this.priced = priced
  }
}

const usageEvery = 1_000
const minute = 60_000

export class CreditLedger {
  readonly #options: CreditLedgerOptions
  readonly #heldByAccount = new Map<string, number>()
  readonly #sessions = new Map<string, { held: number; spent: number; minuteStart: number; calls: number }>()
  #due: { settlement: Settlement; counted: UsageRow; done: () => void; failed: (error: unknown) => void }[] = []
  #committing = false
  /** Settled, but not yet waited for on the disk. */
  #unsynced = false
  readonly #usage = new Map<string, UsageRow>()
  #usageTimer: NodeJS.Timeout | undefined
  #telling: NodeJS.Timeout | undefined
  total = 0

  constructor(options: CreditLedgerOptions) {
    this.#options = options
  }

  /** Holds the price of a call, or says why the call may not be made. */
  reserve(priced: Priced): Charge | Refusal {
    const { session, price } = priced
    const { maxCredits, maxCallsPerMinute } = session.policy
    const now = this.#options.clock.monotonic()
    const of = this.#sessionOf(session, now)
    if (maxCallsPerMinute !== null && of.calls >= maxCallsPerMinute)
      return { kind: 'rate', maxCallsPerMinute, retryAfter: Math.max(1, Math.ceil((of.minuteStart + minute - now) / 1_000)) }
    if (maxCredits !== null && of.spent + of.held + price > maxCredits)
      return { kind: 'session-cap', maxCredits, spent: of.spent + of.held }
    if (price > 0) {
      const held = this.#heldByAccount.get(session.accountId) ?? 0
      const available = (this.#options.accounts.find(session.accountId)?.credits ?? 0) - held
      if (available < price)
        return { kind: 'credits', userCredits: Math.max(0, available), requiredCredits: price, shortBy: price - Math.max(0, available) }
      this.#heldByAccount.set(session.accountId, held + price)
      of.held += price
    }
    of.calls += 1
    return new Charge(priced)
  }

  /** Takes the credits; resolves when no death of this process can undo it. */
  settle(charge: Charge): Promise<void> {
    if (!charge.open) return Promise.resolve()
    charge.open = false
    const counted = this.#count(charge, 'paid')
    const { session, upstream, tool, price } = charge.priced
    if (price === 0) return Promise.resolve()
    return new Promise((done, failed) => {
      this.#due.push({
        counted,
        settlement: { at: this.#options.clock.now(), accountId: session.accountId, sessionId: session.id, upstream, tool, credits: price },
        done: () => {
          this.#unhold(charge, true)
          done()
        },
        failed: (error) => {
          this.#unhold(charge, false)
          failed(error)
        },
      })
      if (this.#committing) return
      this.#committing = true
      setImmediate(() => this.#commit())
    })
  }

  /** Gives the credits back: of a call that failed, was answered without its server, or never was one, such as a question back. */
  release(charge: Charge, as: 'failed' | 'free' | 'none'): void {
    if (!charge.open) return
    charge.open = false
    if (as !== 'none') this.#count(charge, as)
    this.#unhold(charge, false)
  }

  /** Credits of an account that calls under way may still take. */
  heldBy(accountId: string): number {
    return this.#heldByAccount.get(accountId) ?? 0
  }

  /** Writes what is counted but not yet written; what the disk refuses is kept for the next time. */
  flush(): void {
    clearTimeout(this.#usageTimer)
    this.#usageTimer = undefined
    this.#commit()
    if (!this.#unsynced) return
    try {
      this.#options.store.sync()
      this.#unsynced = false
    } catch (error) {
      this.#options.log.error({ error }, 'charges could not be brought to the disk')
    }
  }

  stop(): void {
    this.flush()
    clearTimeout(this.#telling)
    this.#telling = undefined
  }

  /** Windows need not read the credits again for every call. */
  #tell(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      this.#options.changed()
    }, 500).unref()
  }

  #sessionOf(session: StoredSession, now: number): { held: number; spent: number; minuteStart: number; calls: number } {
    let of = this.#sessions.get(session.id)
    if (of === undefined) {
      of = { held: 0, spent: session.spent, minuteStart: now, calls: 0 }
      this.#sessions.set(session.id, of)
    }
    if (now - of.minuteStart >= minute) {
      of.minuteStart = now
      of.calls = 0
    }
    return of
  }

  forget(sessionId: string): void {
    this.#sessions.delete(sessionId)
  }

  #unhold({ priced: { session, price } }: Charge, spent: boolean): void {
    if (price === 0) return
    const held = (this.#heldByAccount.get(session.accountId) ?? 0) - price
    if (held > 0) this.#heldByAccount.set(session.accountId, held)
    else this.#heldByAccount.delete(session.accountId)
    const of = this.#sessions.get(session.id)
    if (of === undefined) return
    of.held -= price
    if (spent) of.spent += price
  }

  #count({ priced: { session, upstream, tool, price } }: Charge, as: 'failed' | 'free' | 'paid'): UsageRow {
    this.total += 1
    const month = iso(this.#options.clock.now()).slice(0, 7)
    const first = { accountId: session.accountId, month, upstream, tool, calls: 0, failed: 0, credits: 0 }
    const key = usageKey(first)
    const row = this.#usage.get(key) ?? first
    row.calls += 1
    if (as === 'failed') row.failed += 1
    else if (as === 'paid') row.credits += price
    this.#usage.set(key, row)
    // Free calls wait for nothing: losing a second of their count in a crash costs nobody anything.
    this.#usageTimer ??= setTimeout(() => this.flush(), usageEvery).unref()
    return row
  }

  #commit(): void {
    this.#committing = false
    const due = this.#due
    const usage = [...this.#usage.values()]
    if (due.length === 0 && usage.length === 0) return
    this.#due = []
    this.#usage.clear()
    try {
      this.#options.store.settle(
        due.map(({ settlement }) => settlement),
        usage,
        this.#options.accounts.spend,
      )
    } catch (error) {
      this.#options.log.error({ error }, 'charges could not be written')
      // The calls were made, whatever becomes of their credits: what they add up to is written with the next ones.
      for (const row of usage) this.#usage.set(usageKey(row), row)
      for (const { settlement, counted, failed } of due) {
        counted.failed += 1
        counted.credits -= settlement.credits
        failed(error)
      }
      return
    }
    if (due.length > 0) this.#unsynced = true
    for (const { done } of due) done()
    this.#tell()
  }
}

function usageKey({ accountId, month, upstream, tool }: UsageRow): string {
  return `${accountId} ${month} ${upstream} ${tool}`
}
