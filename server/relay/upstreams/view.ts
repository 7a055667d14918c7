/** Servers and their tools as they are shown: of a server's settings no more than keeps every secret. */
import { iso } from '../../clock.ts'
import { shownAddress } from '../../http/shown-address.ts'
import type { CatalogueServer, RelayTool } from '../contract/native-servers.ts'
import type { UpstreamView } from '../contract/upstream.ts'
import { shownArgs } from './shown-settings.ts'
import type { StoredTool } from './store.ts'
import { itemsOf, type Items } from './items.ts'
import { isQuarantined, waitsForLook, type Tools } from './tools.ts'
import type { Upstream } from './upstream.ts'

export function viewOf(upstream: Upstream, tools: Tools): UpstreamView {
  const { env, headers, createdAt, args: _, url, ...definition } = upstream.definition
  const { state, error, remedy, attempts, nextTry, pid, protocol, isSignedIn, progress, latency } = upstream
  const offered = tools.offered(upstream)
  return {
    ...definition,
    args: shownArgs(upstream.definition),
    url: url === null ? null : shownAddress(url),
    envNames: Object.keys(env).sort(),
    headerNames: Object.keys(headers).sort(),
    ...{ state, error, remedy, attempts, pid, protocol, latency },
    nextTry: nextTry === null ? null : iso(nextTry),
    lists: upstream.lists,
    progress,
    own: upstream.clients.own.map(({ since, lastUsed, ...own }) => ({ ...own, since: iso(since), lastUsed: iso(lastUsed) })),
    signedIn: isSignedIn,
    tools: offered.length,
    quarantined: offered.filter(waitsForLook).length,
    listedTwice: upstream.listedTwice.slice(0, 50),
    createdAt: iso(createdAt),
  }
}

/** With its tools; `calls` counts those of this month. */
export function catalogueOf(
  upstream: Upstream,
  { tools, items }: { tools: Tools; items: Items },
  calls: (server: string, tool: string) => number,
): CatalogueServer {
  const { definition, catalogue } = upstream
  return {
    ...viewOf(upstream, tools),
    toolList: tools.offered(upstream).map((tool) => toolViewOf(tool, calls(definition.name, tool.name))),
    itemList: itemsOf(catalogue).map((item) => {
      const { title, description } = item.offered
      const state = items.stateOf(definition, item)
      return {
        ...{ kind: item.kind, name: item.name },
        title: typeof title === 'string' ? title : null,
        description: typeof description === 'string' ? description : '',
        enabled: state !== 'off',
        quarantined: state === 'held',
      }
    }),
  }
}

export function toolViewOf(tool: StoredTool, calls: number): RelayTool {
  const { name, definition, enabled, price, handling } = tool
  const { readOnlyHint, destructiveHint } = definition.annotations ?? {}
  return {
    ...{ name, enabled, price, calls, handling },
    description: String(definition.description ?? ''),
    inputSchema: definition['inputSchema'],
    readOnly: readOnlyHint === true,
    destructive: destructiveHint === true && readOnlyHint !== true,
    quarantined: isQuarantined(tool),
  }
}
