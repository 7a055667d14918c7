/** The table of profiles of sessions. */
import type { Database } from 'better-sqlite3'
import { sessionPolicy, type SessionPolicy } from '../contract/parts.ts'
import { opensNothing } from './store.ts'

export interface StoredProfile {
  id: string
  name: string
  policy: SessionPolicy
  createdAt: number
  changedAt: number
}
type Row = Omit<StoredProfile, 'policy'> & { policy: string }

export type ProfileStore = ReturnType<typeof createProfileStore>

export function createProfileStore(database: Database) {
  const columns = 'id, name, policy, created_at AS createdAt, changed_at AS changedAt'
  const all = database.prepare<[], Row>(`SELECT ${columns} FROM relay_profiles ORDER BY name, id`)
  const put = database.prepare<[Row]>(`
    INSERT INTO relay_profiles (id, name, policy, created_at, changed_at) VALUES (@id, @name, @policy, @createdAt, @changedAt)
    ON CONFLICT (id) DO UPDATE SET name = @name, policy = @policy, changed_at = @changedAt`)
  const remove = database.prepare<[string]>('DELETE FROM relay_profiles WHERE id = ?')
  return {
    /** Through the schema, so that a policy of an older version has today's fields; one that cannot be read costs nobody the others. */
    all: (): StoredProfile[] =>
      all.all().map((row) => ({ ...row, policy: sessionPolicy.catch(opensNothing).parse(JSON.parse(row.policy)) })),
    put: (profile: StoredProfile): void => void put.run({ ...profile, policy: JSON.stringify(profile.policy) }),
    remove: (id: string): void => void remove.run(id),
  }
}
