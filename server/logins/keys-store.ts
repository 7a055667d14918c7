/** Where signing keys are kept, and the SQLite side of it. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../secrets/sealer.ts'

export const signingAlgorithms = ['HS256', 'EdDSA', 'ES256'] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

export interface KeyRecord {
  id: string
  algorithm: SigningAlgorithm
  /** HS256: the secret's bytes; else the private key as PKCS #8 DER. */
  secret: Buffer
  createdAt: number
  /** null for the key that signs. */
  verifyUntil: number | null
}

export interface KeyStore {
  /** Whether other servers may change the keys. */
  readonly shared: boolean
  load(): Promise<KeyRecord[]>
  /** Makes `next` the signing key; those that signed until now verify until `oldVerifyUntil`. Does nothing when there is a signing key and `onlyFirst` is set. */
  add(next: KeyRecord, oldVerifyUntil: number, onlyFirst: boolean): Promise<void>
  remove(id: string): Promise<void>
  /** Another server changed the keys. */
  onChange(listener: () => void): () => void
}

interface Row extends Omit<KeyRecord, 'secret'> {
  secret: Buffer
}

export function createSqliteKeyStore(database: Database, sealer: Sealer): KeyStore {
  const all = database.prepare<[], Row>('SELECT id, algorithm, secret, created_at AS createdAt, verify_until AS verifyUntil FROM login_keys ORDER BY created_at, id')
  const insert = database.prepare('INSERT INTO login_keys (id, algorithm, secret, created_at, verify_until) VALUES (@id, @algorithm, @secret, @createdAt, @verifyUntil)')
  const hasSigning = database.prepare<[], number>('SELECT count(*) FROM login_keys WHERE verify_until IS NULL').pluck()
  const supersede = database.prepare('UPDATE login_keys SET verify_until = ? WHERE verify_until IS NULL')
  const remove = database.prepare('DELETE FROM login_keys WHERE id = ?')

  return {
    shared: false,
    load: async () => all.all().map((row) => ({ ...row, secret: sealer.open(row.secret, sealContext(row.id)) })),
    async add(next, oldVerifyUntil, onlyFirst) {
      database.transaction(() => {
        if (onlyFirst && hasSigning.get() !== 0) return
        supersede.run(oldVerifyUntil)
        insert.run({ ...next, secret: sealer.seal(next.secret, sealContext(next.id)) })
      }).immediate()
    },
    remove: async (id) => void remove.run(id),
    onChange: () => () => undefined,
  }
}

/** Binds a sealed key to its id, so that rows cannot be exchanged. */
export const sealContext = (id: string): string => `logins:key:${id}`
