/** What one session sees: the tools, prompts and resources of its servers under the names it knows them by. */
import type { Offered } from '../upstreams/catalogue.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { builtInId } from '../upstreams/definition.ts'
import type { StoredTool, ToolDefinition } from '../upstreams/store.ts'
import type { Tools } from '../upstreams/tools.ts'
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
  prompts: ReadonlyMap<string, PromptEntry & { listed: Offered }>
  resources: ReadonlyMap<string, Upstream>
  listedResources: readonly Offered[]
  listedTemplates: readonly (Offered & { upstream: Upstream })[]
}

export interface ViewSource {
  all(): readonly Upstream[]
  tools: Pick<Tools, 'find'>
  /** Whether a session may use a tool of Wheelhouse itself, by who decided what the session reaches. */
  mayUseBuiltIn(policyBy: string | null, name: string): boolean
}

/** Tools a server shows only to a client that can do more, by server; they stand in for those of its shared connection. */
export type DedicatedTools = ReadonlyMap<string, readonly ToolDefinition[]>

export function buildView(
  source: ViewSource,
  reach: Reach,
  names: Pick<ShownNames, 'nameOf'>,
  dedicatedTools: DedicatedTools = new Map(),
): View {
  const allowed = allowedTo(reach)
  const upstreams = source.all().filter((upstream) => allowed.server(upstream))
  const tools = new Map<string, ToolEntry>()
  const prompts = new Map<string, PromptEntry & { listed: Offered }>()
  const resources = new Map<string, Upstream>()
  const listedResources: Offered[] = []
  const listedTemplates: (Offered & { upstream: Upstream })[] = []

  for (const upstream of upstreams) {
    const { definition, catalogue } = upstream
    for (const offered of dedicatedTools.get(definition.id) ?? catalogue.tools) {
      // Named whether or not it is allowed now: what is switched on later has its name already.
      const name = names.nameOf('tool', definition, offered.name)
      const tool = source.tools.find(definition.id, offered.name)
      if (definition.id === builtInId && !source.mayUseBuiltIn(reach.policyBy, offered.name)) continue
      if (tool === undefined || tools.has(name) || !allowed.tool(upstream, tool)) continue
      tools.set(name, { name, upstream, tool, listed: { ...offered, name } })
    }
    for (const offered of catalogue.prompts) {
      if (offered.name === undefined) continue
      const name = names.nameOf('prompt', definition, offered.name)
      if (!prompts.has(name)) prompts.set(name, { upstream, name: offered.name, listed: { ...offered, name } })
    }
    for (const offered of catalogue.resources) {
      // An address is what it is: where two servers have the same one, the server that was added first answers.
      if (offered.uri === undefined || resources.has(offered.uri)) continue
      resources.set(offered.uri, upstream)
      listedResources.push(offered)
    }
    for (const offered of catalogue.resourceTemplates) if (offered.uriTemplate !== undefined) listedTemplates.push({ ...offered, upstream })
  }
  return { upstreams, tools, prompts, resources, listedResources, listedTemplates }
}
