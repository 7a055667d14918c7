/** `npm run package`: installers for this system, into `dist/`. Further arguments go to electron-builder. */
import { tools } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { runMain } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'

await runMain(async (args) => {
  const node = await setUp()
  await build(node)
  return run(node, [tools.electronBuilder, '--publish', 'never', ...args])
})
