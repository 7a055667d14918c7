/** What every API publishes, by its name. */
import { botsContract } from './bots/contract/index.ts'
import { brokersContract } from './brokers/contract/index.ts'
import { browsersContract } from './browsers/contract/index.ts'
import { controlContract } from './control/contract/index.ts'
import { loginsContract } from './logins/contract/index.ts'
import { relayContract } from './relay/contract/index.ts'
import type { ApiName } from './rooms.ts'

export const contracts = {
  control: controlContract,
  brokers: brokersContract,
  browsers: browsersContract,
  bots: botsContract,
  logins: loginsContract,
  relay: relayContract,
} satisfies Record<ApiName, unknown>
