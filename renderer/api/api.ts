/** The clients the stores use, over one transport that `main.ts` chooses once. */
import { brokersContract } from '../../server/brokers/contract/index.ts'
import { botsContract } from '../../server/bots/contract/index.ts'
import { browsersContract } from '../../server/browsers/contract/index.ts'
import { controlContract } from '../../server/control/contract.ts'
import { loginsContract } from '../../server/logins/contract/index.ts'
import { relayContract } from '../../server/relay/contract/index.ts'
import { createClient } from './client.ts'
import type { Transport } from './transport.ts'

export function createApi(transport: Transport) {
  return {
    transport,
    control: createClient(controlContract, transport),
    brokers: createClient(brokersContract, transport),
    bots: createClient(botsContract, transport),
    browsers: createClient(browsersContract, transport),
    logins: createClient(loginsContract, transport),
    relay: createClient(relayContract, transport),
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
