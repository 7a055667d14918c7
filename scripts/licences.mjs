/**
 * `npm run licences`: under which licence each package stands that ships with the program, by the lock file, as a table in Markdown on
 * stdout; with `-- --sbom` as a bill of materials (CycloneDX 1.6, JSON), which `npm sbom` refuses to write while a peer of an unused
 * optional package differs. Ends with 1 when a licence is not among those that a program under the GPL-3.0-or-later may carry.
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
  // Python's since 2.0.1, which can be combined.
  'PSF-2.0',
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
  return (
    Object.entries(packages)
      .filter(([path, { dev, devOptional, link }]) => path.includes('node_modules/') && !dev && !devOptional && !link)
      .map(([path, { version = '', license }]) => {
        const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
        return { name, version, licence: license ?? said.get(name) ?? 'not said' }
      })
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en') || a.version.localeCompare(b.version, 'en'))
      // The same version may be installed in several places.
      .filter(({ name, version }, index, all) => all[index - 1]?.name !== name || all[index - 1]?.version !== version)
  )
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

/** @param {readonly Shipped[]} shipped */
export function billOfMaterials(shipped) {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    components: shipped.map(({ name, version, licence }) => {
      const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
      return { type: 'library', 'bom-ref': purl, name, version, purl, licenses: [{ expression: licence }] }
    }),
  }
}

/** @param {readonly Shipped[]} shipped */
function table(shipped) {
  const rows = shipped.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)
  return `| package | version | licence |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}

if (import.meta.main ?? process.argv[1] === import.meta.filename)
  await runMain(async (args) => {
    const shipped = shippedPackages(JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')))
    process.stdout.write(args.includes('--sbom') ? `${JSON.stringify(billOfMaterials(shipped), null, 2)}\n` : table(shipped))
    const refused = refusedPackages(shipped)
    for (const { name, licence } of refused) say(`${name} stands under a licence that nobody has looked at: ${licence}`)
    return refused.length === 0 ? 0 : 1
  })
