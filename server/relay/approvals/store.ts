/** The table of calls that waited for a person and were answered; a day of them is kept. */
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'

export interface Answered {
  id: string
  at: number
  sessionId: string
  accountId: string
  server: string
  /** As the session knows it, and as its server does. */
  tool: string
  toolName: string
  outcome: 'once' | 'always' | 'refuse' | 'late'
  /** Who answered; `system` where time did. */
  actor: string
}

export type Answers = ReturnType<typeof createAnswers>

/** Longer than any day of a person, wherever the server is. */
const kept = 2 * 86_400_000
const shownAtMost = 500

export function createAnswers(database: Database, clock: Clock) {
  const add = database.prepare<[Answered]>(`
    INSERT INTO relay_approvals (id, at, session_id, account_id, server, tool, tool_name, outcome, actor)
    VALUES (@id, @at, @sessionId, @accountId, @server, @tool, @toolName, @outcome, @actor)`)
  const drop = database.prepare<[number]>('DELETE FROM relay_approvals WHERE at < ?')
  const since = database.prepare<[number, number], Answered>(`
    SELECT id, at, session_id AS sessionId, account_id AS accountId, server, tool, tool_name AS toolName, outcome, actor
    FROM relay_approvals WHERE at >= ? ORDER BY at DESC, rowid DESC LIMIT ?`)
  return {
    add: database.transaction((answered: Answered): void => {
      drop.run(clock.now() - kept)
      add.run(answered)
    }),
    /** The newest first, since a moment or as far as they are kept. */
    since: (from = 0): Answered[] => since.all(Math.max(from, clock.now() - kept), shownAtMost),
  }
}
