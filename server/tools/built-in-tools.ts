/** All that Wheelhouse lets MCP clients do, room by room. */
import type { BuiltInTool } from '../relay/built-in/server.ts'
import { botTools, type BotAccess } from './bots/index.ts'
import { brokerTools, type BrokerAccess } from './brokers/index.ts'
import { browserTools, type BrowserAccess } from './browsers/index.ts'
import { loginTools, type LoginAccess } from './logins.ts'

export interface RoomsWithTools {
  browsers: BrowserAccess
  bots: BotAccess
  brokers: BrokerAccess
  logins: LoginAccess
}

/** Made when somebody first asks for them: with their schemas they take some megabytes, and most houses never do. */
export function builtInTools({ browsers, bots, brokers, logins }: RoomsWithTools): () => readonly BuiltInTool[] {
  let made: BuiltInTool[] | undefined
  return () => (made ??= [...browserTools(browsers), ...botTools(bots), ...brokerTools(brokers), ...loginTools(logins)])
}
