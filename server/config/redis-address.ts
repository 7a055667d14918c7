/** Addresses of Redis: one server, a master that Sentinels know, or a cluster. */
export interface HostAndPort {
  host: string
  port: number
}

interface Common {
  tls: boolean
  username: string | null
  /** Empty where there is none. */
  password: string
}

export type RedisAddress =
  | (Common & { kind: 'server'; at: HostAndPort; database: number })
  | (Common & { kind: 'sentinel'; sentinels: HostAndPort[]; master: string; database: number; sentinelPassword: string })
  | (Common & { kind: 'cluster'; nodes: HostAndPort[] })

/**
 * `redis://user:password@host:6379/0`, `redis+sentinel://:password@host:26379,host2:26379/MASTER/0?sentinel_password=…` or
 * `redis+cluster://:password@host:6379,host2:6379`; `rediss` instead of `redis` for TLS. null for what is none of them.
 */
export function parseRedisAddress(text: string): RedisAddress | null {
  const found = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text)
  if (found === null) return null
  const [, scheme, kind, user = '', hosts = '', path = '', query] = found
  const credentials = credentialsOf(user)
  const places = hosts.split(',').map((host) => placeOf(host, kind === 'sentinel' ? 26_379 : 6_379))
  if (credentials === null || !places.every((place) => place !== null)) return null
  const common = { tls: scheme === 'rediss', ...credentials }
  const [first] = places
  if (kind === 'cluster') return path === '' && query === undefined ? { kind, nodes: places, ...common } : null
  if (kind === 'sentinel') {
    const [, master, database = '0'] = /^([\w.-]{1,200})(?:\/(\d{1,4}))?$/.exec(path) ?? []
    if (master === undefined) return null
    return {
      kind,
      sentinels: places,
      master,
      database: Number(database),
      sentinelPassword: new URLSearchParams(query).get('sentinel_password') ?? '',
      ...common,
    }
  }
  if (first === undefined || places.length > 1 || !/^\d{0,4}$/.test(path)) return null
  return { kind: 'server', at: first, database: Number(path), ...common }
}

function credentialsOf(user: string): { username: string | null; password: string } | null {
  const colon = user.indexOf(':')
  try {
    const username = decodeURIComponent(colon === -1 ? user : user.slice(0, colon))
    return { username: username === '' ? null : username, password: colon === -1 ? '' : decodeURIComponent(user.slice(colon + 1)) }
  } catch {
    return null
  }
}

function placeOf(text: string, standard: number): HostAndPort | null {
  const [, bracketed, name, port = String(standard)] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = bracketed ?? name
  return host === undefined || Number(port) < 1 || Number(port) > 65_535 ? null : { host, port: Number(port) }
}
