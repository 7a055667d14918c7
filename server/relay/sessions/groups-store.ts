/** The table of groups of tools. */
import type { Database } from 'better-sqlite3'
import type { ItemRef } from '../contract/parts.ts'

export interface StoredGroup {
  id: string
  name: string
  tools: ItemRef[]
  createdAt: number
}

export type GroupStore = ReturnType<typeof createGroupStore>

export function createGroupStore(database: Database) {
  const all = database.prepare<[], Omit<StoredGroup, 'tools'> & { tools: string }>(
    'SELECT id, name, tools, created_at AS createdAt FROM relay_tool_groups ORDER BY name, id',
  )
  const put = database.prepare<[Omit<StoredGroup, 'tools'> & { tools: string }]>(`
    INSERT INTO relay_tool_groups (id, name, tools, created_at) VALUES (@id, @name, @tools, @createdAt)
    ON CONFLICT (id) DO UPDATE SET name = @name, tools = @tools`)
  const remove = database.prepare<[string]>('DELETE FROM relay_tool_groups WHERE id = ?')
  return {
    /** Written by us, so the cast spares a schema. */
    all: (): StoredGroup[] => all.all().map((row) => ({ ...row, tools: JSON.parse(row.tools) as ItemRef[] })),
    put: (group: StoredGroup): void => void put.run({ ...group, tools: JSON.stringify(group.tools) }),
    remove: (id: string): void => void remove.run(id),
  }
}
