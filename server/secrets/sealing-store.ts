/** Whether anything was ever sealed in this database, and a text by which the key that did it is known again. */
import type { Database } from 'better-sqlite3'

export interface SealingStore {
  /** `null`: nothing was sealed yet. `check` is null where an older version sealed without leaving one. */
  sealed(): { check: Buffer | null } | null
  putCheck(check: Buffer): void
}

export function createSealingStore(database: Database): SealingStore {
  const read = database.prepare<[], { sealed: Buffer | null }>('SELECT sealed FROM sealing_check WHERE only = 1')
  const put = database.prepare(
    'INSERT INTO sealing_check (only, sealed) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET sealed = excluded.sealed',
  )
  return {
    sealed() {
      const row = read.get()
      return row === undefined ? null : { check: row.sealed }
    },
    putCheck: (check) => void put.run(check),
  }
}
