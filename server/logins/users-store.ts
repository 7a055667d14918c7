/** The table of the legacy login's users. */
import type { Database } from 'better-sqlite3'

export interface StoredLoginUser {
  id: string
  username: string
  fullName: string
  roleName: string
  permissions: string[]
  passwordHash: string
  active: boolean
  createdAt: number
  lastLoginAt: number | null
}

interface Row extends Omit<StoredLoginUser, 'permissions' | 'active'> {
  permissions: string
  active: number
}

export type LoginUserStore = ReturnType<typeof createLoginUserStore>

const columns = 'id, username, full_name AS fullName, role_name AS roleName, permissions, password_hash AS passwordHash, active, created_at AS createdAt, last_login_at AS lastLoginAt'

export function createLoginUserStore(database: Database) {
  const all = database.prepare<[], Row>(`SELECT ${columns} FROM login_users ORDER BY username`)
  const find = database.prepare<[string], Row>(`SELECT ${columns} FROM login_users WHERE id = ?`)
  const byName = database.prepare<[string], Row>(`SELECT ${columns} FROM login_users WHERE username = ?`)
  const put = database.prepare(
    `INSERT INTO login_users (id, username, full_name, role_name, permissions, password_hash, active, created_at, last_login_at)
     VALUES (@id, @username, @fullName, @roleName, @permissions, @passwordHash, @active, @createdAt, @lastLoginAt)
     ON CONFLICT (id) DO UPDATE SET full_name = @fullName, role_name = @roleName, permissions = @permissions, password_hash = @passwordHash, active = @active`,
  )
  const loggedIn = database.prepare('UPDATE login_users SET last_login_at = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM login_users WHERE id = ?')

  return {
    all: (): StoredLoginUser[] => all.all().map(userOf),
    find: (id: string): StoredLoginUser | undefined => optional(find.get(id)),
    /** Upper and lower case are the same name. */
    byName: (username: string): StoredLoginUser | undefined => optional(byName.get(username)),
    put: (user: StoredLoginUser): void => void put.run({ ...user, permissions: JSON.stringify(user.permissions), active: user.active ? 1 : 0 }),
    loggedIn: (id: string, at: number): void => void loggedIn.run(at, id),
    remove: (id: string): boolean => remove.run(id).changes > 0,
  }
}

function optional(row: Row | undefined): StoredLoginUser | undefined {
  return row === undefined ? undefined : userOf(row)
}

function userOf({ permissions, active, ...row }: Row): StoredLoginUser {
  // Written by us as a list of strings.
  return { ...row, permissions: JSON.parse(permissions) as string[], active: active === 1 }
}
