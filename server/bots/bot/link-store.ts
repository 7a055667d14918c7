/** The table of a bot's link: what an engine keeps, sealed row by row. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import type { Arrival, LinkRow, LinkRows } from '../engine/link.ts'
import { locked } from '../locked/locked.ts'
import type { InboxStore } from '../messages/inbox-store.ts'

/** What reads a row throws `bot-locked` when no key that is here opens it. */
export interface StoredLink extends LinkRows {
  all(): { kind: string; id: string; value: Buffer }[]
  /** Puts these rows in the place of all that were there, in one transaction. */
  replace(rows: readonly LinkRow[]): void
}

export function createLinkStore(database: Database, sealer: Sealer, userId: string, inbox: InboxStore): StoredLink {
  const one = database
    .prepare<[string, string, string], Buffer>('SELECT sealed FROM bot_auth WHERE user_id = ? AND kind = ? AND id = ?')
    .pluck()
  const every = database.prepare<[string], { kind: string; id: string; sealed: Buffer }>(
    'SELECT kind, id, sealed FROM bot_auth WHERE user_id = ?',
  )
  const write = database.prepare(
    'INSERT INTO bot_auth (user_id, kind, id, sealed) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed',
  )
  const erase = database.prepare('DELETE FROM bot_auth WHERE user_id = ? AND kind = ? AND id = ?')
  const eraseAll = database.prepare('DELETE FROM bot_auth WHERE user_id = ?')
  const place = (kind: string, id: string): string => `bots:auth:${userId}:${kind}:${id}`
  const openLink = (sealed: Buffer, kind: string, id: string): Buffer => {
    try {
      return sealer.open(sealed, place(kind, id))
    } catch (error) {
      throw locked(error)
    }
  }

  const put = database.transaction((rows: readonly LinkRow[], arrivals: readonly Arrival[] = []) => {
    for (const arrival of arrivals) inbox.add(userId, arrival)
    for (const { kind, id, value } of rows) {
      if (value === null) erase.run(userId, kind, id)
      else write.run(userId, kind, id, sealer.seal(value, place(kind, id)))
    }
  })
  return {
    get(kind, ids) {
      const found = new Map<string, Buffer>()
      for (const id of ids) {
        const sealed = one.get(userId, kind, id)
        if (sealed !== undefined) found.set(id, openLink(sealed, kind, id))
      }
      return found
    },
    // What has arrived is acknowledged next.
    put: (rows, { arrivals = [], durable = false } = {}) =>
      durable || arrivals.length > 0 ? put(rows, arrivals) : quickly(database, () => put(rows)),
    recall: (digest) => inbox.recall(userId, digest),
    all: () => every.all(userId).map(({ kind, id, sealed }) => ({ kind, id, value: openLink(sealed, kind, id) })),
    replace: database.transaction((rows: readonly LinkRow[]) => {
      eraseAll.run(userId)
      put(rows)
    }),
  }
}
