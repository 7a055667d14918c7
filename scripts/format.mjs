/** `npm run format [-- FILE…]`: every source file as the formatter lays it out; `npm test` refuses any other layout. */
import { root, tools } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { runMain } from './lib/say.mjs'
import { setUp } from './lib/set-up.mjs'

await runMain(async (args) => run(await setUp(), [tools.prettier, '--write', '--log-level', 'warn', ...(args.length > 0 ? args : [root])]))
