/** Which calls wait for a person's yes. */
import type { SessionPolicy } from '../contract/parts.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { ToolEntry } from '../sessions/view.ts'
import type { StoredTool } from '../upstreams/store.ts'

type Approvals = SessionPolicy['approvals']

/** Made once for each policy: a session may name thousands of tools, and every call asks. */
const known = new WeakMap<Approvals, { asked: ReadonlySet<string>; always: ReadonlySet<string> }>()

/** By the session's policy or the server's options; "always" of the session outweighs both. */
export function asksFirst(
  { policy: { approvals } }: Pick<StoredSession, 'policy'>,
  { upstream, tool }: Pick<ToolEntry, 'upstream' | 'tool'>,
): boolean {
  const { id, options } = upstream.definition
  const ofServer = options.asksFirst
  if (ofServer === 'nothing' && !approvals.destructive && approvals.tools.length === 0) return false
  const { asked, always } = setsOf(approvals)
  const key = `${id} ${tool.name}`
  if (always.has(key)) return false
  return ofServer === 'everything' || asked.has(key) || ((approvals.destructive || ofServer === 'destructive') && isDestructive(tool))
}

/** As the specification has it: a tool that changes something is destructive unless its server says that it is not. */
export function isDestructive({ definition: { annotations } }: StoredTool): boolean {
  return annotations?.readOnlyHint !== true && annotations?.destructiveHint !== false
}

function setsOf(approvals: Approvals): { asked: ReadonlySet<string>; always: ReadonlySet<string> } {
  let sets = known.get(approvals)
  if (sets === undefined) {
    const keys = (items: Approvals['tools']): Set<string> => new Set(items.map(({ upstream, name }) => `${upstream} ${name}`))
    sets = { asked: keys(approvals.tools), always: keys(approvals.always) }
    known.set(approvals, sets)
  }
  return sets
}
