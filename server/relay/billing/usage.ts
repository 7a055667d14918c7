/** Calls and credits by account, tool and month, as they were written and with what is not written yet. */
import { iso, type Clock } from '../../clock.ts'
import type { UsageRow } from '../contract/native-calls.ts'
import type { CreditLedgerStore } from './credit-ledger-store.ts'
import type { CreditLedger } from './credit-ledger.ts'

/** Months as `2026-01`, both included; the present one where left out. */
export interface Span {
  from?: string | undefined
  to?: string | undefined
}

export class Usage {
  readonly #ledger: CreditLedger
  readonly #store: CreditLedgerStore
  readonly #clock: Clock

  constructor(ledger: CreditLedger, store: CreditLedgerStore, clock: Clock) {
    this.#ledger = ledger
    this.#store = store
    this.#clock = clock
  }

  between({ from, to }: Span): UsageRow[] {
    this.#ledger.flush()
    const thisMonth = iso(this.#clock.now()).slice(0, 7)
    return this.#store.usage(from ?? thisMonth, to ?? thisMonth)
  }

  /** How often a tool of a server was called this month, by whomever. */
  callsThisMonth(): (server: string, tool: string) => number {
    const counts = new Map<string, number>()
    for (const { upstream, tool, calls } of this.between({}))
      counts.set(`${upstream} ${tool}`, (counts.get(`${upstream} ${tool}`) ?? 0) + calls)
    return (server, tool) => counts.get(`${server} ${tool}`) ?? 0
  }

  /** As comma-separated text with a heading; values that a spreadsheet would take for formulas are made text. */
  csv(span: Span): string {
    const heads = ['month', 'account', 'server', 'tool', 'calls', 'failed', 'credits']
    const rows = this.between(span).map((row) => [row.month, row.accountId, row.upstream, row.tool, row.calls, row.failed, row.credits])
    return `${[heads, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
  }
}

function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
