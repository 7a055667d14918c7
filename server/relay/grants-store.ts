/** The table of what remote servers granted us; sealed, since tokens are in it. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../secrets/sealer.ts'
import type { KeptGrant } from './grant.ts'

export type GrantStore = ReturnType<typeof createGrantStore>

export function createGrantStore(database: Database, sealer: Sealer) {
  const find = database.prepare<[string], Buffer>('SELECT sealed FROM relay_grants WHERE upstream_id = ?').pluck()
  const put = database.prepare<[string, Buffer, number]>('INSERT INTO relay_grants (upstream_id, sealed, changed_at) VALUES (?, ?, ?) ON CONFLICT (upstream_id) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at')
  const remove = database.prepare<[string]>('DELETE FROM relay_grants WHERE upstream_id = ?')
  const place = (id: string): string => `relay:grant:${id}`
  return {
    /** Nothing when it was granted for another address: whoever answers there now must not see these tokens. */
    find(id: string, url: string): KeptGrant {
      const sealed = find.get(id)
      if (sealed === undefined) return {}
      // Written by `put` below and sealed since.
      const kept = JSON.parse(sealer.open(sealed, place(id)).toString('utf8')) as { url: string; grant: KeptGrant }
      return kept.url === url ? kept.grant : {}
    },
    put: (id: string, url: string, grant: KeptGrant, now: number): void => void put.run(id, sealer.seal(JSON.stringify({ url, grant }), place(id)), now),
    remove: (id: string): void => void remove.run(id),
  }
}
