/**
 * What a session may do with Wheelhouse's own tools: at most what whoever decided its policy may do by himself, asked when the policy is
 * given and again at every call. A caller without a key may use no other room, so its sessions get none unless somebody with the rights
 * gives them.
 */
import { RelayFault } from '../fault.ts'
import type { Right, Standing } from '../../http/rights.ts'
import type { ItemRef, SessionPolicy } from '../contract/parts.ts'
import { builtInId } from '../upstreams/definition.ts'

/** The part of a tool that says who may use it. */
export interface RightfulTool {
  name: string
  readOnly: boolean
  right: Right
}

export interface BuiltInReach {
  /**
   * Throws `policy-beyond-caller` when the policy names tools that the caller may not use itself, or opens Wheelhouse's tools to one who
   * may use none.
   */
  check(policy: SessionPolicy, caller: Standing): void
  /** Whether a tool stands in the view of a session. */
  mayUse(policyBy: string | null, tool: string): boolean
  /** Whether the caller may do by himself all that the session reaches here: only then may it have the session's address or call as it. */
  covers(caller: Standing, session: { policy: SessionPolicy; policyBy: string | null }): boolean
  /** What the one who decided the policy may do now; null for one who may do nothing beside the relay. */
  standingOf(policyBy: string | null): Standing | null
}

/** `tools` are asked for when the first session wants to know: nobody else needs them. */
export function createBuiltInReach(
  tools: () => readonly RightfulTool[],
  standingOf: (maker: string | null) => Standing | null,
): BuiltInReach {
  let byName: ReadonlyMap<string, RightfulTool> | undefined
  const find = (name: string): RightfulTool | undefined => (byName ??= new Map(tools().map((tool) => [tool.name, tool]))).get(name)
  const opened = (policy: SessionPolicy): RightfulTool[] =>
    reachesBuiltIn(policy) ? tools().filter(({ name, readOnly }) => readOnly || policy.wheelhouseTools.includes(name)) : []
  const mayUse = (policyBy: string | null, name: string): boolean => {
    const tool = find(name)
    return tool !== undefined && standingOf(policyBy)?.may(tool.right) === true
  }
  return {
    mayUse,
    standingOf,
    check(policy, caller) {
      const refused = policy.wheelhouseTools.flatMap((name) => find(name) ?? []).filter(({ right }) => !caller.may(right))
      const nothing = reachesBuiltIn(policy) && tools().length > 0 && !tools().some(({ right }) => caller.may(right))
      if (refused.length === 0 && !nothing) return
      const words = nothing ? 'Wheelhouse’s own tools take a key' : refused.map(({ name, right }) => `${name} takes ${right}`).join(', ')
      throw new RelayFault('policy-beyond-caller', `A session reaches no more than who makes it: ${words}`)
    },
    covers: (caller, { policy, policyBy }) => opened(policy).every(({ name, right }) => !mayUse(policyBy, name) || caller.may(right)),
  }
}

export function reachesBuiltIn({ upstreams }: SessionPolicy): boolean {
  return upstreams?.includes(builtInId) === true
}

/** Whether a policy opens nothing here that the one before did not: who takes something away need not hold what is left. */
export function opensNoMore(after: SessionPolicy, before: SessionPolicy): boolean {
  if (!reachesBuiltIn(after) && after.wheelhouseTools.every((name) => before.wheelhouseTools.includes(name))) return true
  return (
    reachesBuiltIn(before) &&
    after.wheelhouseTools.every((name) => before.wheelhouseTools.includes(name)) &&
    (!isLimited(before) || (isLimited(after) && toolsWithin(after, before))) &&
    (after.readOnly || !before.readOnly)
  )
}

function isLimited({ tools, groups }: SessionPolicy): boolean {
  return tools !== null || groups.length > 0
}

function toolsWithin(after: SessionPolicy, before: SessionPolicy): boolean {
  return (after.tools ?? []).every((tool) => isNamedIn(before.tools, tool)) && after.groups.every((group) => before.groups.includes(group))
}

function isNamedIn(tools: SessionPolicy['tools'], { upstream, name }: ItemRef): boolean {
  return upstream !== builtInId || tools?.some((tool) => tool.upstream === upstream && tool.name === name) === true
}
