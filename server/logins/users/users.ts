/** Users of the legacy login: kept with scrypt hashes, checked behind a guard against guessing. */
import type { Clock } from '../../clock.ts'
import type { EventSink } from '../../events/event.ts'
import { createAnnouncer } from '../../events/event-types.ts'
import type { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'
import { checkPassword, hashPassword } from '../../secrets/hash.ts'
import { randomBase62 } from '../../secrets/random.ts'
import { loginEvents } from '../events.ts'
import type { AttemptGuard } from './attempts.ts'
import { createTurnstile } from './turnstile.ts'
import { takenName, type LoginUserStore, type StoredLoginUser } from './users-store.ts'

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
  list(): Promise<StoredLoginUser[]>
  find(id: string): Promise<StoredLoginUser | undefined>
  /** Throws `user-taken`. */
  create(user: NewLoginUser, actor: string): Promise<StoredLoginUser>
  /** Throws `user-not-found`. What the old password or role opened does not stay open: where it cannot be ended nothing is changed. */
  change(id: string, patch: LoginUserPatch, actor: string): Promise<StoredLoginUser>
  /** Throws `user-not-found`. The same holds. */
  remove(id: string, actor: string): Promise<void>
  /** Throws `missing-credentials`, `invalid-credentials`, `user-inactive`, `too-many-attempts`. */
  signIn(username: string, password: string, address: string): Promise<StoredLoginUser>
  /** Whether what a user may do, and with which password, is still what it was when they signed in. */
  isStill(user: StoredLoginUser): Promise<boolean>
}

/** How passwords are kept; `check` takes as long whether they fit or not. */
export interface Passwords {
  hash(password: string): Promise<string>
  check(password: string, hash: string): Promise<boolean>
}

export interface LoginUsersGiven {
  store: LoginUserStore
  attempts: AttemptGuard
  /** Ends all sessions of a user. */
  endSessions(userId: string, actor: string): Promise<unknown>
  /** scrypt when not given. */
  passwords?: Passwords
  clock: Clock
  events: EventSink
}

/** One derivation takes 128 MiB and a quarter of a second: more at once would starve the rest of the house. */
const derivationsAtOnce = 2
const derivationsWaiting = 20

export function createLoginUsers({
  store,
  attempts,
  endSessions,
  passwords = { hash: hashPassword, check: checkPassword },
  clock,
  events,
}: LoginUsersGiven): LoginUsers {
  const announcer = createAnnouncer(events, 'logins', loginEvents)
  const { enter } = createTurnstile(derivationsAtOnce, derivationsWaiting)
  /** What the house itself hashes is asked for by people with a key, and comes before what strangers try. */
  const hashed = (password: string): Promise<string> => enter({ address: '', name: '', trusted: true }, () => passwords.hash(password))
  /** Unknown names cost the same time as wrong passwords; made when first needed, since it takes a quarter of a second. */
  let nobodysHash: Promise<string> | undefined
  /** Users whose change was written, and whose sessions could not be ended afterwards. */
  const owing = new Set<string>()

  async function known(id: string): Promise<StoredLoginUser> {
    const user = await store.find(id)
    if (user === undefined) throw unknownUser()
    return user
  }

  function somebodysHash(): Promise<string> {
    nobodysHash ??= passwords.hash(randomBase62(20)).catch((error: unknown) => {
      nobodysHash = undefined
      throw error
    })
    return nobodysHash
  }

  function tell(type: 'user-created' | 'user-changed' | 'user-removed', user: StoredLoginUser, actor: string): void {
    const data = { user: user.id, role: user.roleName, active: user.active }
    announcer.emit({ type, subject: user.username, actor, data })
  }

  return {
    list: store.all,
    find: store.find,
    isStill: async (user) => {
      const now = await store.find(user.id)
      return (
        now !== undefined &&
        now.active &&
        now.passwordHash === user.passwordHash &&
        now.roleName === user.roleName &&
        JSON.stringify(now.permissions) === JSON.stringify(user.permissions)
      )
    },

    async create({ username, fullName, role, permissions, password }, actor) {
      if ((await store.byName(username)) !== undefined) throw takenName()
      const passwordHash = await hashed(password)
      const user = {
        id: `user_${randomBase62(16)}`,
        username,
        fullName,
        roleName: role,
        permissions,
        passwordHash,
        active: true,
        createdAt: clock.now(),
        lastLoginAt: null,
      }
      await store.add(user)
      tell('user-created', user, actor)
      return user
    },

    async change(id, { fullName, role, permissions, password, active }, actor) {
      const before = await known(id)
      const passwordHash = password === undefined ? undefined : await hashed(password)
      const changed = (user: StoredLoginUser): StoredLoginUser => ({
        ...user,
        fullName: fullName ?? user.fullName,
        roleName: role ?? user.roleName,
        permissions: permissions ?? user.permissions,
        passwordHash: passwordHash ?? user.passwordHash,
        active: active ?? user.active,
      })
      const after = changed(before)
      const endsSessions =
        owing.has(id) ||
        passwordHash !== undefined ||
        !after.active ||
        after.roleName !== before.roleName ||
        JSON.stringify(after.permissions) !== JSON.stringify(before.permissions)
      // Before: where they cannot be ended now, nothing is changed and the caller hears so. After: those that were opened meanwhile.
      if (endsSessions) await endSessions(id, actor)
      const user = await store.update(id, changed)
      if (user === undefined) throw unknownUser()
      tell('user-changed', user, actor)
      if (endsSessions) {
        owing.add(id)
        await endSessions(id, actor)
        owing.delete(id)
      }
      return user
    },

    async remove(id, actor) {
      // Nobody signs in from here on; the user stays until all of theirs is over, so that who is told of a failure can try again.
      const user = await store.update(id, (known) => ({ ...known, active: false }))
      if (user === undefined) throw unknownUser()
      await endSessions(id, actor)
      await store.remove(id)
      tell('user-removed', user, actor)
    },

    async signIn(username, password, address) {
      if (username === '' || password === '') throw new LoginFault('missing-credentials')
      const { trusted } = await attempts.begin(username, address)
      const user = await store.byName(username)
      const matches = await enter({ address, name: username.toLowerCase(), trusted }, async () =>
        passwords.check(password, user?.passwordHash ?? (await somebodysHash())),
      )
      if (user === undefined || !matches) {
        announcer.emit({
          type: 'login-failed',
          subject: username.slice(0, 100),
          actor: 'local',
          data: { address },
        })
        throw new LoginFault('invalid-credentials')
      }
      await attempts.succeeded(username, address)
      if (!user.active) throw new LoginFault('user-inactive')
      // A disk that refuses it should not refuse the login.
      await store.loggedIn(user.id, clock.now()).catch(() => undefined)
      return user
    },
  }
}

function unknownUser(): Fault {
  return new LoginFault('user-not-found', 'There is no such user')
}
