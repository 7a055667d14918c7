/** Signing keys in Redis: servers that share the sessions have to share what signs their tokens. */
import { hkdfSync } from 'node:crypto'
import type { Log } from '../../log.ts'
import { createSealer } from '../../secrets/seal.ts'
import { opened, sealContext, type KeyRecord, type KeyStore } from './keys-store.ts'
import type { RedisConnection } from '../store/redis-connection.ts'
import { addKeyScript, removeKeyScript } from '../store/redis-scripts.ts'

interface SharedKey extends Omit<KeyRecord, 'secret' | 'verifyUntil'> {
  /** base64 */
  sealed: string
}

/** Sealed under Redis' own password, the one secret all its servers know; without a password, whoever reaches Redis can read them. */
export function createRedisKeyStore(redis: RedisConnection, last: KeyStore['last'], log: Pick<Log, 'error'>): KeyStore {
  const { prefix } = redis
  const sealer = createSealer(new Uint8Array(hkdfSync('sha256', redis.password, 'wheelhouse', 'logins:signing-keys', 32)))

  return {
    shared: true,
    last,
    async load() {
      const [shared, until] = await redis.run((client) =>
        Promise.all([client.hgetall(`${prefix}keys`), client.hgetall(`${prefix}keys:until`)]),
      )
      const rows = Object.entries(shared).flatMap(([id, json]) => {
        const key = read(json)
        if (key === null || key.id !== id) {
          log.error({ id }, 'a signing key in Redis cannot be read')
          return []
        }
        const verifyUntil = until[id]
        return [{ ...key, verifyUntil: verifyUntil === undefined ? null : Number(verifyUntil) }]
      })
      rows.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
      return opened(rows, ({ id, sealed }) => sealer.open(Buffer.from(sealed, 'base64'), sealContext(id)))
    },
    async add({ secret, verifyUntil: _, ...key }, oldVerifyUntil, onlyFirst) {
      const shared: SharedKey = { ...key, sealed: sealer.seal(secret, sealContext(key.id)).toString('base64') }
      await redis.script(addKeyScript, prefix, key.id, JSON.stringify(shared), oldVerifyUntil, onlyFirst ? '1' : '0')
    },
    remove: async (id) => void (await redis.script(removeKeyScript, prefix, id)),
    onChange(listener) {
      let count: number | null = null
      const stops = [
        redis.onMessage('keys', listener),
        // Nobody publishes that Redis was emptied.
        redis.onSigningKeys((now) => {
          const before = count
          count = now
          if (before !== now) listener()
        }),
      ]
      return () => stops.forEach((stop) => stop())
    },
  }
}

/** Written by `add` above, unless somebody else was there. */
function read(json: string): SharedKey | null {
  try {
    return JSON.parse(json) as SharedKey
  } catch {
    return null
  }
}
