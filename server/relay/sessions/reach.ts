/** What of its servers a session may reach: what a person has allowed it, and its account. */
import type { AccountRules, SessionPolicy } from '../contract/parts.ts'
import { builtInId } from '../upstreams/definition.ts'
import type { StoredTool } from '../upstreams/store.ts'
import { isQuarantined } from '../upstreams/tools.ts'
import type { Upstream } from '../upstreams/upstream.ts'

export interface Reach {
  policy: SessionPolicy
  rules: AccountRules
  policyBy: string | null
}

/** Both limits in a form that a thousand tools are looked up in quickly. */
export interface Allowed {
  server(upstream: Upstream): boolean
  tool(upstream: Upstream, tool: StoredTool): boolean
}

export function allowedTo({ policy, rules }: Reach): Allowed {
  const byPolicy = keysOf(policy.tools)
  const byRules = keysOf(rules.tools)
  return {
    server: ({ definition, state }) => state !== 'disabled' && reachesServer({ policy, rules }, definition),
    tool({ definition, state }, tool) {
      if (state === 'failed' || !tool.enabled || isQuarantined(tool)) return false
      const key = `${definition.id} ${tool.name}`
      if (byPolicy?.has(key) === false || byRules?.has(key) === false) return false
      const readOnly = tool.definition.annotations?.readOnlyHint === true
      if (definition.id === builtInId && !readOnly && !policy.wheelhouseTools.includes(tool.name)) return false
      return readOnly || !(policy.readOnly || rules.readOnly)
    },
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
