/**
 * Sessions that an older version made, once after the update: their policy named tools as they were shown. Those names are made again by
 * the servers there are, which nobody has changed in between, and are kept; the policy is put by server and tool.
 */
import { sessionPolicy, type AccountRules } from '../contract/parts.ts'
import { builtInId } from '../upstreams/definition.ts'
import { olderPolicy } from './given-policy.ts'
import type { NamesStore } from './names-store.ts'
import { reachesServer } from './reach.ts'
import { ShownNames } from './shown-names.ts'

export interface OlderSessionsGiven {
  names: NamesStore
  /** In the order they were added, without the built-in one. */
  servers(): readonly { id: string; name: string; enabled: boolean }[]
  /** The tools of a server as they were last known. */
  toolsOf(upstream: string): readonly { name: string }[]
  rulesOf(accountId: string): AccountRules
}

/** Returns how many. */
export function settleOlderSessions({ names, servers, toolsOf, rulesOf }: OlderSessionsGiven): number {
  const older = names.older()
  if (older.length === 0) return 0
  const all = [...servers(), { id: builtInId, name: builtInId, enabled: true }]
  for (const { id, accountId, policy } of older) {
    const { upstreams } = sessionPolicy.pick({ upstreams: true }).catch({ upstreams: [] }).parse(policy)
    const rules = rulesOf(accountId)
    const reached = all.filter((server) => reachesServer({ policy: { upstreams }, rules }, server))
    const shown = new ShownNames({ kept: [], renames: [], reached, exists: () => true })
    const settled = olderPolicy(policy, shown)
    for (const server of reached) for (const { name } of toolsOf(server.id)) shown.nameOf('tool', server, name)
    names.settle(id, settled, shown.toJSON())
  }
  return older.length
}
