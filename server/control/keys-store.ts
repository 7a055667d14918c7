/** The table of keys. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import { keyScope, type KeyScope } from './contract.ts'

export interface StoredKey {
  id: string
  name: string
  prefix: string
  hash: Buffer
  scopes: readonly KeyScope[]
  createdAt: number
  expiresAt: number | null
  lastUsedAt: number | null
  lastUsedFrom: string | null
}

interface Row extends Omit<StoredKey, 'scopes'> {
  scopes: string
}

const scopeList = z.array(keyScope)

export type KeyStore = ReturnType<typeof createKeyStore>

export function createKeyStore(database: Database) {
  const all = database.prepare<[], Row>(`
    SELECT id, name, prefix, hash, scopes,
      created_at AS createdAt, expires_at AS expiresAt, last_used_at AS lastUsedAt, last_used_from AS lastUsedFrom
    FROM keys ORDER BY created_at DESC, id`)
  const insert = database.prepare<[Row]>(`
    INSERT INTO keys (id, name, prefix, hash, scopes, created_at, expires_at, last_used_at, last_used_from)
    VALUES (@id, @name, @prefix, @hash, @scopes, @createdAt, @expiresAt, @lastUsedAt, @lastUsedFrom)`)
  const nameTaken = database.prepare<[string], number>('SELECT 1 FROM keys WHERE name = ?').pluck()
  const remove = database.prepare<[string]>('DELETE FROM keys WHERE id = ?')
  const setScopes = database.prepare<[string, string]>('UPDATE keys SET scopes = ? WHERE id = ?')
  const used = database.prepare<[number | null, string | null, string]>('UPDATE keys SET last_used_at = ?, last_used_from = ? WHERE id = ?')

  return {
    all: (): StoredKey[] => all.all().map((row) => ({ ...row, scopes: scopeList.parse(JSON.parse(row.scopes)) })),
    insert: (key: StoredKey): void => void insert.run({ ...key, scopes: JSON.stringify(key.scopes) }),
    nameTaken: (name: string): boolean => nameTaken.get(name) !== undefined,
    setScopes: (id: string, scopes: readonly KeyScope[]): void => void setScopes.run(JSON.stringify(scopes), id),
    remove: (id: string): void => void remove.run(id),
    saveUse: database.transaction((keys: readonly Pick<StoredKey, 'id' | 'lastUsedAt' | 'lastUsedFrom'>[]) => {
      for (const key of keys) used.run(key.lastUsedAt, key.lastUsedFrom, key.id)
    }),
  }
}
