/** The headless entry. It prepares the engine for a quick and lean start, and only then loads the rest. */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { beginLeanLoading } from './lean-loading.ts'

// From the second start on, the code need not be compiled again: it starts sooner and in less memory.
enableCompileCache()
if (process.argv[2] === 'mcp') {
  // Started by every client anew, so it loads nothing of the server.
  const { runMcpProcess } = await import('./mcp-command.ts')
  process.exit(await runMcpProcess(process.argv.slice(3)))
}
const loaded = beginLeanLoading()
const { main } = await import('./command-line.ts')

await main(process.argv.slice(2), () => {
  // What is kept of the code is held in memory from then on: what a start needs, and not all that a long first run came by.
  flushCompileCache()
  loaded()
})
