/** `npm run dev`: the desktop app, rebuilt and reloaded as its sources change. */
import { findElectron } from './lib/electron.mjs'
import { tools } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { Problem, runMain } from './lib/say.mjs'
import { setUp } from './lib/set-up.mjs'

await runMain(async (args) => {
  const node = await setUp()
  const electron = await findElectron(node)
  if ('why' in electron) throw new Problem(`${electron.why}. \`npm run serve\` runs the server alone.`)
  return run(node, [tools.electronVite, 'dev', '--watch', ...args])
})
