/** The headless entry. It prepares the engine for a quick and lean start, and only then loads the rest. */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// From the second start on, the code need not be compiled again: it starts sooner and in less memory.
enableCompileCache()
if (process.argv[2] === 'mcp') {
  // Started by every client anew, so it loads nothing of the server.
  const { runMcpProcess } = await import('./mcp-command.ts')
  process.exit(await runMcpProcess(process.argv.slice(3)))
}
// Loading allocates a lot that lives briefly. Left to itself the young generation grows to hold it, and never gives that back. And it runs
// much code often enough to be compiled, but not for long enough to be worth it: the compilers alone would stay in memory with 10 MB, and
// what the quickest of them makes with 4.
setFlagsFromString('--semi-space-growth-factor=1')
const compilers = ['sparkplug', 'maglev', 'opt']
for (const compiler of compilers) setFlagsFromString(`--no-${compiler}`)
const { main } = await import('./command-line.ts')

await main(process.argv.slice(2), () => {
  // What is kept of the code is held in memory from then on: what a start needs, and not all that a long first run came by.
  flushCompileCache()
  setFlagsFromString('--semi-space-growth-factor=2')
  for (const compiler of compilers) setFlagsFromString(`--${compiler}`)
})
