/** The tables of calls under way, charges and usage. */
import { quickly, type Database } from '../../store/database.ts'

export interface Settlement {
  at: number
  accountId: string
  sessionId: string
  upstream: string
  tool: string
  credits: number
}

export interface DueSettlement extends Settlement {
  /** Of the call that was begun; null for one that was answered without its server. */
  begun: number | null
}

export interface UsageRow {
  accountId: string
  month: string
  upstream: string
  tool: string
  calls: number
  failed: number
  credits: number
}

/** What is written together. */
export interface Batch {
  /** Calls that their servers are about to be asked for. */
  begun: readonly Settlement[]
  settlements: readonly DueSettlement[]
  /** Calls that ended and cost nothing. */
  ended: readonly number[]
}

export interface Written {
  /** What each settlement took, which is less than its price where the account has less by now. */
  taken: number[]
  /** The ids of the calls that were begun. */
  begun: number[]
}

/** Takes credits from an account, as many as there are; how many it took. */
export type Spend = (accountId: string, credits: number) => number

export type CreditLedgerStore = ReturnType<typeof createCreditLedgerStore>

export function createCreditLedgerStore(database: Database) {
  const charge = database.prepare<[Settlement]>(`
    INSERT INTO relay_charges (at, account_id, session_id, upstream, tool, credits) VALUES (@at, @accountId, @sessionId, @upstream, @tool, @credits)`)
  const begin = database.prepare<[Settlement]>(`
    INSERT INTO relay_calls_begun (at, account_id, session_id, upstream, tool, credits) VALUES (@at, @accountId, @sessionId, @upstream, @tool, @credits)`)
  const end = database.prepare<[number]>('DELETE FROM relay_calls_begun WHERE id = ? AND in_doubt_since IS NULL')
  const use = database.prepare<[UsageRow]>(`
    INSERT INTO relay_usage (account_id, month, upstream, tool, calls, failed, credits) VALUES (@accountId, @month, @upstream, @tool, @calls, @failed, @credits)
    ON CONFLICT (account_id, month, upstream, tool) DO UPDATE SET calls = calls + @calls, failed = failed + @failed, credits = credits + @credits`)
  const spent = database.prepare<[number, string]>('UPDATE relay_sessions SET spent = spent + ? WHERE id = ?')
  const usage = database.prepare<[string, string], UsageRow>(`
    SELECT account_id AS accountId, month, upstream, tool, calls, failed, credits FROM relay_usage WHERE month >= ? AND month <= ? ORDER BY month DESC, credits DESC, calls DESC, tool`)
  const charges = database.prepare<[string, number], Settlement & { id: number }>(`
    SELECT id, at, account_id AS accountId, session_id AS sessionId, upstream, tool, credits FROM relay_charges WHERE account_id = ? ORDER BY id DESC LIMIT ?`)

  /** One update for an account and one for a session, however many of their calls come due together. */
  function take(settlements: readonly DueSettlement[], spend: Spend): number[] {
    // A call that is no longer noted was settled by somebody else: it is not charged a second time.
    const open = settlements.map(({ begun }) => begun === null || end.run(begun).changes === 1)
    const wanted = new Map<string, number>()
    for (const [index, { accountId, credits }] of settlements.entries())
      if (open[index]) wanted.set(accountId, (wanted.get(accountId) ?? 0) + credits)
    const left = new Map([...wanted].map(([accountId, credits]) => [accountId, spend(accountId, credits)]))
    const ofSessions = new Map<string, number>()
    const taken = settlements.map((settlement, index) => {
      const { accountId, sessionId } = settlement
      const there = open[index] ? (left.get(accountId) ?? 0) : 0
      const credits = Math.min(settlement.credits, there)
      left.set(accountId, there - credits)
      if (credits === 0) return 0
      charge.run({ ...settlement, credits })
      ofSessions.set(sessionId, (ofSessions.get(sessionId) ?? 0) + credits)
      return credits
    })
    for (const [sessionId, credits] of ofSessions) spent.run(credits, sessionId)
    return taken
  }

  const write = database.transaction((batch: Batch, usageOf: (taken: readonly number[]) => readonly UsageRow[], spend: Spend): Written => {
    const taken = take(batch.settlements, spend)
    for (const id of batch.ended) end.run(id)
    const begun = batch.begun.map((call) => Number(begin.run(call).lastInsertRowid))
    for (const row of usageOf(taken)) use.run(row)
    return { taken, begun }
  })

  return {
    /**
     * All of it or none. `spend` takes the credits within the same transaction, and `usageOf` counts what was taken. Handed to the system
     * when it returns, so that no death of this process loses it; on the disk itself after the next `sync`.
     */
    write: (...given: Parameters<typeof write>): Written => quickly(database, () => write(...given)),
    /** Waits until all that was written is on the disk. */
    sync: (): void => void database.pragma('wal_checkpoint(PASSIVE)'),
    /** Between two months, `YYYY-MM`, both included. */
    usage: (from: string, to: string): UsageRow[] => usage.all(from, to),
    charges: (accountId: string, limit: number) => charges.all(accountId, limit),
  }
}
