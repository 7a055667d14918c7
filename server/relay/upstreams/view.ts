/** A server as it is shown: of its settings no more than keeps every secret. */
import { iso } from '../../clock.ts'
import { shownAddress } from '../../http/shown-address.ts'
import type { UpstreamView } from '../contract/upstream.ts'
import { shownArgs } from './shown-settings.ts'
import { isQuarantined, type Tools } from './tools.ts'
import type { Upstream } from './upstream.ts'

export function viewOf(upstream: Upstream, tools: Tools): UpstreamView {
  const { env, headers, createdAt, args: _, url, ...definition } = upstream.definition
  const { state, error, attempts, pid, protocol, isSignedIn, latency } = upstream
  const offered = tools.offered(upstream)
  return {
    ...definition,
    args: shownArgs(upstream.definition),
    url: url === null ? null : shownAddress(url),
    envNames: Object.keys(env).sort(),
    headerNames: Object.keys(headers).sort(),
    ...{ state, error, attempts, pid, protocol, latency },
    signedIn: isSignedIn,
    tools: offered.length,
    quarantined: offered.filter(isQuarantined).length,
    createdAt: iso(createdAt),
  }
}
