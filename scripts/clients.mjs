/**
 * `npm run clients`: the client libraries as npm packages, into `dist/`: `npm install dist/wheelhouse-brokers-0.1.0.tgz` in a program of
 * one's own.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { inRoot, tools } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { runMain } from './lib/say.mjs'
import { setUp } from './lib/set-up.mjs'

const libraries = ['brokers', 'logins']

await runMain(async () => {
  const node = await setUp()
  mkdirSync(inRoot('dist'), { recursive: true })
  for (const name of libraries) {
    const folder = inRoot('client', name)
    rmSync(inRoot('client', name, 'dist'), { recursive: true, force: true })
    const built = await run(node, [tools.tsc, '-p', folder])
    if (built !== 0) return built
    const packed = await run('npm', ['pack', folder, '--pack-destination', inRoot('dist'), '--ignore-scripts'])
    if (packed !== 0) return packed
  }
  return 0
})
