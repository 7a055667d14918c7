/** What an MCP client may do with WhatsApp bots through the relay. */
import type { BuiltInTool } from '../../relay/built-in/server.ts'
import type { BotAccess } from './access.ts'
import { readingTools } from './reading.ts'
import { routeTools } from './routes.ts'
import { sendingTools } from './sending.ts'

export type { BotAccess }

export function botTools(access: BotAccess): BuiltInTool[] {
  return [...readingTools(access), ...sendingTools(access), ...routeTools(access)]
}
