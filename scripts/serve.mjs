/** `npm run serve -- [flags]`: the server alone. Its stdout is the server's; set-up speaks on stderr. */
import { builtCli } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { runMain } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'

await runMain(async (args) => {
  const node = await setUp()
  await build(node)
  return run(node, [builtCli, ...args], { lifeline: true })
})
