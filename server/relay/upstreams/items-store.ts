/** The table of prompts, resources and templates that a person has switched. */
import type { Database } from 'better-sqlite3'
import type { ItemKind } from '../contract/native-offered.ts'
import type { Offered } from './catalogue.ts'

export interface StoredItem {
  kind: ItemKind
  /** A prompt's name, a resource's address, a template's pattern. */
  name: string
  enabled: boolean
  /** As it was described when a person switched it; another description is held back. */
  agreed: Offered | null
}

type Row = Omit<StoredItem, 'enabled' | 'agreed'> & { enabled: number; agreed: string | null }

export type ItemsStore = ReturnType<typeof createItemsStore>

export function createItemsStore(database: Database) {
  const all = database.prepare<[string], Row>('SELECT kind, name, enabled, agreed FROM relay_items WHERE upstream_id = ?')
  const put = database.prepare<[Row & { upstreamId: string }]>(`
    INSERT INTO relay_items (upstream_id, kind, name, enabled, agreed) VALUES (@upstreamId, @kind, @name, @enabled, @agreed)
    ON CONFLICT (upstream_id, kind, name) DO UPDATE SET enabled = @enabled, agreed = @agreed`)

  return {
    /** Definitions were written by us; the cast spares a schema for what passes through unread. */
    items: (upstreamId: string): StoredItem[] =>
      all.all(upstreamId).map(({ enabled, agreed, ...row }) => ({
        ...row,
        enabled: enabled === 1,
        agreed: agreed === null ? null : (JSON.parse(agreed) as Offered),
      })),
    putItems: database.transaction((upstreamId: string, changed: readonly StoredItem[]): void => {
      for (const { enabled, agreed, ...item } of changed)
        put.run({ ...item, upstreamId, enabled: enabled ? 1 : 0, agreed: agreed === null ? null : JSON.stringify(agreed) })
    }),
  }
}
