/** The table of clients of the session era that are known beyond this process. */
import type { Database } from 'better-sqlite3'

export type KnownClientsStore = ReturnType<typeof createKnownClientsStore>

export function createKnownClientsStore(database: Database) {
  const put = database.prepare<[Buffer, string, Buffer, number]>(`
    INSERT INTO relay_clients (hash, session_id, sealed, used_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (hash) DO UPDATE SET sealed = excluded.sealed, used_at = excluded.used_at`)
  const find = database
    .prepare<[Buffer, string, number], Buffer>('SELECT sealed FROM relay_clients WHERE hash = ? AND session_id = ? AND used_at > ?')
    .pluck()
  const use = database.prepare<[number, Buffer]>('UPDATE relay_clients SET used_at = ? WHERE hash = ?')
  const remove = database.prepare<[Buffer]>('DELETE FROM relay_clients WHERE hash = ?')
  const removeOlder = database.prepare<[number]>('DELETE FROM relay_clients WHERE used_at <= ?')
  const removeMore = database.prepare<[string, number]>(`
    DELETE FROM relay_clients WHERE hash IN (SELECT hash FROM relay_clients WHERE session_id = ? ORDER BY used_at DESC LIMIT -1 OFFSET ?)`)

  return {
    put: (hash: Buffer, sessionId: string, sealed: Buffer, now: number): void => void put.run(hash, sessionId, sealed, now),
    /** Of one that was used since. */
    find: (hash: Buffer, sessionId: string, since: number): Buffer | undefined => find.get(hash, sessionId, since),
    remove: (hash: Buffer): void => void remove.run(hash),
    /** Of a session so many, those used last. */
    keepOnly: (sessionId: string, atMost: number): void => void removeMore.run(sessionId, atMost),
    /** Notes the use of some, and forgets those that were last used before a moment. One transaction. */
    tidy: database.transaction((inUse: readonly Buffer[], now: number, before: number): void => {
      for (const hash of inUse) use.run(now, hash)
      removeOlder.run(before)
    }),
  }
}
