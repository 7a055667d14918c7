/** The table of accounts. */
import type { Database } from 'better-sqlite3'

export interface StoredUser {
  id: string
  primaryEmail: string
  credits: number
  createdAt: number
}

export type UserStore = ReturnType<typeof createUserStore>

/** Accounts kept in memory at once. */
const keep = 10_000

const columns = 'id, primary_email AS primaryEmail, credits, created_at AS createdAt'

export function createUserStore(database: Database) {
  const all = database.prepare<[], StoredUser>(`SELECT ${columns} FROM users ORDER BY created_at, id`)
  const find = database.prepare<[string], StoredUser>(`SELECT ${columns} FROM users WHERE id = ?`)
  const idOfEmail = database.prepare<[string], string>('SELECT id FROM users WHERE primary_email = ?').pluck()
  const insert = database.prepare<[StoredUser]>(`
    INSERT INTO users (id, primary_email, credits, created_at) VALUES (@id, @primaryEmail, @credits, @createdAt)`)
  const update = database.prepare<[StoredUser]>('UPDATE users SET primary_email = @primaryEmail, credits = @credits WHERE id = @id')
  const spend = database.prepare<{ id: string; credits: number }>(
    'UPDATE users SET credits = credits - @credits WHERE id = @id AND credits >= @credits',
  )
  const left = database.prepare<[string], number>('SELECT credits FROM users WHERE id = ?').pluck()
  const remove = database.prepare<[string]>('DELETE FROM users WHERE id = ?')

  /** As they stand in the table, since every call of the relay asks twice; what changes one takes it out. */
  const known = new Map<string, StoredUser>()
  const read = (id: string): StoredUser | undefined => {
    const user = find.get(id)
    // Within a transaction it may be a state that never comes to be.
    if (user === undefined || database.inTransaction) return user
    if (known.size >= keep) known.clear()
    known.set(id, user)
    return user
  }

  return {
    all: (): StoredUser[] => all.all(),
    find: (id: string): StoredUser | undefined => known.get(id) ?? read(id),
    /** Upper and lower case are the same address. */
    idOfEmail: (email: string): string | undefined => idOfEmail.get(email),
    insert: (user: StoredUser): void => void insert.run(user),
    update(user: StoredUser): void {
      known.delete(user.id)
      update.run(user)
    },
    /** As many as there are; how many that were. */
    spend(id: string, credits: number): number {
      known.delete(id)
      if (spend.run({ id, credits }).changes === 1) return credits
      const there = left.get(id) ?? 0
      if (there > 0) spend.run({ id, credits: there })
      return there
    },
    remove(id: string): boolean {
      known.delete(id)
      return remove.run(id).changes > 0
    },
  }
}
