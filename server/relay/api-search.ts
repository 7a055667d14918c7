/** Answers what the window asks about tool search. */
import { iso, type Clock } from '../clock.ts'
import type { Handlers } from '../http/api.ts'
import { asksFirst } from './approvals/asks.ts'
import type { CallLog } from './billing/call-log.ts'
import type { FoundTool, searchRoutes, SearchedTools } from './contract/native-search.ts'
import { shownTools } from './search/meta-tools.ts'
import { toolKey, type SearchUses } from './search/search-uses.ts'
import { tokeniser, tokensOf } from './search/tokens.ts'
import type { ToolSearch } from './search/tool-search.ts'
import type { SessionAdmin } from './sessions/admin.ts'
import type { StoredSession } from './sessions/store.ts'
import type { ToolEntry, View } from './sessions/view.ts'
import { isQuarantined } from './upstreams/tools.ts'

export interface SearchParts {
  search: ToolSearch
  uses: SearchUses
  sessionAdmin: SessionAdmin
  calls: CallLog
  clock: Clock
}

export function searchHandlers({ search, uses, sessionAdmin, calls, clock }: SearchParts): Handlers<typeof searchRoutes> {
  const describe = (session: StoredSession, view: View) => {
    const made = calls.list(500, session.id, ({ state }) => state === 'succeeded')
    const used = new Map(made.toReversed().map(({ tool, at }) => [tool, at]))
    return (entry: ToolEntry, score: number): FoundTool => {
      const { name, upstream, tool, listed } = entry
      const usedAt = used.get(name)
      return {
        ...{ name, toolName: tool.name, upstreamId: upstream.definition.id, server: upstream.definition.name, score },
        description: String(listed.description ?? ''),
        state: view.tools.get(name) === entry ? 'on' : tool.enabled && isQuarantined(tool) ? 'held' : 'off',
        asks: asksFirst(session, entry),
        usedAt: usedAt === undefined ? null : iso(usedAt),
      }
    }
  }
  const latestOf = (session: StoredSession, view: View): SearchedTools | null => {
    const latest = uses.latest(session.id)
    if (latest === null) return null
    const known = new Map([...view.tools.values(), ...search.offOf(view)].map((entry) => [toolKey(entry), entry]))
    const described = describe(session, view)
    return {
      ...{ query: latest.query, at: iso(latest.at), took: latest.took, of: latest.of },
      results: latest.found.flatMap(({ key, score }) => {
        const entry = known.get(key)
        return entry === undefined ? [] : [described(entry, score)]
      }),
    }
  }
  return {
    sessionToolSearch: async ({ params }, { standing }) => {
      const session = sessionAdmin.reached(params.id, standing)
      const view = sessionAdmin.viewOf(session)
      const { search: chosen, pinned } = session.policy
      const all = shownTools(view, { search: 'off', pinned })
      const few = shownTools(view, { search: 'on', pinned })
      const behind = all.filter(({ name }) => !few.some((each) => each.name === name)).length
      return {
        status: 200,
        body: {
          ...{ on: chosen === 'on', shown: few.map(({ name }) => name), tools: all.length, behind },
          tokens: { all: await tokensOf(all), search: await tokensOf(few), tokeniser },
          ...uses.counts(session.id),
          latest: latestOf(session, view),
        },
      }
    },
    searchSessionTools: async ({ params, query: { query, limit } }, { standing }) => {
      const session = sessionAdmin.reached(params.id, standing)
      const view = sessionAdmin.viewOf(session)
      const { hits, of, took } = await search.findAll(view, query, limit)
      const described = describe(session, view)
      return {
        status: 200,
        body: { query, at: iso(clock.now()), took, of, results: hits.map(({ entry, score }) => described(entry, score)) },
      }
    },
  }
}
