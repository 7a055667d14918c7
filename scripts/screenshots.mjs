/** `npm run screenshots`: every page of the window, light and dark, into `docs/pictures`. */
import { ensureSystemPackages } from './lib/machine.mjs'
import { inRoot } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { runMain } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'

await runMain(async (args) => {
  const node = await setUp()
  await build(node)
  await ensureSystemPackages([
    { name: 'chromium', program: 'chromium' },
    // Without it, people's faces are boxes.
    { name: 'fonts-noto-color-emoji', file: '/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf' },
  ])
  return run(node, [inRoot('test/screenshots.ts'), ...args])
})
