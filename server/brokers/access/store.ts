/** Named clients in SQLite. */
import type { Database } from 'better-sqlite3'
import type { AccessRule } from './rules.ts'

/** How it says that it is who it says: a password that a person chose, hashed slowly, or a key that was made, hashed fast. */
export type CredentialKind = 'password' | 'key'

export interface StoredNamedClient {
  readonly id: number
  readonly sessionId: number
  readonly name: string
  readonly credential: CredentialKind
  readonly secretHash: string
  rules: readonly AccessRule[]
  readonly createdAt: number
  /** Wall clock, ms, of its last login; null before the first. */
  lastSeenAt: number | null
}

interface Row extends Omit<StoredNamedClient, 'rules'> {
  rules: string
}

export interface NamedClientStore {
  all(): StoredNamedClient[]
  /** Null when the session has one of that name. */
  add(client: Omit<StoredNamedClient, 'id' | 'lastSeenAt'>): StoredNamedClient | null
  setRules(id: number, rules: readonly AccessRule[]): void
  setSecret(id: number, credential: CredentialKind, hash: string): void
  setSeen(id: number, at: number): void
  remove(id: number): void
}

const columns =
  'id, session_id AS sessionId, name, credential, secret_hash AS secretHash, rules, created_at AS createdAt, last_seen_at AS lastSeenAt'

export function createNamedClientStore(database: Database): NamedClientStore {
  const all = database.prepare<[], Row>(`SELECT ${columns} FROM broker_named_clients ORDER BY name`)
  const insert = database.prepare<unknown[], Row>(
    `INSERT INTO broker_named_clients (session_id, name, credential, secret_hash, rules, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (session_id, name) DO NOTHING RETURNING ${columns}`,
  )
  const rules = database.prepare('UPDATE broker_named_clients SET rules = ? WHERE id = ?')
  const secret = database.prepare('UPDATE broker_named_clients SET credential = ?, secret_hash = ? WHERE id = ?')
  const seen = database.prepare('UPDATE broker_named_clients SET last_seen_at = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM broker_named_clients WHERE id = ?')
  return {
    all: () => all.all().map(fromRow),
    add({ sessionId, name, credential, secretHash, rules: chosen, createdAt }) {
      // Read to its end, as every write that returns rows: it is committed after the last of them.
      const [row] = insert.all(sessionId, name, credential, secretHash, JSON.stringify(chosen), createdAt)
      return row === undefined ? null : fromRow(row)
    },
    setRules: (id, chosen) => void rules.run(JSON.stringify(chosen), id),
    setSecret: (id, credential, hash) => void secret.run(credential, hash, id),
    setSeen: (id, at) => void seen.run(at, id),
    remove: (id) => void remove.run(id),
  }
}

function fromRow({ rules, ...row }: Row): StoredNamedClient {
  // Written by `add` and `setRules`.
  return { ...row, rules: JSON.parse(rules) as AccessRule[] }
}
