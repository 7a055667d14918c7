/** The table of calls under way, as far as a death of the process has left them in doubt. */
import type { Database } from '../../store/database.ts'
import type { Spend } from './credit-ledger-store.ts'

export interface Doubt {
  id: number
  /** When the call was begun. */
  at: number
  accountId: string
  sessionId: string
  upstream: string
  tool: string
  credits: number
  inDoubtSince: number
  outcome: Outcome | null
  taken: number | null
  settledAt: number | null
  settledBy: string | null
  reason: string | null
}

export type Outcome = 'taken' | 'given-back'

export interface Decision {
  outcome: Outcome
  reason: string
  by: string
  at: number
  month: string
}

/** Settled ones that stay readable. */
const keep = 1_000

const columns = `id, at, account_id AS accountId, session_id AS sessionId, upstream, tool, credits, in_doubt_since AS inDoubtSince, outcome, taken, settled_at AS settledAt, settled_by AS settledBy, reason`

export type DoubtsStore = ReturnType<typeof createDoubtsStore>

export function createDoubtsStore(database: Database) {
  const lastBegun = database.prepare<[], number | null>('SELECT max(id) FROM relay_calls_begun').pluck()
  const mark = database.prepare<[number, number]>(
    'UPDATE relay_calls_begun SET in_doubt_since = ? WHERE id <= ? AND in_doubt_since IS NULL',
  )
  const open = database.prepare<[], Doubt>(
    `SELECT ${columns} FROM relay_calls_begun WHERE in_doubt_since IS NOT NULL AND outcome IS NULL ORDER BY id DESC`,
  )
  const settled = database.prepare<[number], Doubt>(
    `SELECT ${columns} FROM relay_calls_begun WHERE outcome IS NOT NULL ORDER BY settled_at DESC, id DESC LIMIT ?`,
  )
  const find = database.prepare<[number], Doubt>(`SELECT ${columns} FROM relay_calls_begun WHERE id = ? AND in_doubt_since IS NOT NULL`)
  const settle = database.prepare<[Decision & { id: number; taken: number }]>(`
    UPDATE relay_calls_begun SET outcome = @outcome, taken = @taken, settled_at = @at, settled_by = @by, reason = @reason
    WHERE id = @id AND in_doubt_since IS NOT NULL AND outcome IS NULL`)
  const charge = database.prepare<[Pick<Doubt, 'at' | 'accountId' | 'sessionId' | 'upstream' | 'tool'> & { taken: number }]>(`
    INSERT INTO relay_charges (at, account_id, session_id, upstream, tool, credits) VALUES (@at, @accountId, @sessionId, @upstream, @tool, @taken)`)
  const spent = database.prepare<[number, string]>('UPDATE relay_sessions SET spent = spent + ? WHERE id = ?')
  const use = database.prepare<[Pick<Doubt, 'accountId' | 'upstream' | 'tool'> & { month: string; failed: number; taken: number }]>(`
    INSERT INTO relay_usage (account_id, month, upstream, tool, calls, failed, credits) VALUES (@accountId, @month, @upstream, @tool, 1, @failed, @taken)
    ON CONFLICT (account_id, month, upstream, tool) DO UPDATE SET calls = calls + 1, failed = failed + @failed, credits = credits + @taken`)
  const forget = database.prepare<[number]>(`
    DELETE FROM relay_calls_begun WHERE outcome IS NOT NULL AND id NOT IN (SELECT id FROM relay_calls_begun WHERE outcome IS NOT NULL ORDER BY settled_at DESC, id DESC LIMIT ?)`)

  return {
    /** The last call that was begun before now. */
    lastBegun: (): number => lastBegun.get() ?? 0,
    /** Calls begun up to this one, by a process that is no more. How many that are. */
    mark: (now: number, lastId: number): number => mark.run(now, lastId).changes,
    /** Newest first. */
    open: (): Doubt[] => open.all(),
    settled: (limit: number): Doubt[] => settled.all(limit),
    find: (id: number): Doubt | undefined => find.get(id),
    /** All of them or, where one of them has been settled already, none; false then. On the disk when it returns. */
    settle: database.transaction((doubts: readonly Doubt[], decision: Decision, spend: Spend): boolean => {
      if (doubts.some(({ id }) => find.get(id)?.outcome !== null)) return false
      for (const doubt of doubts) {
        const taken = decision.outcome === 'taken' ? spend(doubt.accountId, doubt.credits) : 0
        settle.run({ ...decision, id: doubt.id, taken })
        if (taken > 0) charge.run({ ...doubt, at: decision.at, taken })
        if (taken > 0) spent.run(taken, doubt.sessionId)
        use.run({ ...doubt, month: decision.month, failed: decision.outcome === 'taken' ? 0 : 1, taken })
      }
      forget.run(keep)
      return true
    }),
  }
}
