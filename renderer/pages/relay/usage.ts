/** Sums of what was used. */
import type { UsageRow } from '../../../server/relay/contract/index.ts'
import { locale } from '../../presentation/words.ts'

/** `YYYY-MM`, the oldest first, the month of `now` last. Months are counted in UTC, as the relay does. */
export function lastMonths(now: Date, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - (count - 1 - index), 1)).toISOString().slice(0, 7),
  )
}

const names = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' })

/** `November 2026`. */
export function monthName(month: string): string {
  return names.format(new Date(`${month}-01T00:00:00Z`))
}

export function sumOf(rows: readonly UsageRow[], measure: 'credits' | 'calls'): number {
  return rows.reduce((sum, row) => sum + row[measure], 0)
}

/** The most used first. */
export function topTools(rows: readonly UsageRow[], measure: 'credits' | 'calls'): UsageRow[] {
  return rows.toSorted((a, b) => b[measure] - a[measure] || b.calls - a.calls || (a.tool < b.tool ? -1 : 1))
}
