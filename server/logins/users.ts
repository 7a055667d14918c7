/** Users of the legacy login: kept with scrypt hashes, checked behind a guard against guessing. */
import type { Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { Fault } from '../fault.ts'
import { checkPassword, hashPassword } from '../secrets/hash.ts'
import { randomBase62 } from '../secrets/random.ts'
import type { AttemptGuard } from './attempts.ts'
import type { LoginUserStore, StoredLoginUser } from './users-store.ts'

export interface NewLoginUser {
  username: string
  fullName: string
  role: string
  permissions: string[]
  password: string
}

export interface LoginUserPatch {
  fullName?: string | undefined
  role?: string | undefined
  permissions?: string[] | undefined
  password?: string | undefined
  active?: boolean | undefined
}

export interface LoginUsers {
  list(): StoredLoginUser[]
  find(id: string): StoredLoginUser | undefined
  /** Throws `user-taken`. */
  create(user: NewLoginUser, actor: string): Promise<StoredLoginUser>
  /** Throws `user-not-found`. `endsSessions` says that what the old password or role opened must not stay open. */
  change(id: string, patch: LoginUserPatch, actor: string): Promise<{ user: StoredLoginUser; endsSessions: boolean }>
  /** Throws `user-not-found`. */
  remove(id: string, actor: string): StoredLoginUser
  /** Throws `missing-credentials`, `invalid-credentials`, `user-inactive`, `too-many-attempts`. */
  signIn(username: string, password: string, address: string): Promise<StoredLoginUser>
}

/** One derivation takes 128 MiB and a quarter of a second: more at once would starve the rest of the house. */
const derivationsAtOnce = 2
const derivationsWaiting = 20

export function createLoginUsers({ store, attempts, clock, events }: { store: LoginUserStore; attempts: AttemptGuard; clock: Clock; events: EventSink }): LoginUsers {
  const derive = createTurnstile(derivationsAtOnce, derivationsWaiting)
  /** Unknown names cost the same time as wrong passwords; made when first needed, since it takes a quarter of a second. */
  let nobodysHash: Promise<string> | undefined

  function known(id: string): StoredLoginUser {
    const user = store.find(id)
    if (user === undefined) throw new Fault('user-not-found', 'There is no such user')
    return user
  }

  function tell(type: string, title: string, user: StoredLoginUser, actor: string): void {
    events.emit({ room: 'logins', type, title, subject: user.username, actor, data: { user: user.id, role: user.roleName, active: user.active } })
  }

  return {
    list: () => store.all(),
    find: (id) => store.find(id),

    async create({ username, fullName, role, permissions, password }, actor) {
      if (store.byName(username) !== undefined) throw new Fault('user-taken', 'Another user has this name')
      const passwordHash = await derive(() => hashPassword(password))
      // Somebody may have taken it while the hash was made.
      if (store.byName(username) !== undefined) throw new Fault('user-taken', 'Another user has this name')
      const user = { id: `user_${randomBase62(16)}`, username, fullName, roleName: role, permissions, passwordHash, active: true, createdAt: clock.now(), lastLoginAt: null }
      store.put(user)
      tell('user-created', 'Login user added', user, actor)
      return user
    },

    async change(id, patch, actor) {
      known(id)
      const passwordHash = patch.password === undefined ? undefined : await derive(() => hashPassword(patch.password ?? ''))
      const before = known(id)
      const user = {
        ...before,
        fullName: patch.fullName ?? before.fullName,
        roleName: patch.role ?? before.roleName,
        permissions: patch.permissions ?? before.permissions,
        passwordHash: passwordHash ?? before.passwordHash,
        active: patch.active ?? before.active,
      }
      store.put(user)
      tell('user-changed', 'Login user changed', user, actor)
      return { user, endsSessions: passwordHash !== undefined || !user.active || user.roleName !== before.roleName || JSON.stringify(user.permissions) !== JSON.stringify(before.permissions) }
    },

    remove(id, actor) {
      const user = known(id)
      store.remove(id)
      tell('user-removed', 'Login user removed', user, actor)
      return user
    },

    async signIn(username, password, address) {
      if (username === '' || password === '') throw new Fault('missing-credentials')
      await attempts.begin(username, address)
      const user = store.byName(username)
      nobodysHash ??= derive(() => hashPassword(randomBase62(20)))
      // Refused when too many wait already. Kept, it would refuse unknown names for ever; unheard, it would end the process.
      nobodysHash.catch(() => (nobodysHash = undefined))
      const matches = await derive(async () => checkPassword(password, user?.passwordHash ?? (await nobodysHash) ?? ''))
      if (user === undefined || !matches) {
        events.emit({ room: 'logins', type: 'login-failed', title: 'Wrong user name or password', subject: username.slice(0, 100), actor: 'local', tone: 'attention', data: { address } })
        throw new Fault('invalid-credentials')
      }
      await attempts.succeeded(username, address)
      if (!user.active) throw new Fault('user-inactive')
      store.loggedIn(user.id, clock.now())
      return user
    },
  }
}

/** At most `atOnce` run, `waiting` wait; more are refused. */
function createTurnstile(atOnce: number, waiting: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0
  const queue: (() => void)[] = []
  return async (work) => {
    if (running >= atOnce) {
      if (queue.length >= waiting) throw new Fault('too-many-attempts', 'Too many logins at once; try again in a moment', { retryAfter: 1 })
      await new Promise<void>((resolve) => queue.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      // The place goes over to the next in line, so nobody who comes later can take it.
      const next = queue.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
