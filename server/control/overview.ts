/** The rooms at a glance: what each counts, how fast, and what needs a person. */
import { overviewWords } from '../../words/words.ts'
import type { Room } from '../room.ts'
import type { RoomSummary } from '../room-report.ts'
import { words } from '../words.ts'
import type { Attention } from './attention.ts'
import type { Overview } from './contract/index.ts'
import type { Rates, Span } from './rates.ts'

export interface OverviewParts {
  rooms: readonly Room[]
  rates: Rates
  attention(): Attention
}

export function overviewOf({ rooms, rates, attention }: OverviewParts, span: Span): Overview {
  const items = attention().items()
  const summaries = rooms.map((room): RoomSummary => {
    const { total: _, ...summary } = room.summary()
    const own = items.filter((item) => item.room === summary.room)
    return {
      ...summary,
      ...overviewWords(words, summary),
      rate: rates.current(summary.room, summary.ratePer),
      series: rates.series(summary.room, span, summary.ratePer),
      worst: own.some((item) => item.tone === 'bad') ? 'bad' : own.length > 0 ? 'attention' : null,
    }
  })
  return { rooms: summaries, times: rates.times(span), attention: items }
}
