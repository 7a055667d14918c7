/** The rows of the site profiles that the person made. */
import type { Database } from 'better-sqlite3'

export interface ProfileRows {
  /** JSON as it was put. */
  find(name: string): string | null
  all(): { name: string; body: string }[]
  put(name: string, body: string, now: number): void
  /** False when there was none. Its secrets go with it. */
  remove(name: string): boolean
  /** By name; sealed. */
  secrets(profile: string): ReadonlyMap<string, Buffer>
  /** In place of all that it had, with the profile itself. */
  putWithSecrets(name: string, body: string, now: number, secrets: ReadonlyMap<string, Buffer>): void
}

export function createProfileRows(database: Database): ProfileRows {
  const find = database.prepare<[string], { body: string }>('SELECT body FROM site_profiles WHERE name = ?')
  const all = database.prepare<[], { name: string; body: string }>('SELECT name, body FROM site_profiles ORDER BY name')
  const put = database.prepare(
    `INSERT INTO site_profiles (name, body, updated_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at`,
  )
  const remove = database.prepare('DELETE FROM site_profiles WHERE name = ?')
  const secrets = database.prepare<[string], { name: string; sealed: Buffer }>(
    'SELECT name, sealed FROM site_profile_secrets WHERE profile = ?',
  )
  const putSecret = database.prepare('INSERT INTO site_profile_secrets (profile, name, sealed) VALUES (?, ?, ?)')
  const removeSecrets = database.prepare('DELETE FROM site_profile_secrets WHERE profile = ?')
  return {
    find: (name) => find.get(name)?.body ?? null,
    all: () => all.all(),
    put: (name, body, now) => void put.run(name, body, now),
    remove: database.transaction((name: string) => {
      removeSecrets.run(name)
      return remove.run(name).changes > 0
    }),
    secrets: (profile) => new Map(secrets.all(profile).map(({ name, sealed }) => [name, sealed])),
    putWithSecrets: database.transaction((name: string, body: string, now: number, sealed: ReadonlyMap<string, Buffer>) => {
      put.run(name, body, now)
      removeSecrets.run(name)
      for (const [each, text] of sealed) putSecret.run(name, each, text)
    }),
  }
}
