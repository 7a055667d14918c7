/**
 * What has to be one step in Redis, as Lua. Redis runs a script as a whole, so nothing comes between its lines.
 *
 * Keys below the prefix: `s:<id>` session (`j` as JSON, `la` last activity), `u:<user>` ids nobody ended by creation, `r:<user>` revision
 * of a user's sessions, `created` `active` `ended` all ids by that time, `expiry` ids nobody ended by expiry, `users` users by their last
 * expiry.
 */

/**
 * All have one key, which routes them to its node in a cluster, and make the others from the prefix: its tag keeps those on the same node.
 */

/**
 * ARGV: prefix, server, number. Shows that a write is taken and that what is published is heard; returns how many signing keys there are,
 * and the time.
 */
export const probeScript = `
redis.call('SET', ARGV[1] .. 'alive:' .. ARGV[2], ARGV[3], 'PX', 60000)
redis.call('PUBLISH', ARGV[1] .. 'alive:' .. ARGV[2], ARGV[3])
local time = redis.call('TIME')
return { redis.call('HLEN', ARGV[1] .. 'keys'), time[1] * 1000 + math.floor(time[2] / 1000) }
`

/** ARGV: prefix, user, '' or one session id. Returns revision, then JSON and last activity of each session. */
export const readScript = `
local p, user, one = ARGV[1], ARGV[2], ARGV[3]
local found = { redis.call('GET', p .. 'r:' .. user) or '' }
local ids = one ~= '' and { one } or redis.call('ZREVRANGE', p .. 'u:' .. user, 0, -1)
for _, id in ipairs(ids) do
  local entry = redis.call('HMGET', p .. 's:' .. id, 'j', 'la')
  if entry[1] then
    found[#found + 1] = entry[1]
    found[#found + 1] = entry[2]
  end
end
return found
`

/**
 * ARGV: prefix, user, expected revision, message, then id, JSON, created, expires, last activity, ended ('' if not) of each. Returns 0 when
 * somebody else was faster.
 */
export const commitScript = `
local p, user = ARGV[1], ARGV[2]
if (redis.call('GET', p .. 'r:' .. user) or '') ~= ARGV[3] then return 0 end
for i = 5, #ARGV, 6 do
  local id, created, expires, active, ended = ARGV[i], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  local key = p .. 's:' .. id
  local known = tonumber(redis.call('HGET', key, 'la') or '0')
  if known > tonumber(active) then active = tostring(known) end
  redis.call('HSET', key, 'j', ARGV[i + 1], 'la', active)
  redis.call('ZADD', p .. 'created', created, id)
  redis.call('ZADD', p .. 'active', active, id)
  if ended == '' then
    redis.call('ZADD', p .. 'u:' .. user, created, id)
    redis.call('ZADD', p .. 'expiry', expires, id)
  else
    redis.call('ZREM', p .. 'u:' .. user, id)
    redis.call('ZREM', p .. 'expiry', id)
    redis.call('ZADD', p .. 'ended', ended, id)
  end
end
local last = -1
for _, id in ipairs(redis.call('ZRANGE', p .. 'u:' .. user, 0, -1)) do
  last = math.max(last, tonumber(redis.call('ZSCORE', p .. 'expiry', id) or '0'))
end
if last < 0 then redis.call('ZREM', p .. 'users', user) else redis.call('ZADD', p .. 'users', string.format('%.0f', last), user) end
redis.call('INCR', p .. 'r:' .. user)
redis.call('EXPIRE', p .. 'r:' .. user, 86400)
if ARGV[4] ~= '' then redis.call('PUBLISH', p .. 'changed', ARGV[4]) end
return 1
`

/** ARGV: prefix, then id and time of each. Last activity only rises, and a session that is gone stays gone. */
export const touchScript = `
for i = 2, #ARGV, 2 do
  local key = ARGV[1] .. 's:' .. ARGV[i]
  local known = redis.call('HGET', key, 'la')
  if known and tonumber(known) < tonumber(ARGV[i + 1]) then
    redis.call('HSET', key, 'la', ARGV[i + 1])
    redis.call('ZADD', ARGV[1] .. 'active', ARGV[i + 1], ARGV[i])
  end
end
return 1
`

/** ARGV: prefix, before, limit. Removes what was over before; returns how many. */
export const removeScript = `
local p = ARGV[1]
local ids = redis.call('ZRANGEBYSCORE', p .. 'ended', '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', p .. 'expiry', '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])) do ids[#ids + 1] = id end
for _, id in ipairs(ids) do
  local json = redis.call('HGET', p .. 's:' .. id, 'j')
  if json then
    local user = cjson.decode(json).userId
    redis.call('ZREM', p .. 'u:' .. user, id)
    if redis.call('ZCARD', p .. 'u:' .. user) == 0 then redis.call('ZREM', p .. 'users', user) end
  end
  redis.call('DEL', p .. 's:' .. id)
  for _, set in ipairs({ 'created', 'active', 'ended', 'expiry' }) do redis.call('ZREM', p .. set, id) end
end
return #ids
`

/** ARGV: prefix, id, JSON, until when the old ones verify, '1' to do nothing when there is a signing key. */
export const addKeyScript = `
local p = ARGV[1]
local signing = {}
for _, id in ipairs(redis.call('HKEYS', p .. 'keys')) do
  if redis.call('HEXISTS', p .. 'keys:until', id) == 0 then signing[#signing + 1] = id end
end
if ARGV[5] == '1' and #signing > 0 then return 0 end
for _, id in ipairs(signing) do redis.call('HSET', p .. 'keys:until', id, ARGV[4]) end
redis.call('HSET', p .. 'keys', ARGV[2], ARGV[3])
redis.call('PUBLISH', p .. 'keys', 'changed')
return 1
`

/** ARGV: prefix, id. */
export const removeKeyScript = `
local gone = redis.call('HDEL', ARGV[1] .. 'keys', ARGV[2])
redis.call('HDEL', ARGV[1] .. 'keys:until', ARGV[2])
redis.call('PUBLISH', ARGV[1] .. 'keys', 'changed')
return gone
`

/**
 * ARGV: prefix, id, name in lower case, JSON as it was ('' for none), JSON. Returns 1, or 0 when it is not as it was, or -1 when another
 * user has the name. Users of the legacy login are in `accounts` by id, their ids in `accounts:names` by name.
 */
export const putUserScript = `
local p = ARGV[1]
if (redis.call('HGET', p .. 'accounts', ARGV[2]) or '') ~= ARGV[4] then return 0 end
local owner = redis.call('HGET', p .. 'accounts:names', ARGV[3])
if owner and owner ~= ARGV[2] then return -1 end
redis.call('HSET', p .. 'accounts', ARGV[2], ARGV[5])
redis.call('HSET', p .. 'accounts:names', ARGV[3], ARGV[2])
return 1
`

/** ARGV: prefix, id, name in lower case. */
export const removeUserScript = `
local p = ARGV[1]
if redis.call('HGET', p .. 'accounts:names', ARGV[3]) == ARGV[2] then redis.call('HDEL', p .. 'accounts:names', ARGV[3]) end
redis.call('HDEL', p .. 'accounts:seen', ARGV[2])
return redis.call('HDEL', p .. 'accounts', ARGV[2])
`
