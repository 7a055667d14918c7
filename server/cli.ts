/** The headless entry. It prepares the engine for a quick and lean start, and only then loads the rest. */
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// From the second start on, the code need not be compiled again: it starts sooner and in less memory.
enableCompileCache()
// Loading allocates a lot that lives briefly. Left to itself the young generation grows to hold it, and never gives that back.
setFlagsFromString('--semi-space-growth-factor=1')
const { main } = await import('./command-line.ts')
setFlagsFromString('--semi-space-growth-factor=2')

await main(process.argv.slice(2))
