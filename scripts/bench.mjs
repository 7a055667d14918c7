/** `npm run bench [-- NAME…]`: the benchmarks of `test/bench`, one after the other, since they must not disturb each other. */
import { readdirSync } from 'node:fs'
import { ensureSystemPackages } from './lib/machine.mjs'
import { inRoot } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { Problem, runMain, say } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'

await runMain(async (args) => {
  const known = readdirSync(inRoot('test/bench'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
  const unknown = args.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Problem(`There is no benchmark ${unknown.join(', ')}; there are: ${known.join(', ')}.`, 2)

  const node = await setUp()
  await build(node)
  await ensureSystemPackages([{ name: 'chromium', program: 'chromium' }])
  let worst = 0
  for (const name of args.length > 0 ? args : known) {
    say(`\n${name}`)
    worst = Math.max(worst, await run(node, [inRoot('test/bench', `${name}.ts`)]))
  }
  return worst
})
