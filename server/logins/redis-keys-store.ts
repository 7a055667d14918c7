/** Signing keys in Redis: servers that share the sessions have to share what signs their tokens. */
import { hkdfSync } from 'node:crypto'
import type { Log } from '../log.ts'
import { createSealer } from '../secrets/seal.ts'
import { sealContext, type KeyRecord, type KeyStore } from './keys-store.ts'
import { redisPrefix as prefix, type RedisConnection } from './redis-connection.ts'
import { addKeyScript } from './redis-scripts.ts'

interface SharedKey extends Omit<KeyRecord, 'secret' | 'verifyUntil'> {
  /** base64 */
  sealed: string
}

/** Sealed under Redis' own password, the one secret all its servers know; without a password, whoever reaches Redis can read them. */
export function createRedisKeyStore(redis: RedisConnection, url: string, log: Pick<Log, 'error'>): KeyStore {
  const password = decodeURIComponent(new URL(url).password)
  const sealer = createSealer(new Uint8Array(hkdfSync('sha256', password, 'wheelhouse', 'logins:signing-keys', 32)))

  return {
    shared: true,
    async load() {
      const [shared, until] = await redis.run((client) => Promise.all([client.hgetall(`${prefix}keys`), client.hgetall(`${prefix}keys:until`)]))
      const records = Object.values(shared).flatMap((json) => {
        // Written by `add` below.
        const { sealed, ...key } = JSON.parse(json) as SharedKey
        const verifyUntil = until[key.id]
        try {
          return [{ ...key, secret: sealer.open(Buffer.from(sealed, 'base64'), sealContext(key.id)), verifyUntil: verifyUntil === undefined ? null : Number(verifyUntil) }]
        } catch {
          log.error({ id: key.id }, 'a signing key in Redis was sealed under another password; tokens it signed are refused until it is rotated away')
          return []
        }
      })
      return records.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    },
    async add({ secret, verifyUntil: _, ...key }, oldVerifyUntil, onlyFirst) {
      const shared: SharedKey = { ...key, sealed: sealer.seal(secret, sealContext(key.id)).toString('base64') }
      await redis.run((client) => client.eval(addKeyScript, 0, prefix, key.id, JSON.stringify(shared), oldVerifyUntil, onlyFirst ? '1' : '0'))
    },
    async remove(id) {
      await redis.run((client) => client.multi().hdel(`${prefix}keys`, id).hdel(`${prefix}keys:until`, id).publish(`${prefix}keys`, 'changed').exec())
    },
    onChange: (listener) => redis.onMessage('keys', listener),
  }
}
