/** Makes the connections to Redis, whichever kind of address it has. */
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import type { HostAndPort, RedisAddress } from '../../config/redis-address.ts'

export type RedisClient = Redis | Cluster

export interface RedisClients {
  /** For commands. */
  client: RedisClient
  /**
   * One connection that listens. Of a cluster each node says all that is published; it is told from which one it hears, and tries the next
   * when that is lost.
   */
  listener(): Redis
}

/** The client library is loaded here and not with the room: most houses have no Redis and need not pay for it. */
export async function createRedisClients(address: RedisAddress): Promise<RedisClients> {
  const library = await import('ioredis')
  const options = {
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === '' ? {} : { password: address.password }),
    ...(address.tls ? { tls: {} } : {}),
    lazyConnect: true,
    // A request gets its refusal at once; it is not kept for a Redis that may never come back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    connectTimeout: 5_000,
  } satisfies RedisOptions
  const retryStrategy = (attempt: number): number => Math.min(100 * attempt, 2_000)
  const listening = { ...options, autoResubscribe: false } satisfies RedisOptions

  if (address.kind === 'cluster') {
    const client = new library.Cluster(address.nodes, {
      redisOptions: options,
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryStrategy,
      // Where a node has gone its slots move to another; that is learnt from the others.
      slotsRefreshInterval: 2_000,
      slotsRefreshTimeout: 2_000,
      enableAutoPipelining: true,
    })
    let next = 0
    return {
      client,
      listener() {
        const known = nodesOf(client, address.nodes)
        const node = known[next % known.length]
        next += 1
        return new library.Redis({ ...listening, ...node, retryStrategy: () => null })
      },
    }
  }

  const place =
    address.kind === 'server'
      ? { ...address.at, db: address.database }
      : {
          sentinels: address.sentinels,
          name: address.master,
          db: address.database,
          sentinelRetryStrategy: retryStrategy,
          ...(address.tls ? { enableTLSForSentinelMode: true } : {}),
          ...(address.sentinelPassword === '' ? {} : { sentinelPassword: address.sentinelPassword }),
        }
  return {
    client: new library.Redis({ ...options, ...place, retryStrategy, enableAutoPipelining: true }),
    listener: () => new library.Redis({ ...listening, ...place, retryStrategy }),
  }
}

function nodesOf(client: Cluster, seeds: readonly HostAndPort[]): HostAndPort[] {
  const known = client
    .nodes('all')
    .flatMap(({ options: { host, port } }) => (host === undefined || port === undefined ? [] : [{ host, port }]))
  return [...known, ...seeds.filter((seed) => !known.some(({ host, port }) => host === seed.host && port === seed.port))]
}
