/** The table of accounts. */
import type { Database } from 'better-sqlite3'

export interface StoredUser {
  id: string
  primaryEmail: string
  credits: number
  createdAt: number
}

export type UserStore = ReturnType<typeof createUserStore>

const columns = 'id, primary_email AS primaryEmail, credits, created_at AS createdAt'

export function createUserStore(database: Database) {
  const all = database.prepare<[], StoredUser>(`SELECT ${columns} FROM users ORDER BY created_at, id`)
  const find = database.prepare<[string], StoredUser>(`SELECT ${columns} FROM users WHERE id = ?`)
  const idOfEmail = database.prepare<[string], string>('SELECT id FROM users WHERE primary_email = ?').pluck()
  const insert = database.prepare<[StoredUser]>(`
    INSERT INTO users (id, primary_email, credits, created_at) VALUES (@id, @primaryEmail, @credits, @createdAt)`)
  const update = database.prepare<[StoredUser]>('UPDATE users SET primary_email = @primaryEmail, credits = @credits WHERE id = @id')
  const spend = database.prepare<[number, string]>('UPDATE users SET credits = max(0, credits - ?) WHERE id = ?')
  const remove = database.prepare<[string]>('DELETE FROM users WHERE id = ?')

  return {
    all: (): StoredUser[] => all.all(),
    find: (id: string): StoredUser | undefined => find.get(id),
    /** Upper and lower case are the same address. */
    idOfEmail: (email: string): string | undefined => idOfEmail.get(email),
    insert: (user: StoredUser): void => void insert.run(user),
    update: (user: StoredUser): void => void update.run(user),
    spend: (id: string, credits: number): void => void spend.run(credits, id),
    remove: (id: string): boolean => remove.run(id).changes > 0,
  }
}
