/** `npm run build`: `out/` from the current sources; nothing to do when it is already. */
import { runMain } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'

await runMain(async () => build(await setUp()))
