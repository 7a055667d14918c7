/** Bridges in SQLite. Password and private key are sealed. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { erasing } from '../../store/database.ts'
import type { NewBridge } from '../contract/bridges.ts'

/** What a bridge is, without its secrets. */
export type BridgeSettings = Omit<NewBridge, 'password' | 'key' | 'clientId'> & { clientId: string }

export interface BridgeSecrets {
  password: string | null
  key: string | null
}

export interface StoredBridge {
  id: string
  sessionId: number
  settings: BridgeSettings
  hasPassword: boolean
  hasKey: boolean
  /** Its address was written down by somebody who may open addresses. */
  isOpened: boolean
  /** Filters that the other broker is subscribed to for us, with their quality. */
  held: Readonly<Record<string, number>>
  createdAt: number
}

interface Row {
  id: string
  sessionId: number
  settings: string
  hasPassword: number
  hasKey: number
  isOpened: number
  held: string
  createdAt: number
}

export interface BridgeStore {
  /** Of all sessions, by name. */
  all(): StoredBridge[]
  add(bridge: StoredBridge, secrets: BridgeSecrets): void
  change(bridge: StoredBridge, secrets: BridgeSecrets): void
  setHeld(id: string, held: StoredBridge['held']): void
  remove(id: string): void
  /** Throws `sealed-locked`. */
  secrets(id: string): BridgeSecrets
  /** Without what opens nothing any more. */
  forgetSecrets(id: string): void
}

const contextOf = (id: string): string => `brokers:bridge:${id}`

export function createBridgeStore(database: Database, sealer: Sealer): BridgeStore {
  const all = database.prepare<[], Row>(
    `SELECT id, session_id AS sessionId, settings, has_password AS hasPassword, has_key AS hasKey, is_opened AS isOpened, held, created_at AS createdAt
     FROM broker_bridges ORDER BY name`,
  )
  const insert = database.prepare(
    `INSERT INTO broker_bridges (id, session_id, name, settings, secrets, has_password, has_key, is_opened, held, created_at)
     VALUES (@id, @sessionId, @name, @settings, @secrets, @hasPassword, @hasKey, @isOpened, @held, @createdAt)`,
  )
  const update = database.prepare(
    `UPDATE broker_bridges SET name = @name, settings = @settings, secrets = @secrets, has_password = @hasPassword, has_key = @hasKey,
     is_opened = @isOpened, held = @held WHERE id = @id`,
  )
  const setHeld = database.prepare('UPDATE broker_bridges SET held = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM broker_bridges WHERE id = ?')
  const secrets = database.prepare<[string], { secrets: Buffer | null }>('SELECT secrets FROM broker_bridges WHERE id = ?')
  const forget = database.prepare('UPDATE broker_bridges SET secrets = NULL, has_password = 0, has_key = 0 WHERE id = ?')

  const rowOf = ({ id, sessionId, settings, isOpened, held, createdAt }: StoredBridge, { password, key }: BridgeSecrets): object => ({
    ...{ id, sessionId, createdAt, name: settings.name, settings: JSON.stringify(settings), held: JSON.stringify(held) },
    secrets: password === null && key === null ? null : sealer.seal(JSON.stringify({ password, key }), contextOf(id)),
    ...{ hasPassword: Number(password !== null), hasKey: Number(key !== null), isOpened: Number(isOpened) },
  })
  return {
    all: () => all.all().map(fromRow),
    add: (bridge, given) => void insert.run(rowOf(bridge, given)),
    change(bridge, given) {
      const row = rowOf(bridge, given)
      erasing(database, () => void update.run(row))
    },
    setHeld: (id, held) => void setHeld.run(JSON.stringify(held), id),
    remove: (id) => erasing(database, () => void remove.run(id)),
    secrets(id) {
      const sealed = secrets.get(id)?.secrets ?? null
      // Sealed by `rowOf`.
      return sealed === null
        ? { password: null, key: null }
        : (JSON.parse(sealer.open(sealed, contextOf(id)).toString('utf8')) as BridgeSecrets)
    },
    forgetSecrets: (id) => erasing(database, () => void forget.run(id)),
  }
}

function fromRow({ settings, held, hasPassword, hasKey, isOpened, ...row }: Row): StoredBridge {
  return {
    ...row,
    // Both written by `rowOf`.
    settings: JSON.parse(settings) as BridgeSettings,
    held: JSON.parse(held) as Record<string, number>,
    hasPassword: hasPassword !== 0,
    hasKey: hasKey !== 0,
    isOpened: isOpened !== 0,
  }
}
