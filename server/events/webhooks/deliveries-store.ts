/** The table of deliveries: what waits, what was given up, and for some days what was delivered. Bodies are sealed. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import type { Bound } from './bounds.ts'
import type { Lane } from './lanes.ts'
import type { Delivery, DeliveryState } from './webhook.ts'

export interface NewDelivery {
  id: string
  webhookId: string
  type: string
  key: string | null
  body: string
  createdAt: number
  /** Why it is dead from the beginning; null for one that waits. */
  problem: string | null
}

export interface DeliveryFilter {
  state?: DeliveryState | undefined
  type?: string | undefined
  key?: string | undefined
  /** Of their creation, both included. */
  from?: number | undefined
  to?: number | undefined
}

/** `text` is null when its body was sealed under a key that is not here. */
export type Opened = Delivery & { text: string | null }
type Row = Omit<Delivery, 'replay'> & { replay: number }

export type DeliveryStore = ReturnType<typeof createDeliveryStore>

const columns = `number, id, webhook_id AS webhookId, type, key, replay,
  CASE WHEN dead = 1 THEN 'dead' WHEN delivered_at IS NULL THEN 'waiting' ELSE 'delivered' END AS state,
  attempts, next_at AS nextAt, problem, created_at AS createdAt, delivered_at AS deliveredAt, bytes`
const conditions: Record<DeliveryState, string> = {
  waiting: 'dead = 0 AND delivered_at IS NULL',
  dead: 'dead = 1',
  delivered: 'delivered_at IS NOT NULL',
}

export function createDeliveryStore(database: Database, sealer: Sealer) {
  const insert = database.prepare(
    `INSERT INTO webhook_deliveries (id, webhook_id, type, key, body, bytes, attempts, next_at, dead, problem, created_at)
     VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  )
  const waiting = `SELECT ${columns}, body FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions.waiting}`
  type WithBody = Row & { body: Buffer }
  const ofKey = database.prepare<[string, string, number], WithBody>(`${waiting} AND key = ? AND replay = ? ORDER BY number LIMIT 1`)
  const ofAll = database.prepare<[string], WithBody>(`${waiting} ORDER BY number LIMIT 1`)
  const ofNoneDue = database.prepare<[string, number, number], WithBody>(
    `${waiting} AND key IS NULL AND (next_at <= ? OR next_at > ?) ORDER BY number LIMIT 1`,
  )
  const ofNoneSoonest = database.prepare<[string], WithBody>(`${waiting} AND key IS NULL ORDER BY next_at, number LIMIT 1`)
  const lanes = database.prepare<[string], { key: string | null; replay: number }>(
    `SELECT key, replay FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions.waiting} GROUP BY key, replay ORDER BY min(number)`,
  )
  const any = database.prepare<[string], Row>(`SELECT ${columns} FROM webhook_deliveries WHERE id = ?`)
  const body = database.prepare<[string], Buffer>('SELECT body FROM webhook_deliveries WHERE id = ?').pluck()
  const delivered = database.prepare(
    'UPDATE webhook_deliveries SET delivered_at = ?, attempts = attempts + 1, problem = NULL WHERE id = ? AND dead = 0',
  )
  const failed = database.prepare(
    'UPDATE webhook_deliveries SET attempts = attempts + ?, next_at = ?, dead = ?, problem = ? WHERE id = ? AND delivered_at IS NULL',
  )
  const remove = database.prepare('DELETE FROM webhook_deliveries WHERE id = ?')
  const discard = database.prepare(`DELETE FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions.dead}`)
  const discardOne = database.prepare(`DELETE FROM webhook_deliveries WHERE webhook_id = ? AND id = ? AND ${conditions.dead}`)
  const again = 'UPDATE webhook_deliveries SET dead = 0, delivered_at = NULL, attempts = 0, replay = 1, next_at = ?'
  const revive = database.prepare(`${again} WHERE webhook_id = ? AND ${conditions.dead}`)
  const reviveOne = database.prepare(`${again} WHERE webhook_id = ? AND id = ? AND ${conditions.dead}`)
  const reviveSome = database.prepare(`${again} WHERE number IN (SELECT value FROM json_each(?))`)
  const sizes = Object.fromEntries(
    (Object.keys(conditions) as DeliveryState[]).map((state) => [
      state,
      database.prepare<[string], Bound>(
        `SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions[state]}`,
      ),
    ]),
  )
  const deadSince = database
    .prepare<[string], number | null>(`SELECT min(created_at) FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions.dead}`)
    .pluck()
  const oldest = (state: 'dead' | 'delivered') =>
    database.prepare<[string], Pick<Delivery, 'id' | 'bytes' | 'createdAt'>>(
      `SELECT id, bytes, created_at AS createdAt FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions[state]} ORDER BY number LIMIT 500`,
    )
  const oldestDead = oldest('dead')
  const oldestDelivered = oldest('delivered')
  const before = database
    .prepare<[string, number], number | null>(
      `SELECT max(created_at) FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions.delivered} AND delivered_at < ?`,
    )
    .pluck()
  const trim = database.prepare(`DELETE FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions.delivered} AND delivered_at < ?`)
  const deliveredOf = database.prepare<[string, string], { id: string; body: Buffer }>(
    `SELECT id, body FROM webhook_deliveries WHERE webhook_id = ? AND key = ? AND ${conditions.delivered}`,
  )
  const rename = database.prepare('UPDATE webhook_deliveries SET key = ? WHERE webhook_id = ? AND key = ?')
  const forget = database.prepare(
    `DELETE FROM webhook_deliveries WHERE webhook_id = ? AND ${conditions.delivered} AND (? IS NULL OR key = ?)`,
  )

  const open = (id: string, sealed: Buffer): string | null => {
    try {
      return sealer.open(sealed, `webhook-delivery:${id}`).toString()
    } catch {
      return null
    }
  }
  const opened = (row: WithBody | undefined): Opened | null => {
    if (row === undefined) return null
    const { body: sealed, ...rest } = row
    return { ...deliveryOf(rest), text: open(row.id, sealed) }
  }
  /** What a filter says as SQL, and what is put into it. */
  const where = (webhookId: string, { state, type, key, from, to }: DeliveryFilter): { sql: string; values: (string | number)[] } => {
    const parts: [string, string | number | undefined][] = [
      ['webhook_id = ?', webhookId],
      ['type = ?', type],
      ['key = ?', key],
      ['created_at >= ?', from],
      ['created_at <= ?', to],
    ]
    const said = parts.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]))
    const sql = [...said.map((part) => part.sql), ...(state === undefined ? [] : [conditions[state]])].join(' AND ')
    return { sql, values: said.map(({ value }) => value) }
  }

  return {
    /** What is there under its id already stays as it is. */
    add({ id, webhookId, type, key, body: text, createdAt, problem }: NewDelivery): void {
      const sealed = sealer.seal(text, `webhook-delivery:${id}`)
      insert.run(id, webhookId, type, key, sealed, sealed.length, createdAt, problem === null ? 0 : 1, problem, createdAt)
    },
    /** The next of a lane, due or not. Of the lane of none the first that is due, `horizon` being beyond what any clock could mean. */
    next(webhookId: string, lane: Lane, now: number, horizon: number): Opened | null {
      switch (lane.of) {
        case 'all':
          return opened(ofAll.get(webhookId))
        case 'key':
          return opened(ofKey.get(webhookId, lane.key, lane.replay ? 1 : 0))
        case 'none':
          return opened(ofNoneDue.get(webhookId, now, horizon) ?? ofNoneSoonest.get(webhookId))
      }
    },
    /** In which something waits, that of the oldest first. */
    lanes: (webhookId: string): { key: string | null; replay: boolean }[] =>
      lanes.all(webhookId).map(({ key, replay }) => ({ key, replay: replay === 1 })),
    find: (webhookId: string, id: string): Delivery | null => {
      const row = any.get(id)
      return row === undefined || row.webhookId !== webhookId ? null : deliveryOf(row)
    },
    text: (id: string): string | null => {
      const sealed = body.get(id)
      return sealed === undefined ? null : open(id, sealed)
    },
    /** False when it was removed meanwhile. */
    delivered: (id: string, now: number): boolean => delivered.run(now, id).changes > 0,
    /** `nextAt` is null for one that is given up; `tried` is false where nothing was sent. False when it was removed meanwhile. */
    failed: (id: string, problem: string, nextAt: number | null, tried = true): boolean =>
      failed.run(tried ? 1 : 0, nextAt ?? 0, nextAt === null ? 1 : 0, problem, id).changes > 0,
    remove: (id: string): void => void remove.run(id),
    /** Dead ones; how many. */
    discard: (webhookId: string): number => discard.run(webhookId).changes,
    discardOne: (webhookId: string, id: string): boolean => discardOne.run(webhookId, id).changes > 0,
    revive: (webhookId: string, now: number): number => revive.run(now, webhookId).changes,
    reviveOne: (webhookId: string, id: string, now: number): boolean => reviveOne.run(now, webhookId, id).changes > 0,
    reviveSome: (numbers: readonly number[], now: number): number => reviveSome.run(now, JSON.stringify(numbers)).changes,
    /** The newest first, those before the number `before`. */
    page(webhookId: string, filter: DeliveryFilter, { before: end, limit }: { before?: number | undefined; limit: number }): Delivery[] {
      const { sql, values } = where(webhookId, filter)
      const rows = database.prepare<unknown[], Row>(
        `SELECT ${columns} FROM webhook_deliveries WHERE ${sql} AND number < ? ORDER BY number DESC LIMIT ?`,
      )
      return rows.all(...values, end ?? Number.MAX_SAFE_INTEGER, limit).map(deliveryOf)
    },
    /** Of a time, the oldest first. */
    range(webhookId: string, { from, to, types, states }: DeliveryRange, limit: number): Pick<Delivery, 'number' | 'createdAt'>[] {
      const ofStates = states.map((state) => `(${conditions[state]})`).join(' OR ')
      const rows = database.prepare<unknown[], Pick<Delivery, 'number' | 'createdAt'>>(
        `SELECT number, created_at AS createdAt FROM webhook_deliveries
         WHERE webhook_id = ? AND created_at >= ? AND created_at <= ? AND (${ofStates})
           AND (? = 0 OR type IN (SELECT value FROM json_each(?))) ORDER BY number LIMIT ?`,
      )
      return rows.all(webhookId, from, to, types.length, JSON.stringify(types), limit)
    },
    size: (webhookId: string, state: DeliveryState): Bound => sizes[state]?.get(webhookId) ?? { count: 0, bytes: 0 },
    deadSince: (webhookId: string): number | null => deadSince.get(webhookId) ?? null,
    /** Some of the oldest. */
    oldest: (webhookId: string, state: 'dead' | 'delivered'): Pick<Delivery, 'id' | 'bytes' | 'createdAt'>[] =>
      (state === 'dead' ? oldestDead : oldestDelivered).all(webhookId),
    /** Removes what was delivered before; the newest time of an event that it removed. */
    trim(webhookId: string, until: number): number | null {
      const newest = before.get(webhookId, until) ?? null
      if (newest !== null) trim.run(webhookId, until)
      return newest
    },
    rename: (webhookId: string, was: string, key: string): number => rename.run(key, webhookId, was).changes,
    /** Removes what was delivered, of one key, and has this text in it. */
    forgetNaming(webhookId: string, key: string, text: string): void {
      for (const row of deliveredOf.all(webhookId, key)) if (open(row.id, row.body)?.includes(text) === true) remove.run(row.id)
    },
    /** Removes what was delivered, of one key or of all. */
    forget: (webhookId: string, key: string | null): number => forget.run(webhookId, key, key).changes,
  }
}

export interface DeliveryRange {
  /** Of their creation, both included. */
  from: number
  to: number
  /** All when empty. */
  types: readonly string[]
  states: readonly ('delivered' | 'dead')[]
}

const deliveryOf = ({ replay, ...row }: Row): Delivery => ({ ...row, replay: replay === 1 })
