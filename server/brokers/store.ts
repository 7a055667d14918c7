/** Sessions and device tokens in SQLite. Messages are not here: they pass through the journal. */
import type { Database } from 'better-sqlite3'
import { defaultPolicy, policySchema, type Policy } from './policy.ts'

export interface StoredSession {
  id: number
  name: string
  passwordHash: string
  secretHash: Buffer
  policy: Policy
  suspended: boolean
  createdAt: number
  expiresAt: number | null
  /** Null where nobody noted it. */
  madeBy: string | null
}

export interface DeviceToken {
  deviceId: string
  platform: string
  createdAt: number
  updatedAt: number
}

interface SessionRow extends Omit<StoredSession, 'policy' | 'suspended'> {
  policy: string
  suspended: number
}

export interface BrokerStore {
  all(): StoredSession[]
  /** Null when the name is taken. */
  add(session: Omit<StoredSession, 'id'>): StoredSession | null
  setSuspended(id: number, suspended: boolean): void
  setSecret(id: number, hash: Buffer): void
  setPolicy(id: number, policy: Policy): void
  setExpiry(id: number, expiresAt: number | null): void
  remove(id: number): void
  /** `token` is what the client sent, encrypted by it. */
  putDevice(session: number, userId: string, device: { deviceId: string; platform: string; token: string }, now: number): void
  removeDevice(session: number, userId: string, deviceId: string): boolean
  devices(session: number, userId: string): DeviceToken[]
}

const columns =
  'id, name, password_hash AS passwordHash, secret_hash AS secretHash, policy, suspended, created_at AS createdAt, expires_at AS expiresAt, made_by AS madeBy'

export function createBrokerStore(database: Database): BrokerStore {
  const all = database.prepare<[], SessionRow>(`SELECT ${columns} FROM broker_sessions ORDER BY name`)
  const insert = database.prepare<unknown[], SessionRow>(
    `INSERT INTO broker_sessions (name, password_hash, secret_hash, policy, suspended, created_at, expires_at, made_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING ${columns}`,
  )
  const suspend = database.prepare('UPDATE broker_sessions SET suspended = ? WHERE id = ?')
  const secret = database.prepare('UPDATE broker_sessions SET secret_hash = ? WHERE id = ?')
  const policy = database.prepare('UPDATE broker_sessions SET policy = ? WHERE id = ?')
  const expiry = database.prepare('UPDATE broker_sessions SET expires_at = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM broker_sessions WHERE id = ?')
  const putDevice = database.prepare(
    `INSERT INTO broker_devices (session_id, user_id, device_id, platform, token, created_at, updated_at) VALUES (@session, @userId, @deviceId, @platform, @token, @now, @now)
     ON CONFLICT (session_id, user_id, device_id) DO UPDATE SET platform = excluded.platform, token = excluded.token, updated_at = excluded.updated_at`,
  )
  const removeDevice = database.prepare('DELETE FROM broker_devices WHERE session_id = ? AND user_id = ? AND device_id = ?')
  const devices = database.prepare<[number, string], DeviceToken>(
    'SELECT device_id AS deviceId, platform, created_at AS createdAt, updated_at AS updatedAt FROM broker_devices WHERE session_id = ? AND user_id = ? ORDER BY created_at',
  )
  return {
    all: () => all.all().map(fromRow),
    add({ name, passwordHash, secretHash, policy: chosen, suspended, createdAt, expiresAt, madeBy }) {
      // Read to its end: a write that returns rows is committed after the last of them, and `get` stops at the first, deaf to a disk that
      // refuses.
      const [row] = insert.all(name, passwordHash, secretHash, JSON.stringify(chosen), suspended ? 1 : 0, createdAt, expiresAt, madeBy)
      return row === undefined ? null : fromRow(row)
    },
    setSuspended: (id, suspended) => void suspend.run(suspended ? 1 : 0, id),
    setSecret: (id, hash) => void secret.run(hash, id),
    setPolicy: (id, chosen) => void policy.run(JSON.stringify(chosen), id),
    setExpiry: (id, expiresAt) => void expiry.run(expiresAt, id),
    remove: (id) => void remove.run(id),
    putDevice: (session, userId, device, now) => void putDevice.run({ session, userId, ...device, now }),
    removeDevice: (session, userId, deviceId) => removeDevice.run(session, userId, deviceId).changes > 0,
    devices: (session, userId) => devices.all(session, userId),
  }
}

function fromRow({ policy, suspended, ...row }: SessionRow): StoredSession {
  // What a later version of the program added has its default.
  return { ...row, suspended: suspended !== 0, policy: policySchema.parse({ ...defaultPolicy, ...(JSON.parse(policy) as object) }) }
}
