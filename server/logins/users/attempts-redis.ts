/** Failed logins, counted for all servers of one Redis, by its clock. */
import { createHash } from 'node:crypto'
import {
  addressWindow,
  crowdedAfter,
  crowdedBackoff,
  nameBackoff,
  pairBackoff,
  trustedFor,
  type AttemptStore,
  type Backoff,
} from './attempts.ts'
import type { RedisConnection } from '../store/redis-connection.ts'

/**
 * ARGV: prefix, pair, name, address, then the numbers of the rules. Returns the ms to wait, 0 when the attempt was counted, and 1 for a
 * trusted pair.
 */
const beginScript = `
local p = ARGV[1] .. 'attempts:'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local pair, name, address = p .. 'pair:' .. ARGV[2], p .. 'name:' .. ARGV[3], p .. 'address:' .. ARGV[4]
local function failures(key)
  local found = redis.call('HMGET', key, 'n', 'last')
  return tonumber(found[1] or '0'), tonumber(found[2] or '0')
end
local function wait(key, at)
  local count, last = failures(key)
  local free, first, most = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if count < free then return 0 end
  return math.max(0, last + math.min(most, first * 2 ^ math.min(count - free, 30)) - now)
end
local trusted = redis.call('EXISTS', p .. 'trusted:' .. ARGV[2]) == 1
local crowded = not trusted and failures(address) >= tonumber(ARGV[17])
local left = wait(pair, crowded and 9 or 5)
if not trusted then left = math.max(left, wait(name, 13)) end
if left > 0 then return { math.ceil(left), trusted and 1 or 0 } end
for key, window in pairs({ [pair] = ARGV[8], [name] = ARGV[16], [address] = ARGV[18] }) do
  redis.call('HINCRBY', key, 'n', 1)
  redis.call('HSET', key, 'last', now)
  redis.call('PEXPIRE', key, window)
end
return { 0, trusted and 1 or 0 }
`

/** ARGV: prefix, pair, name, address, ms that the pair is trusted. */
const succeededScript = `
local p = ARGV[1] .. 'attempts:'
redis.call('DEL', p .. 'pair:' .. ARGV[2], p .. 'name:' .. ARGV[3])
if tonumber(redis.call('HGET', p .. 'address:' .. ARGV[4], 'n') or '0') > 0 then redis.call('HINCRBY', p .. 'address:' .. ARGV[4], 'n', -1) end
redis.call('SET', p .. 'trusted:' .. ARGV[2], '1', 'PX', ARGV[5])
return 1
`

export function createRedisAttempts(redis: RedisConnection): AttemptStore {
  const numbers = ({ free, first, most, window }: Backoff): number[] => [free, first, most, window]
  const rules = [...numbers(pairBackoff), ...numbers(crowdedBackoff), ...numbers(nameBackoff), crowdedAfter, addressWindow]
  return {
    async begin({ pair, name, address }) {
      const found = await redis.script(beginScript, redis.prefix, hashed(pair), hashed(name), hashed(address), ...rules)
      const [wait, trusted] = Array.isArray(found) ? found.map(Number) : []
      return { wait: wait ?? 0, trusted: trusted === 1 }
    },
    succeeded: async ({ pair, name, address }) =>
      void (await redis.script(succeededScript, redis.prefix, hashed(pair), hashed(name), hashed(address), trustedFor)),
  }
}

/** Names of any length and letters become keys of one length. */
function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
