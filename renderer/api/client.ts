/** A typed client made from a contract: `client.keys()`, `client.revokeKey({ params: { id } })`. */
import {
  fillPath,
  type ApiName,
  type Contract,
  type RouteCall,
  type RouteDefinition,
  type RouteResult,
} from '../../server/http/contract.ts'
import { readFailure } from './api-error.ts'
import type { Transport } from './transport.ts'

type Options = { signal?: AbortSignal }

/** A route that needs nothing is called without an argument. */
type Arguments<Route extends RouteDefinition> =
  object extends RouteCall<Route> ? [call?: RouteCall<Route> & Options] : [call: RouteCall<Route> & Options]

export type Client<Routes extends Record<string, RouteDefinition>> = {
  readonly [Name in keyof Routes]: (...args: Arguments<Routes[Name]>) => Promise<RouteResult<Routes[Name]>>
}

/** The room's prefix under the control port; the control API itself has none. */
export function prefixOf(api: ApiName): string {
  return api === 'control' ? '' : `/${api}`
}

export function createClient<Routes extends Record<string, RouteDefinition>>(
  contract: Contract<Routes>,
  transport: Transport,
): Client<Routes> {
  const prefix = prefixOf(contract.api)
  const calls = Object.entries(contract.routes).map(([name, route]) => {
    const call = async ({ params, query, body, signal }: AnyCall = {}): Promise<unknown> => {
      const reply = await transport.request({
        method: route.method,
        path: prefix + fillPath(route.path, params),
        ...(query === undefined ? {} : { query }),
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      })
      if (reply.status >= 400) throw readFailure(reply.status, reply.body)
      return reply.body
    }
    return [name, call] as const
  })
  // The calls are built from the very table that gives the type; only the mapping by name is beyond the compiler.
  return Object.fromEntries(calls) as unknown as Client<Routes>
}

interface AnyCall {
  params?: Readonly<Record<string, unknown>>
  query?: Readonly<Record<string, unknown>>
  body?: unknown
  signal?: AbortSignal
}
