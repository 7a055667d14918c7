/** The table of keys. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import { keyOnly, keyRight, keyScope } from './contract/key-scopes.ts'
import type { KeyRights } from './key-rights.ts'

export interface StoredKey extends KeyRights {
  name: string
  prefix: string
  hash: Buffer
  createdAt: number
  expiresAt: number | null
  lastUsedAt: number | null
  lastUsedFrom: string | null
}

interface Row extends Omit<StoredKey, 'scopes' | 'rights' | 'only'> {
  scopes: string
  rights: string | null
  only: string
}

const scopeList = z.array(keyScope)
const rightList = z.array(keyRight)

export type KeyStore = ReturnType<typeof createKeyStore>

export function createKeyStore(database: Database) {
  const all = database.prepare<[], Row>(`
    SELECT id, name, prefix, hash, scopes, rights, only_for AS only, allowed_from AS "from",
      created_at AS createdAt, expires_at AS expiresAt, last_used_at AS lastUsedAt, last_used_from AS lastUsedFrom
    FROM keys ORDER BY created_at DESC, id`)
  const insert = database.prepare<[Row]>(`
    INSERT INTO keys (id, name, prefix, hash, scopes, rights, only_for, allowed_from, created_at, expires_at, last_used_at, last_used_from)
    VALUES (@id, @name, @prefix, @hash, @scopes, @rights, @only, @from, @createdAt, @expiresAt, @lastUsedAt, @lastUsedFrom)`)
  const nameTaken = database.prepare<[string], number>('SELECT 1 FROM keys WHERE name = ?').pluck()
  const remove = database.prepare<[string]>('DELETE FROM keys WHERE id = ?')
  const setRights = database.prepare<[Pick<Row, 'id' | 'scopes' | 'rights' | 'only'>]>(
    'UPDATE keys SET scopes = @scopes, rights = @rights, only_for = @only WHERE id = @id',
  )
  const used = database.prepare<[number | null, string | null, string]>('UPDATE keys SET last_used_at = ?, last_used_from = ? WHERE id = ?')

  return {
    all: (): StoredKey[] => all.all().map(parse),
    insert: (key: StoredKey): void => void insert.run({ ...key, ...written(key) }),
    nameTaken: (name: string): boolean => nameTaken.get(name) !== undefined,
    setRights: (key: StoredKey): void => void setRights.run({ id: key.id, ...written(key) }),
    remove: (id: string): void => void remove.run(id),
    saveUse: database.transaction((keys: readonly Pick<StoredKey, 'id' | 'lastUsedAt' | 'lastUsedFrom'>[]) => {
      for (const key of keys) used.run(key.lastUsedAt, key.lastUsedFrom, key.id)
    }),
  }
}

function parse(row: Row): StoredKey {
  const rights = row.rights === null ? null : rightList.parse(JSON.parse(row.rights))
  return { ...row, rights, only: keyOnly.parse(JSON.parse(row.only)), scopes: scopeList.parse(JSON.parse(row.scopes)) }
}

function written({ rights, only, scopes }: KeyRights): Pick<Row, 'scopes' | 'rights' | 'only'> {
  return { scopes: JSON.stringify(scopes), rights: rights === null ? null : JSON.stringify(rights), only: JSON.stringify(only) }
}
