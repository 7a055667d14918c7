/** The tables of webhooks. Addresses, secrets and bodies are sealed; of an address the table has what may be shown. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import { shownAddress } from '../../http/shown-address.ts'
import { splitUserinfo } from '../../http/userinfo.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import { erasing } from '../../store/database.ts'

export interface Webhook {
  id: string
  room: string
  subject: string
  /** In full where it is added; as it may be shown where it is listed. */
  url: string
  types: string[]
  /** Each delivery waits for the one before it; otherwise one that fails steps aside. */
  ordered: boolean
  createdAt: number
}

type RawWebhook = Omit<Webhook, 'types' | 'ordered'> & { types: string; ordered: number }
/** What a delivery is sent with: whoever knows it can call the address in our place. */
const sealedPart = z.object({ url: z.string(), secret: z.string(), userinfo: z.string().nullable() })
type SealedPart = z.output<typeof sealedPart>
type SealedDelivery = Delivery & { body: Buffer }

export interface Delivery {
  id: string
  webhookId: string
  type: string
  attempts: number
  nextAt: number
  problem: string | null
  createdAt: number
}

export type WebhookStore = ReturnType<typeof createWebhookStore>

export function createWebhookStore(database: Database, sealer: Sealer) {
  const openOrNull = (sealed: Buffer, place: string): string | null => {
    try {
      return sealer.open(sealed, place).toString()
    } catch {
      return null
    }
  }
  const insert = database.prepare(
    'INSERT INTO webhooks (id, room, subject, url, secret, types, ordered, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const list = database.prepare<[string, string], RawWebhook>(
    'SELECT id, room, subject, url, types, ordered, created_at AS createdAt FROM webhooks WHERE room = ? AND subject = ? ORDER BY created_at, id',
  )
  const secret = database.prepare<[string], { room: string; url: string; secret: Buffer; ordered: number }>(
    'SELECT room, url, secret, ordered FROM webhooks WHERE id = ?',
  )
  const ofRoom = database.prepare<[string], { id: string; secret: Buffer }>('SELECT id, secret FROM webhooks WHERE room = ?')
  const removeOne = database.prepare('DELETE FROM webhooks WHERE id = ?')
  const every = database.prepare<[], { id: string; url: string; secret: Buffer }>('SELECT id, url, secret FROM webhooks')
  const rewrite = database.prepare('UPDATE webhooks SET url = ?, secret = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM webhooks WHERE room = ? AND subject = ? AND id = ?')
  const removeAll = database.prepare('DELETE FROM webhooks WHERE room = ? AND subject = ?')
  const columns = 'id, webhook_id AS webhookId, type, attempts, next_at AS nextAt, problem, created_at AS createdAt'
  const add = database.prepare(
    'INSERT INTO webhook_deliveries (id, webhook_id, type, body, attempts, next_at, dead, created_at) VALUES (?, ?, ?, ?, 0, ?, 0, ?)',
  )
  const waiting = `SELECT ${columns}, body FROM webhook_deliveries WHERE webhook_id = ? AND dead = 0`
  const first = database.prepare<[string], SealedDelivery>(`${waiting} ORDER BY number LIMIT 1`)
  const due = database.prepare<[string, number], SealedDelivery>(`${waiting} AND next_at <= ? ORDER BY number LIMIT 1`)
  const soonest = database.prepare<[string], SealedDelivery>(`${waiting} ORDER BY next_at, number LIMIT 1`)
  const done = database.prepare('DELETE FROM webhook_deliveries WHERE id = ?')
  const later = database.prepare('UPDATE webhook_deliveries SET attempts = attempts + 1, next_at = ?, dead = ?, problem = ? WHERE id = ?')
  const dead = database.prepare<[string, number], Delivery>(
    `SELECT ${columns} FROM webhook_deliveries WHERE webhook_id = ? AND dead = 1 ORDER BY number DESC LIMIT ?`,
  )
  const revive = database.prepare('UPDATE webhook_deliveries SET dead = 0, attempts = 0, next_at = ? WHERE webhook_id = ? AND dead = 1')
  const reviveOne = database.prepare(
    'UPDATE webhook_deliveries SET dead = 0, attempts = 0, next_at = ? WHERE webhook_id = ? AND id = ? AND dead = 1',
  )
  const counts = database.prepare<[string], { waiting: number; dead: number }>(
    'SELECT coalesce(sum(dead = 0), 0) AS waiting, coalesce(sum(dead = 1), 0) AS dead FROM webhook_deliveries WHERE webhook_id = ?',
  )
  const pending = database.prepare<[], string>('SELECT DISTINCT webhook_id FROM webhook_deliveries WHERE dead = 0').pluck()

  const sealed = (id: string, part: SealedPart): Buffer => sealer.seal(JSON.stringify(part), `webhook:${id}`)

  return {
    /** What the address carried as name and password is sealed with it and the secret. */
    add: ({ id, room, subject, url, types, ordered, createdAt }: Webhook, plain: string, userinfo: string | null): void =>
      void insert.run(
        id,
        room,
        subject,
        shownAddress(url),
        sealed(id, { url, secret: plain, userinfo }),
        JSON.stringify(types),
        ordered ? 1 : 0,
        createdAt,
      ),
    list: (room: string, subject: string): Webhook[] =>
      list.all(room, subject).map((row) => ({ ...row, types: JSON.parse(row.types) as string[], ordered: row.ordered === 1 })), // written two lines above
    /** Null when there is none any more; `opened` is null when it was sealed under a key that is not here. */
    target(id: string): { room: string; ordered: boolean; opened: SealedPart | null } | null {
      const row = secret.get(id)
      if (row === undefined) return null
      const text = openOrNull(row.secret, `webhook:${id}`)
      return { room: row.room, ordered: row.ordered === 1, opened: text === null ? null : (current(text) ?? older(text, row.url)) }
    },
    /** Webhooks of a room whose secret was sealed under a key that is not here. */
    locked: (room: string): string[] =>
      ofRoom
        .all(room)
        .filter((row) => openOrNull(row.secret, `webhook:${row.id}`) === null)
        .map(({ id }) => id),
    drop: (id: string): void => void removeOne.run(id),
    /** Seals the addresses that an earlier version kept as they were given, and leaves nothing of them in the file. */
    tidy(): void {
      const plain = every.all().flatMap(({ id, url, secret: sealedText }) => {
        const text = openOrNull(sealedText, `webhook:${id}`)
        return text === null || current(text) !== null ? [] : [{ id, part: older(text, url) }]
      })
      if (plain.length === 0) return
      erasing(database, () => {
        for (const { id, part } of plain) rewrite.run(shownAddress(part.url), sealed(id, part), id)
      })
    },
    remove: (room: string, subject: string, id: string): boolean => remove.run(room, subject, id).changes > 0,
    removeAll: (room: string, subject: string): void => void removeAll.run(room, subject),
    enqueue: (id: string, webhookId: string, type: string, body: string, now: number): void =>
      void add.run(id, webhookId, type, sealer.seal(body, `webhook-delivery:${id}`), now, now),
    /**
     * The one to deliver next, or to wait for: in order the first of all, otherwise the first that is due. `text` is null when it cannot be
     * opened.
     */
    next(webhookId: string, ordered: boolean, now: number): (Delivery & { text: string | null }) | null {
      const row = ordered ? first.get(webhookId) : (due.get(webhookId, now) ?? soonest.get(webhookId))
      if (row === undefined) return null
      const { body, ...delivery } = row
      return { ...delivery, text: openOrNull(body, `webhook-delivery:${delivery.id}`) }
    },
    done: (id: string): void => void done.run(id),
    failed: (id: string, problem: string, nextAt: number | null): void => void later.run(nextAt ?? 0, nextAt === null ? 1 : 0, problem, id),
    dead: (webhookId: string, limit: number): Delivery[] => dead.all(webhookId, limit),
    revive: (webhookId: string, now: number): number => revive.run(now, webhookId).changes,
    /** False when no such delivery was given up. */
    reviveOne: (webhookId: string, id: string, now: number): boolean => reviveOne.run(now, webhookId, id).changes > 0,
    counts: (webhookId: string): { waiting: number; dead: number } => counts.get(webhookId) ?? { waiting: 0, dead: 0 },
    /** Webhooks for which something waits. */
    pending: (): string[] => pending.all(),
  }
}

/** Null for a text of an earlier version, which was the secret alone or the secret and, on a line of its own, name and password. */
function current(text: string): SealedPart | null {
  return text.startsWith('{') ? sealedPart.parse(JSON.parse(text)) : null
}

function older(text: string, address: string): SealedPart {
  const end = text.indexOf('\n')
  const { url, userinfo } = splitUserinfo(address)
  return { url, secret: end === -1 ? text : text.slice(0, end), userinfo: end === -1 ? userinfo : text.slice(end + 1) }
}
