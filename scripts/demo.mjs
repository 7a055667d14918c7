/** `npm run demo`: Wheelhouse on a pretend WhatsApp, so that a person can try bots without an account. Nothing leaves the machine. */
import { inRoot } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { runMain } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'

await runMain(async (args) => {
  const node = await setUp()
  await build(node)
  return run(node, [inRoot('test/fakes/whatsapp/demo.ts'), ...args])
})
