/** What one session sees: the tools, prompts and resources of its servers under the names it knows them by. */
import type { ItemRef } from '../contract/parts.ts'
import type { Offered } from '../upstreams/catalogue.ts'
import { builtInId } from '../upstreams/definition.ts'
import { listedAs } from '../upstreams/handling.ts'
import { itemsOf, type Items } from '../upstreams/items.ts'
import type { StoredTool, ToolDefinition } from '../upstreams/store.ts'
import { isQuarantined, type Tools } from '../upstreams/tools.ts'
import { withoutTasks } from '../upstreams/tasks.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { ClosedResources } from './closed-resources.ts'
import { allowedTo, type Reach } from './reach.ts'
import type { ShownNames } from './shown-names.ts'

export interface ToolEntry {
  /** As the session knows it. */
  name: string
  upstream: Upstream
  tool: StoredTool
  /** As it is listed to the session. */
  listed: ToolDefinition
}

export interface PromptEntry {
  upstream: Upstream
  /** As the server knows it. */
  name: string
}

export interface View {
  upstreams: readonly Upstream[]
  tools: ReadonlyMap<string, ToolEntry>
  /** Tools that the session had, and nobody may call before a person has looked at their changed definition. */
  held: ReadonlyMap<string, Pick<ToolEntry, 'upstream' | 'tool'>>
  prompts: ReadonlyMap<string, PromptEntry & { listed: Offered }>
  resources: ReadonlyMap<string, Upstream>
  listedResources: readonly Offered[]
  listedTemplates: readonly (Offered & { upstream: Upstream })[]
  closed: ClosedResources
}

export interface ViewSource {
  all(): readonly Upstream[]
  tools: Pick<Tools, 'find'>
  items: Pick<Items, 'stateOf'>
  /** Whether a session may use a tool of Wheelhouse itself, by who decided what the session reaches. */
  mayUseBuiltIn(policyBy: string | null, name: string): boolean
}

/** Tools a server shows only to a client that can do more, by server; they stand in for those of its shared connection. */
export type DedicatedTools = ReadonlyMap<string, readonly ToolDefinition[]>

export interface Seen extends Reach {
  names: Pick<ShownNames, 'nameOf'>
  /** The tools of a group; of one that is gone, none. */
  groupTools(id: string): readonly ItemRef[]
}

export function buildView(source: ViewSource, seen: Seen, dedicatedTools: DedicatedTools = new Map()): View {
  const { names, policyBy } = seen
  const allowed = allowedTo(seen, seen.groupTools)
  const upstreams = source.all().filter((upstream) => allowed.server(upstream))
  const tools = new Map<string, ToolEntry>()
  const held = new Map<string, Pick<ToolEntry, 'upstream' | 'tool'>>()
  const prompts = new Map<string, PromptEntry & { listed: Offered }>()
  const resources = new Map<string, Upstream>()
  const listedResources: Offered[] = []
  const listedTemplates: (Offered & { upstream: Upstream })[] = []
  const closed = new ClosedResources(allowed.unlistedResources)

  for (const upstream of upstreams) {
    const { definition, catalogue } = upstream
    for (const offered of dedicatedTools.get(definition.id) ?? catalogue.tools) {
      // Named whether or not it is allowed now: what is switched on later has its name already.
      const name = names.nameOf('tool', definition, offered.name)
      const tool = source.tools.find(definition.id, offered.name)
      if (definition.id === builtInId && !source.mayUseBuiltIn(policyBy, offered.name)) continue
      if (tool === undefined || tools.has(name) || !allowed.tool(upstream, tool)) continue
      if (isQuarantined(tool)) held.set(name, { upstream, tool })
      else tools.set(name, { name, upstream, tool, listed: { ...withoutTasks(listedAs(offered, tool.handling)), name } })
    }
    for (const { kind, name: own, offered } of itemsOf(catalogue)) {
      const isOn = source.items.stateOf(definition, { kind, name: own, offered }) === 'on'
      if (kind === 'prompt') {
        const name = names.nameOf('prompt', definition, own)
        if (isOn && !prompts.has(name) && allowed.prompt(upstream, own))
          prompts.set(name, { upstream, name: own, listed: { ...offered, name } })
      } else if (!isOn) closed.add(upstream, kind, own)
      else if (!allowed.resource(upstream, own)) continue
      else if (kind === 'template') listedTemplates.push({ ...offered, upstream })
      else if (!resources.has(own)) {
        // An address is what it is: where two servers have the same one, the server that was added first answers.
        resources.set(own, upstream)
        listedResources.push(offered)
      }
    }
  }
  return { upstreams, tools, held, prompts, resources, listedResources, listedTemplates, closed }
}
