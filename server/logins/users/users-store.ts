/** Where the legacy login's users are kept, and the SQLite side of it. They are shared by whoever shares the sessions. */
import type { Database } from 'better-sqlite3'
import type { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'

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

export interface LoginUserStore {
  /** By name. */
  all(): Promise<StoredLoginUser[]>
  find(id: string): Promise<StoredLoginUser | undefined>
  /** Upper and lower case (of ASCII) are the same name. */
  byName(username: string): Promise<StoredLoginUser | undefined>
  /** Throws `user-taken`. */
  add(user: StoredLoginUser): Promise<void>
  /** Writes what `change` makes of the user as it is then, as one step; undefined when there is none. `id` and `username` stay. */
  update(id: string, change: (user: StoredLoginUser) => StoredLoginUser): Promise<StoredLoginUser | undefined>
  loggedIn(id: string, at: number): Promise<void>
  remove(id: string): Promise<boolean>
}

interface Row extends Omit<StoredLoginUser, 'permissions' | 'active'> {
  permissions: string
  active: number
}

const columns =
  'id, username, full_name AS fullName, role_name AS roleName, permissions, password_hash AS passwordHash, active, created_at AS createdAt, last_login_at AS lastLoginAt'

export function createLoginUserStore(database: Database): LoginUserStore {
  const all = database.prepare<[], Row>(`SELECT ${columns} FROM login_users ORDER BY username`)
  const find = database.prepare<[string], Row>(`SELECT ${columns} FROM login_users WHERE id = ?`)
  const byName = database.prepare<[string], Row>(`SELECT ${columns} FROM login_users WHERE username = ?`)
  const add = database.prepare(
    `INSERT INTO login_users (id, username, full_name, role_name, permissions, password_hash, active, created_at, last_login_at)
     VALUES (@id, @username, @fullName, @roleName, @permissions, @passwordHash, @active, @createdAt, @lastLoginAt)
     ON CONFLICT (username) DO NOTHING`,
  )
  const update = database.prepare(
    'UPDATE login_users SET full_name = @fullName, role_name = @roleName, permissions = @permissions, password_hash = @passwordHash, active = @active WHERE id = @id',
  )
  const loggedIn = database.prepare('UPDATE login_users SET last_login_at = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM login_users WHERE id = ?')

  return {
    all: async () => all.all().map(userOf),
    find: async (id) => optional(find.get(id)),
    byName: async (username) => optional(byName.get(username)),
    async add(user) {
      if (add.run(rowOf(user)).changes === 0) throw takenName()
    },
    async update(id, change) {
      const before = optional(find.get(id))
      if (before === undefined) return undefined
      const after = change(before)
      update.run(rowOf(after))
      return after
    },
    loggedIn: async (id, at) => void loggedIn.run(at, id),
    remove: async (id) => remove.run(id).changes > 0,
  }
}

export function takenName(): Fault {
  return new LoginFault('user-taken', 'Another user has this name')
}

function optional(row: Row | undefined): StoredLoginUser | undefined {
  return row === undefined ? undefined : userOf(row)
}

function rowOf(user: StoredLoginUser): Row {
  return { ...user, permissions: JSON.stringify(user.permissions), active: user.active ? 1 : 0 }
}

function userOf({ permissions, active, ...row }: Row): StoredLoginUser {
  // Written by us as a list of strings.
  return { ...row, permissions: JSON.parse(permissions) as string[], active: active === 1 }
}
