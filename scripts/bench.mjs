/**
 * `npm run bench [-- NAME…]`: the benchmarks of `test/bench`, one after the other, since they must not disturb each other. What follows
 * the name of one that has parts, e.g. `browsers cycles`, is said to it.
 */
import { readdirSync } from 'node:fs'
import { ensureSystemPackages } from './lib/machine.mjs'
import { inRoot } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { Problem, runMain, say } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'

const withParts = new Set(['bots', 'browsers', 'relay'])

await runMain(async (args) => {
  const known = readdirSync(inRoot('test/bench'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
  /** @type {{ name: string, words: string[] }[]} */
  const chosen = []
  for (const word of args) {
    const last = chosen.at(-1)
    if (known.includes(word)) chosen.push({ name: word, words: [] })
    else if (last !== undefined && withParts.has(last.name)) last.words.push(word)
    else throw new Problem(`There is no benchmark ${word}; there are: ${known.join(', ')}.`, 2)
  }

  const node = await setUp()
  await build(node)
  await ensureSystemPackages([{ name: 'chromium', program: 'chromium' }])
  let worst = 0
  if (chosen.length === 0) chosen.push(...known.map((name) => ({ name, words: [] })))
  for (const { name, words } of chosen) {
    say(`\n${name}`)
    worst = Math.max(worst, await run(node, [inRoot('test/bench', `${name}.ts`), ...words]))
  }
  return worst
})
