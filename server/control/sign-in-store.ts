/** The table of signed-in browsers. */
import type { Database } from 'better-sqlite3'

export interface StoredSignIn {
  hash: Buffer
  /** The key it was signed in with; null for the owner. */
  keyId: string | null
  createdAt: number
  expiresAt: number
}

export type SignInStore = ReturnType<typeof createSignInStore>

export function createSignInStore(database: Database) {
  const find = database.prepare<[Buffer], StoredSignIn>(`
    SELECT hash, key_id AS keyId, created_at AS createdAt, expires_at AS expiresAt FROM sign_ins WHERE hash = ?`)
  const insert = database.prepare<[StoredSignIn]>(`
    INSERT INTO sign_ins (hash, key_id, created_at, expires_at) VALUES (@hash, @keyId, @createdAt, @expiresAt)`)
  const extend = database.prepare<[number, Buffer]>('UPDATE sign_ins SET expires_at = ? WHERE hash = ?')
  const remove = database.prepare<[Buffer]>('DELETE FROM sign_ins WHERE hash = ?')
  const removeExpired = database.prepare<[number]>('DELETE FROM sign_ins WHERE expires_at <= ?')
  const removeAll = database.prepare<[]>('DELETE FROM sign_ins')

  return {
    find: (hash: Buffer): StoredSignIn | undefined => find.get(hash),
    insert: (signIn: StoredSignIn): void => void insert.run(signIn),
    extend: (hash: Buffer, expiresAt: number): void => void extend.run(expiresAt, hash),
    remove: (hash: Buffer): boolean => remove.run(hash).changes > 0,
    removeExpired: (now: number): void => void removeExpired.run(now),
    removeAll: (): number => removeAll.run().changes,
  }
}
