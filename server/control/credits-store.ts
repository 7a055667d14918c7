/** The table of what changed the credits of accounts, beside the charges of calls. */
import type { Database } from 'better-sqlite3'

export interface StoredCreditChange {
  id: number
  at: number
  accountId: string
  kind: 'opening' | 'add' | 'take' | 'set'
  /** By how much; negative for less. */
  credits: number
  /** After it. */
  balance: number
  reason: string | null
  actor: string
  idempotencyKey: string | null
}

const columns = `id, at, account_id AS accountId, kind, credits, balance, reason, actor, idempotency_key AS idempotencyKey`

export type CreditsStore = ReturnType<typeof createCreditsStore>

export function createCreditsStore(database: Database) {
  const insert = database.prepare<[Omit<StoredCreditChange, 'id'>]>(`
    INSERT INTO credit_changes (at, account_id, kind, credits, balance, reason, actor, idempotency_key)
    VALUES (@at, @accountId, @kind, @credits, @balance, @reason, @actor, @idempotencyKey)`)
  const byKey = database.prepare<[string, string], StoredCreditChange>(
    `SELECT ${columns} FROM credit_changes WHERE account_id = ? AND idempotency_key = ?`,
  )
  const page = database.prepare<[string, number, number], StoredCreditChange>(
    `SELECT ${columns} FROM credit_changes WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
  )

  return {
    /** All of it or none. */
    together: <Result>(work: () => Result): Result => database.transaction(work)(),
    insert: (change: Omit<StoredCreditChange, 'id'>): StoredCreditChange => ({
      ...change,
      id: Number(insert.run(change).lastInsertRowid),
    }),
    byKey: (accountId: string, key: string): StoredCreditChange | undefined => byKey.get(accountId, key),
    /** Newest first, from before that one. */
    page: (accountId: string, before: number, limit: number): StoredCreditChange[] => page.all(accountId, before, limit),
  }
}
