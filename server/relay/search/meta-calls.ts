/** Answers `search_tools` and `describe_tool`, and says what is wrong with a `call_tool` that names no tool. They cost nothing. */
import { longestQuestion } from '../contract/parts.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { ToolEntry, View } from '../sessions/view.ts'
import type { Json } from '../upstreams/connection.ts'
import { defaultResults, metaToolsOf, mostResults } from './meta-tools.ts'
import { toolKey, type SearchUses } from './search-uses.ts'
import { argumentLine, type ToolSearch } from './tool-search.ts'

export interface MetaCallParts {
  search: ToolSearch
  uses: SearchUses
}

/** Beyond this a description is found by its beginning; `describe_tool` has all of it. */
const shownDescription = 240

/** Undefined when the name is none of these tools’, or the session has no tool search. */
export function answerMetaCall(
  { search, uses }: MetaCallParts,
  session: StoredSession,
  view: View,
  { name, arguments: args = {} }: { name: string; arguments?: Json | undefined },
): Promise<Json> | undefined {
  const kind = session.policy.search === 'on' ? metaToolsOf(view).kinds.get(name) : undefined
  switch (kind) {
    case undefined:
      return undefined
    case 'search_tools':
      return find(args)
    case 'describe_tool':
      return Promise.resolve(describe(view, args))
    case 'call_tool':
      return Promise.resolve(
        failed('Name the tool to call in `name`, as the search gives it, and put its arguments into `arguments` as an object.'),
      )
  }

  async function find({ query, limit }: Json): Promise<Json> {
    if (typeof query !== 'string' || query.trim() === '') return failed('Say in `query` what is to be done.')
    if (query.length > longestQuestion)
      return failed(`Say in \`query\` what is to be done in a few words: at most ${longestQuestion} characters, not ${query.length}.`)
    const most = typeof limit === 'number' && limit >= 1 ? Math.min(Math.trunc(limit), mostResults) : defaultResults
    const { hits, of, took } = await search.find(view, query, most)
    uses.searched(session.id, { query, took, of, found: hits.map(({ entry, score }) => ({ key: toolKey(entry), score })) })
    return answer({ tools: hits.map(({ entry, score }) => shortOf(entry, score)), of })
  }
}

function describe({ tools }: View, { name }: Json): Json {
  if (typeof name !== 'string') return failed('Name the tool in `name`.')
  const entry = tools.get(name)
  return entry === undefined ? failed(`There is no tool ${name.slice(0, 200)}; search for it.`) : answer(entry.listed)
}

function shortOf({ name, upstream, listed }: ToolEntry, score: number): Json {
  const { description = '' } = listed
  return {
    name,
    server: upstream.definition.name,
    description: description.length <= shownDescription ? description : `${description.slice(0, shownDescription)}…`,
    arguments: argumentLine(listed),
    score,
  }
}

function answer(value: unknown): Json {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] }
}

function failed(text: string): Json {
  return { isError: true, content: [{ type: 'text', text }] }
}
