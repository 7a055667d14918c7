/** `npm run portal`: the practice site that the tests sign in to, for a person to try the browsers API with. */
import { inRoot } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { runMain } from './lib/say.mjs'
import { setUp } from './lib/set-up.mjs'

await runMain(async (args) => run(await setUp(), [inRoot('test/fixtures/portal/cli.ts'), ...args]))
