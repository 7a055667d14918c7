/** The clients the stores use, over one transport that `main.ts` chooses once. */
import { botsContract } from '../../server/bots/contract/index.ts'
import { brokersContract } from '../../server/brokers/contract/index.ts'
import { browsersContract } from '../../server/browsers/contract/index.ts'
import { controlContract } from '../../server/control/contract.ts'
import type { RouteCall, RouteDefinition } from '../../server/http/contract.ts'
import { loginsContract } from '../../server/logins/contract/index.ts'
import { relayContract } from '../../server/relay/contract/index.ts'
import { createClient } from './client.ts'
import type { Transport } from './transport.ts'

const contracts = {
  control: controlContract,
  brokers: brokersContract,
  bots: botsContract,
  browsers: browsersContract,
  logins: loginsContract,
  relay: relayContract,
}
type Contracts = typeof contracts

/** What a call sends, as the table of routes has it: `Body<'brokers', 'createSession'>`. */
export type Body<
  Api extends keyof Contracts,
  Name extends keyof Contracts[Api]['routes'],
> = Contracts[Api]['routes'][Name] extends infer Route extends RouteDefinition ? NonNullable<RouteCall<Route>['body']> : never

export function createApi(transport: Transport) {
  return {
    transport,
    control: createClient(contracts.control, transport),
    brokers: createClient(contracts.brokers, transport),
    bots: createClient(contracts.bots, transport),
    browsers: createClient(contracts.browsers, transport),
    logins: createClient(contracts.logins, transport),
    relay: createClient(contracts.relay, transport),
  }
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
