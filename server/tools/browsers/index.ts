/** What an MCP client may do with browser sessions through the relay: look, use mouse and keyboard, wait, and handle files. */
import { BrowserFault } from '../../browsers/fault.ts'
import { wordsOf } from '../../browsers/page/driver-words.ts'
import { Fault } from '../../fault.ts'
import type { BuiltInTool, ToolContent } from '../../relay/built-in/server.ts'
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
  const tools = [
    ...sessionTools(service),
    ...readingTools(service),
    ...pageTools(service),
    ...waitTools(service),
    ...handsTools(service),
    ...fileTools(service),
    ...logTools(service),
    ...scriptTools(service),
  ]
  return tools.map((tool) => ({ ...tool, run: async (input, call) => inWords(tool, input, call) }))
}

/** What the browser's own library says, e.g. of a browser that died in this moment, means nothing to an agent. */
async function inWords({ run }: BuiltInTool, ...given: Parameters<BuiltInTool['run']>): Promise<ToolContent[]> {
  try {
    return await run(...given)
  } catch (error) {
    if (error instanceof Fault || given[1].signal.aborted) throw error
    throw new BrowserFault(
      'page-failed',
      `That could not be done: ${wordsOf(error)}. browser_list shows how the sessions are`,
      {},
      { cause: error },
    )
  }
}
