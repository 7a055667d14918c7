/**
 * A policy as a file: servers and groups by name in place of ids, which mean nothing elsewhere. Whatever part of a policy names a server,
 * as `upstream` of something or in `upstreams`, goes along; what has no match on the way back is left out and said, and opens nothing.
 */
import type { ProfileFile } from '../contract/native-profiles.ts'
import { sessionPolicy, type ItemRef, type SessionPolicy } from '../contract/parts.ts'

interface Named {
  id: string
  name: string
}

export interface Here {
  servers: readonly Named[]
  groups: readonly (Named & { tools: readonly ItemRef[] })[]
}

type Fields = Record<string, unknown>

/** Servers that are gone are left out. */
export function fileOf(name: string, policy: SessionPolicy, { servers, groups }: Here): ProfileFile {
  const nameOf = (id: unknown): string | undefined => servers.find((server) => server.id === id)?.name
  const named = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(named).filter((each) => each !== undefined)
    if (!isObject(value)) return value
    if (!('upstream' in value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, named(each)]))
    const { upstream, ...rest } = value
    const server = nameOf(upstream)
    return server === undefined ? undefined : { server, ...rest }
  }
  const taken = groups.filter(({ id }) => policy.groups.includes(id))
  return {
    wheelhouse: 'session-profile',
    version: 1,
    name,
    policy: {
      // A policy is JSON; so is what is made of it.
      ...(named({ ...policy, upstreams: null, groups: [] }) as Fields),
      upstreams: policy.upstreams === null ? null : policy.upstreams.flatMap((id) => nameOf(id) ?? []),
      groups: taken.map((group) => group.name),
    },
    groups: taken.map((group) => ({
      name: group.name,
      tools: group.tools.flatMap(({ upstream, name: tool }) => {
        const server = nameOf(upstream)
        return server === undefined ? [] : [{ server, name: tool }]
      }),
    })),
  }
}

export interface ReadFile {
  policy: SessionPolicy
  /** Groups that are not here yet, with what of their tools is. */
  groups: { name: string; tools: ItemRef[] }[]
  /** What is not here, in words. */
  unmatched: string[]
}

/** `groupId` finds a group by its name, once those of `groups` have been made. Throws a ZodError for what no version wrote. */
export function readFile(
  { policy, groups }: ProfileFile,
  here: Here,
): ReadFile & { withGroups(idOf: (name: string) => string): SessionPolicy } {
  const unmatched = new Set<string>()
  const idOf = (server: unknown): string | undefined =>
    here.servers.find(({ name }) => typeof server === 'string' && name.toLowerCase() === server.toLowerCase())?.id
  const missing = (server: unknown, what?: unknown): undefined => {
    unmatched.add(`There is no server ${String(server)}${what === undefined ? '' : `, which has ${String(what)}`}`)
  }
  const found = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(found).filter((each) => each !== undefined)
    if (!isObject(value)) return value
    if (!('server' in value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, found(each)]))
    const { server, ...rest } = value
    const upstream = idOf(server)
    return upstream === undefined ? missing(server, rest['name'] ?? rest['uri']) : { upstream, ...rest }
  }
  const { upstreams = null, groups: taken = [], ...rest } = policy
  const reached = Array.isArray(upstreams) ? upstreams.flatMap((server) => idOf(server) ?? missing(server) ?? []) : null
  const names = Array.isArray(taken) ? taken.filter((name): name is string => typeof name === 'string') : []
  const known = new Set([...here.groups, ...groups].map(({ name }) => name.toLowerCase()))
  const kept = names.filter((name) => known.has(name.toLowerCase()) || (unmatched.add(`There is no group ${name}`), false))
  const open = sessionPolicy.parse({ ...(found(rest) as Fields), upstreams: reached, groups: [] })
  // Limited to groups of which none is here: to nothing, not to everything.
  const closed = names.length > 0 && open.tools === null ? { ...open, tools: [] } : open
  const made = groups
    .filter(({ name }) => !here.groups.some((group) => group.name.toLowerCase() === name.toLowerCase()))
    .map(({ name, tools }) => ({
      name,
      tools: tools.flatMap(({ server, name: tool }) => {
        const upstream = idOf(server)
        return upstream === undefined ? (missing(server, tool) ?? []) : [{ upstream, name: tool }]
      }),
    }))
  return {
    policy: closed,
    groups: made,
    unmatched: [...unmatched],
    withGroups: (groupOf) => ({ ...closed, groups: kept.map(groupOf) }),
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
