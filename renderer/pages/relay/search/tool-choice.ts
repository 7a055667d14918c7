/** What a person decides of single tools in a session: shown beside tool search, asked about first. */
import type { FoundTool, SessionPolicy } from '../../../../server/relay/contract/index.ts'

type Item = SessionPolicy['pinned'][number]
type Named = Pick<FoundTool, 'upstreamId' | 'toolName'>

export function holds(items: readonly Item[], { upstreamId, toolName }: Named): boolean {
  return items.some(({ upstream, name }) => upstream === upstreamId && name === toolName)
}

const without = (items: readonly Item[], { upstreamId, toolName }: Named): Item[] =>
  items.filter(({ upstream, name }) => upstream !== upstreamId || name !== toolName)
const withIt = (items: readonly Item[], tool: Named): Item[] => [
  ...without(items, tool),
  { upstream: tool.upstreamId, name: tool.toolName },
]

export function pinned(policy: SessionPolicy, tool: Named, pin: boolean): SessionPolicy {
  return { ...policy, pinned: pin ? withIt(policy.pinned, tool) : without(policy.pinned, tool) }
}

/** Whatever else would ask about it: "always" outweighs a rule for all destructive ones. */
export function askedFirst(policy: SessionPolicy, tool: Named, ask: boolean): SessionPolicy {
  const { tools, always } = policy.approvals
  return {
    ...policy,
    approvals: {
      ...policy.approvals,
      tools: ask ? withIt(tools, tool) : without(tools, tool),
      always: ask ? without(always, tool) : withIt(always, tool),
    },
  }
}

/** Saved at each turn, e.g. `95,220 tokens, 98.8 %`. */
export function savingOf({ all, search }: { all: number; search: number }): { tokens: number; percent: number } {
  return { tokens: Math.max(0, all - search), percent: all === 0 ? 0 : Math.max(0, Math.round((1 - search / all) * 1_000) / 10) }
}
