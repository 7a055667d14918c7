/**
 * Writes what becomes of charges: that a call is begun, what was taken for it, that it ended for nothing, and how calls add up. What comes
 * due in the same moment is one transaction; whoever waits for it goes on when no death of this process can undo it.
 */
import { iso, type Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Charge } from './charge.ts'
import type { CreditLedgerStore, Settlement, Spend, UsageRow, Written } from './credit-ledger-store.ts'

export interface ChargeWriterOptions {
  store: CreditLedgerStore
  clock: Clock
  log: Log
  spend: Spend
  /** Something was written. */
  written(): void
}

interface Due {
  charge: Charge
  /** Credits taken. */
  done(taken: number): void
  failed(error: unknown): void
}
interface DueSettlement extends Due {
  counted: UsageRow
}

const usageEvery = 1_000

export class ChargeWriter {
  readonly #options: ChargeWriterOptions
  #begins: Due[] = []
  #settlements: DueSettlement[] = []
  #ends: Due[] = []
  #committing = false
  /** Written, but not yet waited for on the disk. */
  #unsynced = false
  readonly #usage = new Map<string, UsageRow>()
  #usageTimer: NodeJS.Timeout | undefined
  /** Calls counted so far. */
  counted = 0

  constructor(options: ChargeWriterOptions) {
    this.#options = options
  }

  begin(charge: Charge): Promise<number> {
    return this.#waitFor(this.#begins, { charge })
  }

  /** Resolves with the credits taken. */
  settle(charge: Charge): Promise<number> {
    const counted = this.#count(charge, false)
    return charge.priced.price === 0 ? Promise.resolve(0) : this.#waitFor(this.#settlements, { charge, counted })
  }

  /** Undefined when there is nothing to wait for. */
  release(charge: Charge, as: 'failed' | 'free' | 'none'): Promise<number> | undefined {
    if (as !== 'none') this.#count(charge, as === 'failed')
    return charge.begun === null ? undefined : this.#waitFor(this.#ends, { charge })
  }

  /** Writes all there is; what the disk refuses is kept for the next time. */
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

  #waitFor<Waiting extends Due>(queue: Waiting[], due: Omit<Waiting, 'done' | 'failed'>): Promise<number> {
    return new Promise((done, failed) => {
      // What was left out is put back here.
      queue.push({ ...due, done, failed } as Waiting)
      if (this.#committing) return
      this.#committing = true
      setImmediate(() => this.#commit())
    })
  }

  /** Credits are added when they have been taken. */
  #count({ priced: { session, upstream, tool } }: Charge, failed: boolean): UsageRow {
    this.counted += 1
    const month = iso(this.#options.clock.now()).slice(0, 7)
    const first = { accountId: session.accountId, month, upstream, tool, calls: 0, failed: 0, credits: 0 }
    const key = usageKey(first)
    const row = this.#usage.get(key) ?? first
    row.calls += 1
    if (failed) row.failed += 1
    this.#usage.set(key, row)
    // Free calls wait for nothing: losing a second of their count in a crash costs nobody anything.
    this.#usageTimer ??= setTimeout(() => this.flush(), usageEvery).unref()
    return row
  }

  #commit(): void {
    this.#committing = false
    const [begins, settlements, ends, usage] = [this.#begins, this.#settlements, this.#ends, [...this.#usage.values()]]
    if (begins.length + settlements.length + ends.length + usage.length === 0) return
    this.#begins = []
    this.#settlements = []
    this.#ends = []
    this.#usage.clear()
    let counted: readonly number[] = []
    let written: Written
    try {
      const now = this.#options.clock.now()
      const batch = {
        begun: begins.map(({ charge }) => described(charge, now)),
        settlements: settlements.map(({ charge }) => ({ ...described(charge, now), begun: charge.begun })),
        ended: ends.flatMap(({ charge }) => charge.begun ?? []),
      }
      const usageOf = (taken: readonly number[]): UsageRow[] => {
        counted = taken
        for (const [index, { counted: row }] of settlements.entries()) row.credits += taken[index] ?? 0
        return usage
      }
      written = this.#options.store.write(batch, usageOf, this.#options.spend)
    } catch (error) {
      this.#options.log.error({ error }, 'charges could not be written')
      // The calls were made, whatever becomes of their credits: what they add up to is written with the next ones.
      for (const row of usage) this.#usage.set(usageKey(row), row)
      for (const [index, { counted: row }] of settlements.entries()) {
        row.credits -= counted[index] ?? 0
        row.failed += 1
      }
      // Nor are those to be found in doubt that end here for nothing.
      for (const { charge } of [...settlements, ...ends]) this.#ends.push({ charge, done: () => undefined, failed: () => undefined })
      for (const due of [...begins, ...settlements]) due.failed(error)
      for (const due of ends) due.done(0)
      return
    }
    this.#unsynced ||= begins.length + settlements.length + ends.length > 0
    for (const [index, { charge, done }] of begins.entries()) {
      charge.begun = written.begun[index] ?? null
      done(0)
    }
    for (const [index, { done }] of settlements.entries()) done(written.taken[index] ?? 0)
    for (const { done } of ends) done(0)
    this.#options.written()
  }
}

function described({ priced: { session, upstream, tool, price } }: Charge, at: number): Settlement {
  return { at, accountId: session.accountId, sessionId: session.id, upstream, tool, credits: price }
}

function usageKey({ accountId, month, upstream, tool }: UsageRow): string {
  return `${accountId} ${month} ${upstream} ${tool}`
}
