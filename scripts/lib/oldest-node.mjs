/** The oldest Node that package.json's `engines` lets people have, for the tests: what is shown to people has to run on it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot } from './paths.mjs'
import { runQuietly } from './run.mjs'
import { say } from './say.mjs'

const [, version = ''] = /^>=(\d+\.\d+)$/.exec(JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).engines.node) ?? []
const folder = inRoot('node_modules/.cache/wheelhouse', `node-${version}`)

export const oldestNode = join(folder, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** Puts it there. What lacks then is said by what needs it. */
export async function ensureOldestNode() {
  if (existsSync(oldestNode)) return
  mkdirSync(folder, { recursive: true })
  // Its install script puts the program in place.
  writeFileSync(join(folder, 'package.json'), '{"private":true,"allowScripts":{"node":true}}\n')
  say(`Fetching Node ${version}.0…`)
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const how = ['--ignore-scripts=false', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, output } = await runQuietly(npm, ['install', '--prefix', folder, `node@${version}.0`, ...how], { limit: 10 * 60_000 })
  if (code !== 0) say(`${output.trim()}\nCould not fetch Node ${version}.0; going on without.`)
}
