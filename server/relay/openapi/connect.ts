/** How a connection to an API is made: its server runs within this process, and is built from what is kept with each connection. */
import type { UpstreamConnectionOptions } from '../upstreams/connection.ts'
import type { UpstreamDefinition } from '../upstreams/definition.ts'
import { storedApi, type ApiStore } from './store.ts'

export type ConnectApi = (definition: UpstreamDefinition, send: typeof fetch) => NonNullable<UpstreamConnectionOptions['builtIn']>

export function apiConnections(store: ApiStore): ConnectApi {
  return (definition, send) => async () => {
    const { plan, chosen } = storedApi(store, definition.id)
    const operations = chosen === null ? plan.operations : plan.operations.filter(({ id }) => chosen.includes(id))
    const { connectApi } = await import('./server.ts')
    return connectApi({ definition, fetch: send, plan: { ...plan, operations } })
  }
}
