/** What one session sees: the tools, prompts and resources of its servers under the names it knows them by. */
import type { Offered } from '../upstreams/catalogue.ts'
import type { AccountRules, SessionPolicy } from '../contract/parts.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { builtInId } from '../upstreams/definition.ts'
import { isQuarantined, type Tools } from '../upstreams/tools.ts'
import type { StoredTool, ToolDefinition } from '../upstreams/store.ts'

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

/** What a person has allowed a session, and its account. */
export interface Reach {
  policy: SessionPolicy
  rules: AccountRules
  policyBy: string | null
}

export function buildView(source: ViewSource, reach: Reach, dedicatedTools: DedicatedTools = new Map()): View {
  const { policy } = reach
  const upstreams = source.all().filter((upstream) => reaches(reach, upstream))
  // With one server names stay as they are: a client set up for that server alone works unchanged.
  const alone = upstreams.length === 1
  const tools = new Map<string, ToolEntry>()
  const prompts = new Map<string, PromptEntry & { listed: Offered }>()
  const resources = new Map<string, Upstream>()
  const listedResources: Offered[] = []
  const listedTemplates: (Offered & { upstream: Upstream })[] = []

  for (const upstream of upstreams) {
    const { definition, catalogue } = upstream
    const named = (name: string): string => (alone ? name : `${definition.name}__${name}`)
    for (const offered of dedicatedTools.get(definition.id) ?? catalogue.tools) {
      const tool = source.tools.find(definition.id, offered.name)
      if (definition.id === builtInId && !source.mayUseBuiltIn(reach.policyBy, offered.name)) continue
      if (tool === undefined || !allows(reach, upstream, tool, named(offered.name))) continue
      const shown = policy.renames[named(offered.name)] ?? named(offered.name)
      const name = free(tools, shown)
      tools.set(name, { name, upstream, tool, listed: { ...offered, name } })
    }
    for (const offered of catalogue.prompts) {
      if (offered.name === undefined) continue
      const name = free(prompts, named(offered.name))
      prompts.set(name, { upstream, name: offered.name, listed: { ...offered, name } })
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

/** The server that has a resource: by its list, then by its templates, then the only one there is. */
export function upstreamOfResource(view: View, uri: string): Upstream | undefined {
  const listed = view.resources.get(uri)
  if (listed !== undefined) return listed
  const matching = view.listedTemplates.find(({ uriTemplate = '' }) => fitsTemplate(uriTemplate, uri))
  if (matching !== undefined) return matching.upstream
  const able = view.upstreams.filter(({ capabilities }) => capabilities.resources !== undefined)
  return able.length === 1 ? able[0] : undefined
}

function reaches({ policy, rules }: Reach, upstream: Upstream): boolean {
  const { id, enabled } = upstream.definition
  if (!enabled || upstream.state === 'disabled') return false
  if (rules.upstreams !== null && !rules.upstreams.includes(id)) return false
  return policy.upstreams === null ? id !== builtInId : policy.upstreams.includes(id)
}

function allows({ policy, rules }: Reach, { definition, state }: Upstream, tool: StoredTool, name: string): boolean {
  if (state === 'failed' || !tool.enabled || isQuarantined(tool)) return false
  if (policy.tools !== null && !policy.tools.includes(name)) return false
  if (rules.tools !== null && !rules.tools.some((each) => each.upstream === definition.id && each.name === tool.name)) return false
  const readOnly = tool.definition.annotations?.readOnlyHint === true
  if (definition.id === builtInId && !readOnly && !policy.wheelhouseTools.includes(tool.name)) return false
  return readOnly || !(policy.readOnly || rules.readOnly)
}

/** Two servers can make the same name (`a__b` with `c`, `a` with `b__c`); the later one gets a number, the same each time. */
function free(taken: ReadonlyMap<string, unknown>, name: string): string {
  if (!taken.has(name)) return name
  for (let number = 2; ; number += 1) if (!taken.has(`${name}_${number}`)) return `${name}_${number}`
}

/**
 * Each expression of a template stands for some text without spaces; enough to tell servers apart, the server itself reads it exactly.
 * No regular expression: one with several such expressions takes as long as the client that sends the address likes, and everybody waits.
 */
function fitsTemplate(template: string, uri: string): boolean {
  const [head = '', ...literals] = template.split(/\{[^{}]*\}/)
  const tail = literals.pop()
  if (tail === undefined) return uri === head
  if (!uri.startsWith(head) || !uri.endsWith(tail) || /\s/.test(uri)) return false
  let at = head.length
  for (const literal of literals) {
    const found = uri.indexOf(literal, at)
    if (found === -1) return false
    at = found + literal.length
  }
  return at <= uri.length - tail.length
}
