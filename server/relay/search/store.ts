/** How often agents found what they searched for, by session. */
import type { Database } from 'better-sqlite3'
import type { SearchCounts } from './search-uses.ts'

export function createSearchCounts(database: Database) {
  const of = database.prepare<[string], SearchCounts>('SELECT searches, found FROM relay_search_uses WHERE session_id = ?')
  // A session may end while its agent searches: of one that is over nothing is kept.
  const put = database.prepare<[string, number, number, string]>(`
    INSERT INTO relay_search_uses (session_id, searches, found) SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM relay_sessions WHERE id = ?)
    ON CONFLICT (session_id) DO UPDATE SET searches = excluded.searches, found = excluded.found`)
  return {
    of: (sessionId: string): SearchCounts => of.get(sessionId) ?? { searches: 0, found: 0 },
    put: (sessionId: string, { searches, found }: SearchCounts): void => void put.run(sessionId, searches, found, sessionId),
  }
}
