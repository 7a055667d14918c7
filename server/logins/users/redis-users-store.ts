/** Users of the legacy login in Redis: where servers share the sessions, a user of one is a user of all. */
import type { RedisConnection } from '../store/redis-connection.ts'
import { putUserScript, removeUserScript } from '../store/redis-scripts.ts'
import { takenName, type LoginUserStore, type StoredLoginUser } from './users-store.ts'

/** Another server may change the same user; that many times in a row is no chance. */
const mostTries = 20

export function createRedisUserStore(redis: RedisConnection): LoginUserStore {
  const { prefix } = redis

  /** The last login is kept beside the user, since it is written with every one. */
  async function read(id: string): Promise<{ json: string; user: StoredLoginUser } | undefined> {
    const [json, seen] = await redis.run((client) =>
      Promise.all([client.hget(`${prefix}accounts`, id), client.hget(`${prefix}accounts:seen`, id)]),
    )
    return json === null ? undefined : { json, user: userOf(json, seen) }
  }

  async function put(user: StoredLoginUser, before: string): Promise<boolean> {
    const outcome = await redis.script(putUserScript, prefix, user.id, plainName(user.username), before, JSON.stringify(user))
    if (outcome === -1) throw takenName()
    return outcome === 1
  }

  return {
    async all() {
      const [users, seen] = await redis.run((client) =>
        Promise.all([client.hgetall(`${prefix}accounts`), client.hgetall(`${prefix}accounts:seen`)]),
      )
      const name = ({ username }: StoredLoginUser): string => plainName(username)
      return Object.entries(users)
        .map(([id, json]) => userOf(json, seen[id]))
        .toSorted((a, b) => (name(a) < name(b) ? -1 : 1))
    },
    find: async (id) => (await read(id))?.user,
    async byName(username) {
      const id = await redis.run((client) => client.hget(`${prefix}accounts:names`, plainName(username)))
      return id === null ? undefined : (await read(id))?.user
    },
    async add(user) {
      await put(user, '')
    },
    async update(id, change) {
      for (let tries = 0; tries < mostTries; tries += 1) {
        const before = await read(id)
        if (before === undefined) return undefined
        const after = change(before.user)
        if (await put(after, before.json)) return after
      }
      throw new Error(`a user changed ${mostTries} times in a row`)
    },
    loggedIn: async (id, at) => void (await redis.run((client) => client.hset(`${prefix}accounts:seen`, id, at))),
    async remove(id) {
      const before = await read(id)
      return before !== undefined && (await redis.script(removeUserScript, prefix, id, plainName(before.user.username))) === 1
    },
  }
}

/** As SQLite compares names: only the letters of ASCII have a case. */
function plainName(username: string): string {
  return username.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function userOf(json: string, seen: string | null | undefined): StoredLoginUser {
  // Written by `put` above.
  const user = JSON.parse(json) as StoredLoginUser
  return seen == null ? user : { ...user, lastLoginAt: Number(seen) }
}
