/** What an MCP client may do with browser sessions through the relay: look, use mouse and keyboard, wait, and handle files. */
import type { BuiltInTool } from '../../relay/built-in/server.ts'
import type { BrowserAccess } from './access.ts'
import { fileTools } from './file-tools.ts'
import { handsTools } from './hands-tools.ts'
import { logTools } from './log-tools.ts'
import { pageTools } from './page-tools.ts'
import { readingTools } from './reading-tools.ts'
import { scriptTools } from './script-tools.ts'
import { sessionTools } from './session-tools.ts'
import { waitTools } from './wait-tool.ts'

export type { BrowserAccess } from './access.ts'

export function browserTools(service: BrowserAccess): BuiltInTool[] {
  return [
    ...sessionTools(service),
    ...readingTools(service),
    ...pageTools(service),
    ...waitTools(service),
    ...handsTools(service),
    ...fileTools(service),
    ...logTools(service),
    ...scriptTools(service),
  ]
}
