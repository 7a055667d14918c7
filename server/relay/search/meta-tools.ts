/**
 * The three tools that stand for all others of a session with tool search: one finds, one describes, one calls. Their names give way where
 * a server has a tool of that name.
 */
import type { View, ToolEntry } from '../sessions/view.ts'
import { longestQuestion, type SessionPolicy } from '../contract/parts.ts'
import type { ToolDefinition } from '../upstreams/store.ts'

export const metaKinds = ['search_tools', 'describe_tool', 'call_tool'] as const
export type MetaKind = (typeof metaKinds)[number]

export interface MetaTools {
  /** Under the names this session knows them by. */
  kinds: ReadonlyMap<string, MetaKind>
  listed: readonly ToolDefinition[]
}

export const defaultResults = 8
export const mostResults = 25
/** Servers that the first tool names; what is behind them is a search away. */
const namedServers = 20

const made = new WeakMap<View, MetaTools>()

/** Those of a view, made once for it. */
export function metaToolsOf(view: View): MetaTools {
  const known = made.get(view)
  if (known !== undefined) return known
  const nameOf = (kind: MetaKind): string => {
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? kind : `${kind}_${number}`
      if (!view.tools.has(name)) return name
    }
  }
  const names = { search: nameOf('search_tools'), describe: nameOf('describe_tool'), call: nameOf('call_tool') }
  const meta: MetaTools = {
    kinds: new Map([
      [names.search, 'search_tools'],
      [names.describe, 'describe_tool'],
      [names.call, 'call_tool'],
    ]),
    listed: definitionsOf(names, serversOf(view)),
  }
  made.set(view, meta)
  return meta
}

/** What a client of the session is shown: everything, or these and what a person pinned. */
export function shownTools(view: View, { search, pinned }: Pick<SessionPolicy, 'search' | 'pinned'>): readonly ToolDefinition[] {
  if (search === 'off') return [...view.tools.values()].map(({ listed }) => listed)
  const isPinned = ({ upstream, tool }: ToolEntry): boolean =>
    pinned.some((each) => each.upstream === upstream.definition.id && each.name === tool.name)
  return [...metaToolsOf(view).listed, ...[...view.tools.values()].filter(isPinned).map(({ listed }) => listed)]
}

function serversOf({ upstreams }: View): string {
  const names = upstreams.map(({ definition }) => definition.name)
  if (names.length <= namedServers) return names.join(', ')
  return `${names.slice(0, namedServers).join(', ')} and ${names.length - namedServers} more`
}

function definitionsOf(names: { search: string; describe: string; call: string }, servers: string): ToolDefinition[] {
  const name = { type: 'string', description: `Name of the tool, as ${names.search} gives it` }
  return [
    {
      name: names.search,
      title: 'Search tools',
      description: `Finds tools by what you want done; most tools are reached this way only. Answers names, descriptions and arguments, the best first. Servers: ${servers}.`,
      inputSchema: {
        type: 'object',
        properties: {
          query: { type: 'string', maxLength: longestQuestion, description: 'What is to be done, in a few words' },
          limit: { type: 'integer', minimum: 1, maximum: mostResults, default: defaultResults },
        },
        required: ['query'],
      },
      annotations: { readOnlyHint: true },
    },
    {
      name: names.describe,
      title: 'Describe tool',
      description: `All of a tool’s definition, with the schema of its arguments.`,
      inputSchema: { type: 'object', properties: { name }, required: ['name'] },
      annotations: { readOnlyHint: true },
    },
    {
      name: names.call,
      title: 'Call tool',
      description: `Calls a tool that ${names.search} has found, and answers what it answers.`,
      inputSchema: {
        type: 'object',
        properties: { name, arguments: { type: 'object', description: 'Its arguments, as its own schema wants them' } },
        required: ['name'],
      },
    },
  ]
}
