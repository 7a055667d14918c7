/** The table of what remote servers granted us; sealed, since tokens are in it. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import type { KeptOAuthClient } from './oauth-client.ts'

export type OAuthClientStore = ReturnType<typeof createOAuthClientStore>

export function createOAuthClientStore(database: Database, sealer: Sealer) {
  const find = database.prepare<[string], Buffer>('SELECT sealed FROM relay_grants WHERE upstream_id = ?').pluck()
  const put = database.prepare<[string, Buffer, number]>(
    'INSERT INTO relay_grants (upstream_id, sealed, changed_at) VALUES (?, ?, ?) ON CONFLICT (upstream_id) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at',
  )
  const remove = database.prepare<[string]>('DELETE FROM relay_grants WHERE upstream_id = ?')
  const all = database.prepare<[], { id: string; sealed: Buffer }>('SELECT upstream_id AS id, sealed FROM relay_grants')
  const place = (id: string): string => `relay:grant:${id}`
  const opened = (id: string, sealed: Buffer): { url: string; grant: KeptOAuthClient } | null => {
    try {
      // Written by `put` below and sealed since.
      return JSON.parse(sealer.open(sealed, place(id)).toString('utf8')) as { url: string; grant: KeptOAuthClient }
    } catch {
      return null
    }
  }
  return {
    /** The servers whose clients were sealed with a key that is not here. */
    locked: (): string[] =>
      all
        .all()
        .filter(({ id, sealed }) => opened(id, sealed) === null)
        .map(({ id }) => id),
    /**
     * Nothing when it is locked, so that what needs no tokens goes on, and when it was granted for another address: whoever answers there
     * now must not see these tokens.
     */
    find(id: string, url: string): KeptOAuthClient {
      const sealed = find.get(id)
      const kept = sealed === undefined ? null : opened(id, sealed)
      return kept?.url === url ? kept.grant : {}
    },
    put: (id: string, url: string, client: KeptOAuthClient, now: number): void =>
      void put.run(id, sealer.seal(JSON.stringify({ url, grant: client }), place(id)), now),
    remove: (id: string): void => void remove.run(id),
  }
}
