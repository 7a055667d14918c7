/** The tables of webhooks. Secrets and bodies are sealed. */
import type { Database } from 'better-sqlite3'
import { splitUserinfo } from '../http/userinfo.ts'
import type { Sealer } from '../secrets/sealer.ts'

export interface Webhook {
  id: string
  room: string
  subject: string
  url: string
  types: string[]
  /** Each delivery waits for the one before it; otherwise one that fails steps aside. */
  ordered: boolean
  createdAt: number
}

type RawWebhook = Omit<Webhook, 'types' | 'ordered'> & { types: string; ordered: number }
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
  const insert = database.prepare('INSERT INTO webhooks (id, room, subject, url, secret, types, ordered, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const list = database.prepare<[string, string], RawWebhook>('SELECT id, room, subject, url, types, ordered, created_at AS createdAt FROM webhooks WHERE room = ? AND subject = ? ORDER BY created_at, id')
  const secret = database.prepare<[string], { room: string; url: string; secret: Buffer; ordered: number }>('SELECT room, url, secret, ordered FROM webhooks WHERE id = ?')
  const ofRoom = database.prepare<[string], { id: string; secret: Buffer }>('SELECT id, secret FROM webhooks WHERE room = ?')
  const removeOne = database.prepare('DELETE FROM webhooks WHERE id = ?')
  const withAt = database.prepare<[], { id: string; url: string }>("SELECT id, url FROM webhooks WHERE url LIKE '%@%'")
  const rewrite = database.prepare('UPDATE webhooks SET url = ?, secret = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM webhooks WHERE room = ? AND subject = ? AND id = ?')
  const removeAll = database.prepare('DELETE FROM webhooks WHERE room = ? AND subject = ?')
  const columns = 'id, webhook_id AS webhookId, type, attempts, next_at AS nextAt, problem, created_at AS createdAt'
  const add = database.prepare('INSERT INTO webhook_deliveries (id, webhook_id, type, body, attempts, next_at, dead, created_at) VALUES (?, ?, ?, ?, 0, ?, 0, ?)')
  const waiting = `SELECT ${columns}, body FROM webhook_deliveries WHERE webhook_id = ? AND dead = 0`
  const first = database.prepare<[string], SealedDelivery>(`${waiting} ORDER BY number LIMIT 1`)
  const due = database.prepare<[string, number], SealedDelivery>(`${waiting} AND next_at <= ? ORDER BY number LIMIT 1`)
  const soonest = database.prepare<[string], SealedDelivery>(`${waiting} ORDER BY next_at, number LIMIT 1`)
  const done = database.prepare('DELETE FROM webhook_deliveries WHERE id = ?')
  const later = database.prepare('UPDATE webhook_deliveries SET attempts = attempts + 1, next_at = ?, dead = ?, problem = ? WHERE id = ?')
  const dead = database.prepare<[string, number], Delivery>(`SELECT ${columns} FROM webhook_deliveries WHERE webhook_id = ? AND dead = 1 ORDER BY number DESC LIMIT ?`)
  const revive = database.prepare('UPDATE webhook_deliveries SET dead = 0, attempts = 0, next_at = ? WHERE webhook_id = ? AND dead = 1')
  const reviveOne = database.prepare('UPDATE webhook_deliveries SET dead = 0, attempts = 0, next_at = ? WHERE webhook_id = ? AND id = ? AND dead = 1')
  const counts = database.prepare<[string], { waiting: number; dead: number }>('SELECT coalesce(sum(dead = 0), 0) AS waiting, coalesce(sum(dead = 1), 0) AS dead FROM webhook_deliveries WHERE webhook_id = ?')
  const pending = database.prepare<[], string>('SELECT DISTINCT webhook_id FROM webhook_deliveries WHERE dead = 0').pluck()

  return {
    /** What the address carried as name and password is sealed with the secret. */
    add: ({ id, room, subject, url, types, ordered, createdAt }: Webhook, plain: string, userinfo: string | null): void => void insert.run(id, room, subject, url, sealer.seal(sealedText(plain, userinfo), `webhook:${id}`), JSON.stringify(types), ordered ? 1 : 0, createdAt),
    list: (room: string, subject: string): Webhook[] => list.all(room, subject).map((row) => ({ ...row, types: JSON.parse(row.types) as string[], ordered: row.ordered === 1 })), // written two lines above
    /** Null when there is none any more; `opened` is null when it was sealed under a key that is not here. */
    target(id: string): { room: string; ordered: boolean; url: string; opened: { secret: string; userinfo: string | null } | null } | null {
      const row = secret.get(id)
      if (row === undefined) return null
      const text = openOrNull(row.secret, `webhook:${id}`)
      const [plain = '', userinfo = null] = splitOnce(text ?? '')
      return { room: row.room, ordered: row.ordered === 1, url: row.url, opened: text === null ? null : { secret: plain, userinfo } }
    },
    /** Webhooks of a room whose secret was sealed under a key that is not here. */
    locked: (room: string): string[] => ofRoom.all(room).filter((row) => openOrNull(row.secret, `webhook:${row.id}`) === null).map(({ id }) => id),
    drop: (id: string): void => void removeOne.run(id),
    /** Takes names and passwords out of the addresses that an earlier version kept as they were given. */
    tidy(): void {
      for (const { id, url } of withAt.all()) {
        const split = splitUserinfo(url)
        const row = secret.get(id)
        if (split.userinfo === null || row === undefined) continue
        const text = openOrNull(row.secret, `webhook:${id}`)
        if (text === null) continue
        const [plain = ''] = splitOnce(text)
        rewrite.run(split.url, sealer.seal(sealedText(plain, split.userinfo), `webhook:${id}`), id)
      }
    },
    remove: (room: string, subject: string, id: string): boolean => remove.run(room, subject, id).changes > 0,
    removeAll: (room: string, subject: string): void => void removeAll.run(room, subject),
    enqueue: (id: string, webhookId: string, type: string, body: string, now: number): void => void add.run(id, webhookId, type, sealer.seal(body, `webhook-delivery:${id}`), now, now),
    /**
     * The one to deliver next, or to wait for: in order the first of all, otherwise the first that is due. `text` is null when it cannot be opened.
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

/** A secret is one line. */
const sealedText = (plain: string, userinfo: string | null): string => (userinfo === null ? plain : `${plain}\n${userinfo}`)

function splitOnce(text: string): string[] {
  const end = text.indexOf('\n')
  return end === -1 ? [text] : [text.slice(0, end), text.slice(end + 1)]
}
