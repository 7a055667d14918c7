/** The headless entry. It prepares the engine for a quick and lean start, and only then loads the rest. */
import module from 'node:module'

if (typeof module.enableCompileCache === 'function') await start()
// The server is not for a Node older than 22, which people may have all the same; the project brings its own.
else process.exit(await (await import('./older-node.ts')).runWithOwnNode(import.meta.filename, process.argv.slice(2)))

async function start(): Promise<void> {
  // From the second start on, the code need not be compiled again: it starts sooner and in less memory.
  module.enableCompileCache()
  if (process.argv[2] === 'mcp') {
    // Started by every client anew, so it loads nothing of the server.
    const { runMcpProcess } = await import('./mcp-command.ts')
    process.exit(await runMcpProcess(process.argv.slice(3)))
  }
  const { beginLeanLoading } = await import('./lean-loading.ts')
  const loaded = beginLeanLoading()
  const { main } = await import('./command-line.ts')

  await main(process.argv.slice(2), () => {
    // What is kept of the code is held in memory from then on: what a start needs, and not all that a long first run came by.
    module.flushCompileCache()
    loaded()
  })
}
