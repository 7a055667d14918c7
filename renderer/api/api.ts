/** The clients the stores use, over one transport that `main.ts` chooses once. */
import { contracts } from '../../server/contracts.ts'
import type { Contract, RouteCall, RouteDefinition } from '../../server/http/contract.ts'
import { createClient, type Client } from './client.ts'
import type { Transport } from './transport.ts'

type Contracts = typeof contracts

/** What a call sends, as the table of routes has it: `Body<'brokers', 'createSession'>`. */
export type Body<
  Api extends keyof Contracts,
  Name extends keyof Contracts[Api]['routes'],
> = Contracts[Api]['routes'][Name] extends infer Route extends RouteDefinition ? NonNullable<RouteCall<Route>['body']> : never

type Clients = { [Name in keyof Contracts]: Client<Contracts[Name]['routes']> }

export function createApi(transport: Transport): Clients & { transport: Transport } {
  const clients = Object.entries(contracts).map(([name, contract]) => [name, createClient<Contract['routes']>(contract, transport)])
  // Each client has the type of the very contract from which it is made; only the mapping by name is beyond the compiler.
  return { transport, ...(Object.fromEntries(clients) as unknown as Clients) }
}

export type AppApi = ReturnType<typeof createApi>

let current: AppApi | null = null

/** Sets the transport for the whole window; tests give a fake one. */
export function provideApi(transport: Transport): AppApi {
  current = createApi(transport)
  return current
}

export function useApi(): AppApi {
  if (current === null) throw new Error('provideApi() has not been called')
  return current
}
