/** Servers and their tools as they are shown: of a server's settings no more than keeps every secret. */
import { iso } from '../../clock.ts'
import { shownAddress } from '../../http/shown-address.ts'
import type { CatalogueServer, RelayTool } from '../contract/native-servers.ts'
import type { UpstreamView } from '../contract/upstream.ts'
import { shownArgs } from './shown-settings.ts'
import type { StoredTool } from './store.ts'
import { isQuarantined, type Tools } from './tools.ts'
import type { Upstream } from './upstream.ts'

export function viewOf(upstream: Upstream, tools: Tools): UpstreamView {
  const { env, headers, createdAt, args: _, url, ...definition } = upstream.definition
  const { state, error, remedy, attempts, nextTry, pid, protocol, isSignedIn, latency } = upstream
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
    signedIn: isSignedIn,
    tools: offered.length,
    quarantined: offered.filter(isQuarantined).length,
    createdAt: iso(createdAt),
  }
}

/** With its tools; `calls` counts those of this month. */
export function catalogueOf(upstream: Upstream, tools: Tools, calls: (server: string, tool: string) => number): CatalogueServer {
  const { name } = upstream.definition
  return { ...viewOf(upstream, tools), toolList: tools.offered(upstream).map((tool) => toolViewOf(tool, calls(name, tool.name))) }
}

export function toolViewOf(tool: StoredTool, calls: number): RelayTool {
  const { name, definition, enabled, price } = tool
  const { readOnlyHint, destructiveHint } = definition.annotations ?? {}
  return {
    ...{ name, enabled, price, calls },
    description: String(definition.description ?? ''),
    inputSchema: definition['inputSchema'],
    readOnly: readOnlyHint === true,
    destructive: destructiveHint === true && readOnlyHint !== true,
    quarantined: isQuarantined(tool),
  }
}
