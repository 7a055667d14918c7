/** The table of the names that sessions keep. */
import type { Database } from 'better-sqlite3'
import { keptNames, type KeptNames } from './shown-names.ts'

export type NamesStore = ReturnType<typeof createNamesStore>

export function createNamesStore(database: Database) {
  const find = database
    .prepare<[string], string>('SELECT names FROM relay_session_names WHERE session_id = ? AND names IS NOT NULL')
    .pluck()
  const put = database.prepare<[string, string]>(`
    INSERT INTO relay_session_names (session_id, names) SELECT id, ? FROM relay_sessions WHERE id = ?
    ON CONFLICT (session_id) DO UPDATE SET names = excluded.names`)
  const older = database.prepare<[], { id: string; accountId: string; policy: string }>(`
      SELECT id, account_id AS accountId, policy FROM relay_session_names JOIN relay_sessions ON id = session_id WHERE names IS NULL`)
  const putPolicy = database.prepare<[string, string]>('UPDATE relay_sessions SET policy = ? WHERE id = ?')

  return {
    find(sessionId: string): KeptNames {
      const found = find.get(sessionId)
      return found === undefined ? [] : keptNames.parse(JSON.parse(found))
    },
    /** A session that is over meanwhile keeps nothing. */
    put: (sessionId: string, names: KeptNames): void => void put.run(JSON.stringify(names), sessionId),
    /** Sessions of older versions, with their policy as it was written then. */
    older: (): { id: string; accountId: string; policy: unknown }[] =>
      older.all().map(({ policy, ...session }) => ({ ...session, policy: JSON.parse(policy) as unknown })),
    settle: database.transaction((id: string, policy: unknown, names: KeptNames): void => {
      putPolicy.run(JSON.stringify(policy), id)
      put.run(JSON.stringify(names), id)
    }),
  }
}
