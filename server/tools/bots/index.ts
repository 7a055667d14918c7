/** What an MCP client may do with WhatsApp bots through the relay. */
import { botsContract } from '../../bots/contract/index.ts'
import type { BuiltInTool } from '../../relay/built-in/server.ts'
import { withRemedies } from '../remedies.ts'
import type { BotAccess } from './access.ts'
import { linkingTools } from './linking.ts'
import { readingTools } from './reading.ts'
import { routeTools } from './routes.ts'
import { sendingTools } from './sending.ts'

export type { BotAccess }

export function botTools(access: BotAccess): BuiltInTool[] {
  const tools = [...readingTools(access), ...sendingTools(access), ...routeTools(access), ...linkingTools(access)]
  return withRemedies(botsContract.faults, tools)
}
