/** The rows of the site profiles that the person made. */
import type { Database } from 'better-sqlite3'

export interface ProfileRows {
  /** JSON as it was put. */
  find(name: string): string | null
  all(): { name: string; body: string }[]
  put(name: string, body: string, now: number): void
  /** False when there was none. */
  remove(name: string): boolean
}

export function createProfileRows(database: Database): ProfileRows {
  const find = database.prepare<[string], { body: string }>('SELECT body FROM site_profiles WHERE name = ?')
  const all = database.prepare<[], { name: string; body: string }>('SELECT name, body FROM site_profiles ORDER BY name')
  const put = database.prepare(
    `INSERT INTO site_profiles (name, body, updated_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at`,
  )
  const remove = database.prepare('DELETE FROM site_profiles WHERE name = ?')
  return {
    find: (name) => find.get(name)?.body ?? null,
    all: () => all.all(),
    put: (name, body, now) => void put.run(name, body, now),
    remove: (name) => remove.run(name).changes > 0,
  }
}
