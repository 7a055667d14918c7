/** The table of APIs behind the relay: what each one's description says, read once. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { RelayFault } from '../fault.ts'
import type { ApiPlan } from './operations.ts'

export interface StoredApi {
  plan: ApiPlan
  /** Ids of the operations that are tools; null for all, those to come among them. */
  chosen: string[] | null
  /** Where the description is read from anew; null for one that was given as a file. */
  source: string | null
  readAt: number
}

type Row = { plan: string; chosen: string | null; source: Buffer | null; readAt: number }

export type ApiStore = ReturnType<typeof createApiStore>

export function createApiStore(database: Database, sealer: Sealer) {
  const find = database.prepare<[string], Row>('SELECT plan, chosen, source, read_at AS readAt FROM relay_apis WHERE upstream_id = ?')
  const put = database.prepare<[{ id: string } & Row]>(`
    INSERT INTO relay_apis (upstream_id, plan, chosen, source, read_at) VALUES (@id, @plan, @chosen, @source, @readAt)
    ON CONFLICT (upstream_id) DO UPDATE SET plan = @plan, chosen = @chosen, source = @source, read_at = @readAt`)

  return {
    /** Plans were written by us; the cast spares a schema for what passes through unread. */
    find(id: string): StoredApi | undefined {
      const row = find.get(id)
      if (row === undefined) return undefined
      return {
        plan: JSON.parse(row.plan) as ApiPlan,
        chosen: row.chosen === null ? null : (JSON.parse(row.chosen) as string[]),
        source: row.source === null ? null : opened(row.source, id),
        readAt: row.readAt,
      }
    },
    /** The address may carry a key, so it is sealed. */
    put: (id: string, { plan, chosen, source, readAt }: StoredApi): void =>
      void put.run({
        ...{ id, readAt },
        plan: JSON.stringify(plan),
        chosen: chosen === null ? null : JSON.stringify(chosen),
        source: source === null ? null : sealer.seal(source, contextOf(id)),
      }),
  }

  /** Null with a key that is lost: the API works on, and its description is then given as a file. */
  function opened(source: Buffer, id: string): string | null {
    try {
      return sealer.open(source, contextOf(id)).toString('utf8')
    } catch {
      return null
    }
  }
}

/** Throws `upstream-not-found`. */
export function storedApi(store: ApiStore, id: string): StoredApi {
  const stored = store.find(id)
  if (stored === undefined) throw new RelayFault('upstream-not-found', 'There is no such server, or it is no API', { id })
  return stored
}

function contextOf(id: string): string {
  return `relay:api:${id}`
}
