/** What of its servers a session may reach: what a person has allowed it, and its account. */
import type { AccountRules, ItemRef, SessionPolicy } from '../contract/parts.ts'
import { builtInId } from '../upstreams/definition.ts'
import type { StoredTool } from '../upstreams/store.ts'
import type { Upstream } from '../upstreams/upstream.ts'

export interface Reach {
  policy: SessionPolicy
  rules: AccountRules
  policyBy: string | null
}

/** Both limits in a form that a thousand tools are looked up in quickly. */
export interface Allowed {
  server(upstream: Upstream): boolean
  /** Held back or not. */
  tool(upstream: Upstream, tool: StoredTool): boolean
  prompt(upstream: Upstream, name: string): boolean
  /** By its address, or a template as its server lists it. */
  resource(upstream: Upstream, uri: string): boolean
  /** Whether the session may ask for addresses that no server lists. */
  readonly unlistedResources: boolean
}

/** `groupTools` knows the tools of a group; of one that is gone, none. */
export function allowedTo({ policy, rules }: Reach, groupTools: (id: string) => readonly ItemRef[]): Allowed {
  const byPolicy = keysOf(
    policy.groups.length === 0 ? policy.tools : [...(policy.tools ?? []), ...policy.groups.flatMap((id) => groupTools(id))],
  )
  const prompts = keysOf(policy.prompts)
  const resources = keysOf(policy.resources?.map(({ upstream, uri }) => ({ upstream, name: uri })) ?? null)
  const byRules = keysOf(rules.tools)
  return {
    server: ({ definition, state }) => state !== 'disabled' && reachesServer({ policy, rules }, definition),
    tool({ definition, state }, tool) {
      if (state === 'failed' || !tool.enabled) return false
      const key = `${definition.id} ${tool.name}`
      if (byPolicy?.has(key) === false || byRules?.has(key) === false) return false
      const readOnly = tool.definition.annotations?.readOnlyHint === true
      if (definition.id === builtInId && !readOnly && !policy.wheelhouseTools.includes(tool.name)) return false
      return readOnly || !(policy.readOnly || rules.readOnly)
    },
    prompt: ({ definition }, name) => prompts?.has(`${definition.id} ${name}`) !== false,
    resource: ({ definition }, uri) => resources?.has(`${definition.id} ${uri}`) !== false,
    unlistedResources: resources === null,
  }
}

/** Whether a server is within both limits, whatever it is doing. */
export function reachesServer(
  { policy, rules }: { policy: Pick<SessionPolicy, 'upstreams'>; rules: AccountRules },
  { id, enabled }: { id: string; enabled: boolean },
): boolean {
  if (!enabled) return false
  if (rules.upstreams !== null && !rules.upstreams.includes(id)) return false
  return policy.upstreams === null ? id !== builtInId : policy.upstreams.includes(id)
}

function keysOf(items: readonly { upstream: string; name: string }[] | null): ReadonlySet<string> | null {
  return items === null ? null : new Set(items.map(({ upstream, name }) => `${upstream} ${name}`))
}
