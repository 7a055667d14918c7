/** All that Wheelhouse lets MCP clients do, room by room. */
import type { BuiltInTool } from '../relay/built-in/server.ts'
import type { BotAccess } from './bots/index.ts'
import type { BrokerAccess } from './brokers/index.ts'
import type { BrowserAccess } from './browsers/index.ts'
import type { LoginAccess } from './logins.ts'

export interface RoomsWithTools {
  browsers: BrowserAccess
  bots: BotAccess
  brokers: BrokerAccess
  logins: LoginAccess
}

/** Loaded and made when somebody first asks for them. */
export function builtInTools({ browsers, bots, brokers, logins }: RoomsWithTools): () => Promise<readonly BuiltInTool[]> {
  return async () => {
    const [{ botTools }, { brokerTools }, { browserTools }, { loginTools }] = await Promise.all([
      import('./bots/index.ts'),
      import('./brokers/index.ts'),
      import('./browsers/index.ts'),
      import('./logins.ts'),
    ])
    return [...browserTools(browsers), ...botTools(bots), ...brokerTools(brokers), ...loginTools(logins)]
  }
}
