/** Where signing keys are kept, and the SQLite side of it. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'

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

/** One that was sealed under another key than the one at hand: nothing can be said of what it signed until that is put back. */
export type LockedKey = Omit<KeyRecord, 'secret'>

/** The key that signed last, as this server knew it. */
export interface LastSigning {
  id: string
  algorithm: SigningAlgorithm
}

export interface KeyStore {
  /** Whether other servers may change the keys. */
  readonly shared: boolean
  load(): Promise<{ records: KeyRecord[]; locked: LockedKey[] }>
  /**
   * Makes `next` the signing key; those that signed until now verify until `oldVerifyUntil`. Does nothing when there is a signing key and
   * `onlyFirst` is set.
   */
  add(next: KeyRecord, oldVerifyUntil: number, onlyFirst: boolean): Promise<void>
  remove(id: string): Promise<void>
  /** Another server changed the keys. */
  onChange(listener: () => void): () => void
  /** Kept on this machine, so that keys that are lost are noticed, and are not followed by others of another kind. */
  last: { read(): LastSigning | null; write(signing: LastSigning): void }
}

interface Row extends LockedKey {
  secret: Buffer
}

export function createSqliteKeyStore(database: Database, sealer: Sealer): KeyStore {
  const all = database.prepare<[], Row>(
    'SELECT id, algorithm, secret, created_at AS createdAt, verify_until AS verifyUntil FROM login_keys ORDER BY created_at, id',
  )
  const insert = database.prepare(
    'INSERT INTO login_keys (id, algorithm, secret, created_at, verify_until) VALUES (@id, @algorithm, @secret, @createdAt, @verifyUntil)',
  )
  const hasSigning = database.prepare<[], number>('SELECT count(*) FROM login_keys WHERE verify_until IS NULL').pluck()
  const supersede = database.prepare('UPDATE login_keys SET verify_until = ? WHERE verify_until IS NULL')
  const remove = database.prepare('DELETE FROM login_keys WHERE id = ?')

  return {
    shared: false,
    async load() {
      return opened(all.all(), ({ id, secret }) => sealer.open(secret, sealContext(id)))
    },
    async add(next, oldVerifyUntil, onlyFirst) {
      database
        .transaction(() => {
          if (onlyFirst && hasSigning.get() !== 0) return
          supersede.run(oldVerifyUntil)
          insert.run({ ...next, secret: sealer.seal(next.secret, sealContext(next.id)) })
        })
        .immediate()
    },
    remove: async (id) => void remove.run(id),
    onChange: () => () => undefined,
    last: lastSigningIn(database, 'house'),
  }
}

/** Binds a sealed key to its id, so that rows cannot be exchanged. */
export const sealContext = (id: string): string => `logins:key:${id}`

/** Parts what opens from what does not. */
export function opened<Sealed extends LockedKey>(
  rows: readonly Sealed[],
  open: (row: Sealed) => Buffer,
): { records: KeyRecord[]; locked: LockedKey[] } {
  const records: KeyRecord[] = []
  const locked: LockedKey[] = []
  for (const row of rows) {
    const { id, algorithm, createdAt, verifyUntil } = row
    try {
      records.push({ id, algorithm, createdAt, verifyUntil, secret: open(row) })
    } catch {
      locked.push({ id, algorithm, createdAt, verifyUntil })
    }
  }
  return { records, locked }
}

export function lastSigningIn(database: Database, place: 'house' | 'redis'): KeyStore['last'] {
  const read = database.prepare<[string], LastSigning>('SELECT key_id AS id, algorithm FROM login_last_signing WHERE place = ?')
  const write = database.prepare(
    'INSERT INTO login_last_signing (place, key_id, algorithm) VALUES (?, ?, ?) ON CONFLICT (place) DO UPDATE SET key_id = excluded.key_id, algorithm = excluded.algorithm',
  )
  return { read: () => read.get(place) ?? null, write: ({ id, algorithm }) => void write.run(place, id, algorithm) }
}
