/** The tables of charges and usage. */
import { quickly, type Database } from '../../store/database.ts'

export interface Settlement {
  at: number
  accountId: string
  sessionId: string
  upstream: string
  tool: string
  credits: number
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

export type CreditLedgerStore = ReturnType<typeof createCreditLedgerStore>

export function createCreditLedgerStore(database: Database) {
  const charge = database.prepare<[Settlement]>(`
    INSERT INTO relay_charges (at, account_id, session_id, upstream, tool, credits) VALUES (@at, @accountId, @sessionId, @upstream, @tool, @credits)`)
  const use = database.prepare<[UsageRow]>(`
    INSERT INTO relay_usage (account_id, month, upstream, tool, calls, failed, credits) VALUES (@accountId, @month, @upstream, @tool, @calls, @failed, @credits)
    ON CONFLICT (account_id, month, upstream, tool) DO UPDATE SET calls = calls + @calls, failed = failed + @failed, credits = credits + @credits`)
  const spent = database.prepare<[number, string]>('UPDATE relay_sessions SET spent = spent + ? WHERE id = ?')
  const usage = database.prepare<[string, string], UsageRow>(`
    SELECT account_id AS accountId, month, upstream, tool, calls, failed, credits FROM relay_usage WHERE month >= ? AND month <= ? ORDER BY month DESC, credits DESC, calls DESC, tool`)
  const charges = database.prepare<[string, number], Settlement & { id: number }>(`
    SELECT id, at, account_id AS accountId, session_id AS sessionId, upstream, tool, credits FROM relay_charges WHERE account_id = ? ORDER BY id DESC LIMIT ?`)

  const settle = database.transaction(
    (settlements: readonly Settlement[], usageRows: readonly UsageRow[], spend: (accountId: string, credits: number) => void): void => {
      for (const settlement of settlements) {
        spend(settlement.accountId, settlement.credits)
        spent.run(settlement.credits, settlement.sessionId)
        charge.run(settlement)
      }
      for (const row of usageRows) use.run(row)
    },
  )

  return {
    /**
     * All of them or none; `spend` takes the credits from the accounts within the same transaction. Handed to the system when it returns,
     * so that no death of this process loses it; on the disk itself after the next `sync`.
     */
    settle: (...given: Parameters<typeof settle>): void => quickly(database, () => settle(...given)),
    /** Waits until all that was settled is on the disk. */
    sync: (): void => void database.pragma('wal_checkpoint(PASSIVE)'),
    /** Between two months, `YYYY-MM`, both included. */
    usage: (from: string, to: string): UsageRow[] => usage.all(from, to),
    charges: (accountId: string, limit: number) => charges.all(accountId, limit),
  }
}
