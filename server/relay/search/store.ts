/** How often agents found what they searched for, by session. */
import type { SearchCounts } from './search-uses.ts'

export function createSearchCounts() {
  const bySession = new Map<string, SearchCounts>()
  return {
    of: (sessionId: string): SearchCounts => bySession.get(sessionId) ?? { searches: 0, found: 0 },
    put: (sessionId: string, counts: SearchCounts): void => void bySession.set(sessionId, counts),
  }
}
