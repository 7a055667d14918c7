/**
 * `npm run licences`: under which licence each package stands that ships with the program, by the lock file, as a table in Markdown on stdout.
 * Ends with 1 when one is not among those that a program under the GPL-3.0-or-later may carry.
 */
import { readFileSync } from 'node:fs'
import { inRoot } from './lib/paths.mjs'
import { runMain, say } from './lib/say.mjs'

/** SPDX identifiers that the GPL-3.0 can be combined with; a licence that is not here wants a person's look first. */
const accepted = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'GPL-3.0',
  'GPL-3.0-or-later',
  'ISC',
  'LGPL-3.0-or-later',
  'MIT',
  'MPL-2.0',
  // Fonts, which are carried as files.
  'OFL-1.1',
])
/** What is said in a package's repository and not in the package. */
const said = new Map([['vaul-vue', 'MIT']])

/** @typedef {{ name: string, version: string, licence: string }} Shipped */

/**
 * @param {{ packages: Record<string, { version?: string, license?: string, dev?: boolean, devOptional?: boolean, link?: boolean }> }} lock
 * @returns {Shipped[]} by name
 */
export function shippedPackages({ packages }) {
  return Object.entries(packages)
    .filter(([path, { dev, devOptional, link }]) => path.includes('node_modules/') && !dev && !devOptional && !link)
    .map(([path, { version = '', license }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      return { name, version, licence: license ?? said.get(name) ?? 'not said' }
    })
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en') || a.version.localeCompare(b.version, 'en'))
}

/** Those whose licence is not known to fit: each of `A AND B` must, one of `A OR B` is enough. @param {readonly Shipped[]} shipped */
export function refusedPackages(shipped) {
  return shipped.filter(
    ({ licence }) =>
      !licence
        .replaceAll(/[()]/g, '')
        .split(' OR ')
        .some((choice) => choice.split(' AND ').every((id) => accepted.has(id.trim()))),
  )
}

if (import.meta.main ?? process.argv[1] === import.meta.filename)
  await runMain(async () => {
    const shipped = shippedPackages(JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')))
    const rows = shipped.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)
    process.stdout.write(`| package | version | licence |\n| --- | --- | --- |\n${rows.join('\n')}\n`)
    const refused = refusedPackages(shipped)
    for (const { name, licence } of refused) say(`${name} stands under a licence that nobody has looked at: ${licence}`)
    return refused.length === 0 ? 0 : 1
  })
