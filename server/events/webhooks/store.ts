/** The table of webhooks. Addresses, secrets and headers are sealed; of an address the table has what may be shown. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import { shownAddress } from '../../http/shown-address.ts'
import { splitUserinfo } from '../../http/userinfo.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import { erasing } from '../../store/database.ts'
import { choices, type Standing, type Webhook } from './webhook.ts'

/** What a delivery is sent with: whoever knows it can call the address in our place. */
const sealedPart = z.object({
  url: z.string(),
  secret: z.string(),
  userinfo: z.string().nullable(),
  headers: z.record(z.string(), z.string()).default({}),
})
export type SealedPart = z.output<typeof sealedPart>

/** A webhook with what it is called with; `opened` is null when that was sealed under a key that is not here. */
export type Target = Webhook & { opened: SealedPart | null }

interface Row {
  id: string
  room: string
  subject: string
  url: string
  types: string
  ordered: number
  choices: string
  standing: Standing
  standingSince: number | null
  dropped: number
  droppedAt: number | null
  createdAt: number
}

export type WebhookStore = ReturnType<typeof createWebhookStore>

const columns = `id, room, subject, url, types, ordered, choices, standing, standing_since AS standingSince, dropped,
  dropped_at AS droppedAt, created_at AS createdAt`

/** @param room whose webhooks `ids` names; those of all rooms without it */
export function createWebhookStore(database: Database, sealer: Sealer, room: string | null = null) {
  const openOrNull = (id: string, part: Buffer): string | null => {
    try {
      return sealer.open(part, `webhook:${id}`).toString()
    } catch {
      return null
    }
  }
  const insert = database.prepare(
    'INSERT INTO webhooks (id, room, subject, url, secret, types, ordered, choices, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const change = database.prepare('UPDATE webhooks SET url = ?, secret = ?, types = ?, ordered = ?, choices = ? WHERE id = ?')
  const list = database.prepare<[string, string], Row>(
    `SELECT ${columns} FROM webhooks WHERE room = ? AND subject = ? ORDER BY created_at, id`,
  )
  const one = database.prepare<[string], Row & { secret: Buffer }>(`SELECT ${columns}, secret FROM webhooks WHERE id = ?`)
  const ofRoom = database.prepare<[string], Row & { secret: Buffer }>(
    `SELECT ${columns}, secret FROM webhooks WHERE room = ? ORDER BY created_at, id`,
  )
  const choose = database.prepare('UPDATE webhooks SET choices = ? WHERE id = ?')
  const stand = database.prepare('UPDATE webhooks SET standing = ?, standing_since = ? WHERE id = ?')
  const drop = database.prepare('UPDATE webhooks SET dropped = dropped + ?, dropped_at = ? WHERE id = ?')
  const forgetDropped = database.prepare('UPDATE webhooks SET dropped = 0, dropped_at = NULL WHERE id = ?')
  const keptSince = database.prepare<[string], number | null>('SELECT kept_since FROM webhooks WHERE id = ?').pluck()
  const setKeptSince = database.prepare('UPDATE webhooks SET kept_since = max(coalesce(kept_since, 0), ?) WHERE id = ?')
  const every = database.prepare<[], { id: string; url: string; secret: Buffer }>('SELECT id, url, secret FROM webhooks')
  const ids = database.prepare<[string | null], string>('SELECT id FROM webhooks WHERE room = coalesce(?, room)').pluck()
  const rewrite = database.prepare('UPDATE webhooks SET url = ?, secret = ? WHERE id = ?')
  const removeOne = database.prepare('DELETE FROM webhooks WHERE id = ?')
  const remove = database.prepare('DELETE FROM webhooks WHERE room = ? AND subject = ? AND id = ?')
  const removeAll = database.prepare('DELETE FROM webhooks WHERE room = ? AND subject = ?')

  const sealed = (id: string, part: SealedPart): Buffer => sealer.seal(JSON.stringify(part), `webhook:${id}`)
  const chosen = ({ keys, kind, headerNames, atOnce, waits, keepFor, media }: Webhook): string =>
    JSON.stringify({ keys, kind, headerNames, atOnce, waits, keepFor, media })

  return {
    /** What the address carried as name and password is sealed with it and the secret. */
    add: (webhook: Webhook, part: SealedPart): void => {
      const { id, room, subject, types, ordered, createdAt } = webhook
      const kept = [id, room, subject, shownAddress(part.url), sealed(id, part), JSON.stringify(types), ordered ? 1 : 0, chosen(webhook)]
      insert.run(...kept, createdAt)
    },
    change: (webhook: Webhook, part: SealedPart): void => {
      const { id, types, ordered } = webhook
      change.run(shownAddress(part.url), sealed(id, part), JSON.stringify(types), ordered ? 1 : 0, chosen(webhook), id)
    },
    list: (room: string, subject: string): Webhook[] => list.all(room, subject).map(webhookOf),
    ofRoom: (room: string): Webhook[] => ofRoom.all(room).map(({ secret: _, ...row }) => webhookOf(row)),
    ids: (): string[] => ids.all(room),
    /** Null when there is none any more. */
    target(id: string): Target | null {
      const row = one.get(id)
      if (row === undefined) return null
      const { secret, ...rest } = row
      const text = openOrNull(id, secret)
      return { ...webhookOf(rest), opened: text === null ? null : (current(text) ?? older(text, row.url)) }
    },
    rename(webhook: Webhook, was: string, key: string): void {
      if (!webhook.keys.includes(was)) return
      const keys = [...new Set(webhook.keys.map((each) => (each === was ? key : each)))]
      choose.run(chosen({ ...webhook, keys }), webhook.id)
    },
    stand: (id: string, standing: Standing, now: number): void => void stand.run(standing, now, id),
    drop: (id: string, count: number, now: number): void => void drop.run(count, now, id),
    forgetDropped: (id: string): void => void forgetDropped.run(id),
    /** Of events before it some are gone; null while all are here. */
    keptSince: (id: string): number | null => keptSince.get(id) ?? null,
    setKeptSince: (id: string, at: number): void => void setKeptSince.run(at, id),
    /** Webhooks of a room whose secret was sealed under a key that is not here. */
    locked: (room: string): string[] =>
      ofRoom
        .all(room)
        .filter(({ id, secret }) => openOrNull(id, secret) === null)
        .map(({ id }) => id),
    removeOne: (id: string): void => void removeOne.run(id),
    remove: (room: string, subject: string, id: string): boolean => remove.run(room, subject, id).changes > 0,
    removeAll: (room: string, subject: string): void => void removeAll.run(room, subject),
    /** Seals the addresses that an earlier version kept as they were given, and leaves nothing of them in the file. */
    tidy(): void {
      const plain = every.all().flatMap(({ id, url, secret }) => {
        const text = openOrNull(id, secret)
        return text === null || current(text) !== null ? [] : [{ id, part: older(text, url) }]
      })
      if (plain.length === 0) return
      erasing(database, () => {
        for (const { id, part } of plain) rewrite.run(shownAddress(part.url), sealed(id, part), id)
      })
    },
  }
}

function webhookOf({ types, ordered, choices: chosen, ...row }: Row): Webhook {
  // Both are written above, as JSON of what they are read as.
  return { ...row, types: JSON.parse(types) as string[], ordered: ordered === 1, ...choices.parse(JSON.parse(chosen)) }
}

/** Null for a text of an earlier version, which was the secret alone or the secret and, on a line of its own, name and password. */
function current(text: string): SealedPart | null {
  return text.startsWith('{') ? sealedPart.parse(JSON.parse(text)) : null
}

function older(text: string, address: string): SealedPart {
  const end = text.indexOf('\n')
  const { url, userinfo } = splitUserinfo(address)
  return { url, secret: end === -1 ? text : text.slice(0, end), userinfo: end === -1 ? userinfo : text.slice(end + 1), headers: {} }
}
