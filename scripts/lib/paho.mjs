/** Paho for Python in both of its versions: what the window's Python program is for, and what the tests run it with. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inRoot } from './paths.mjs'
import { runQuietly } from './run.mjs'
import { say } from './say.mjs'

const releases = { 1: '1.6.1', 2: '2.1.0' }
/** Where Debian's package `python3-paho-mqtt` lies, which is of one version or the other. */
const debians = '/usr/lib/python3/dist-packages'

/** The folder to name in PYTHONPATH. @param {1 | 2} version */
export const pahoFolder = (version) => inRoot('node_modules/.cache/wheelhouse', `paho-${version}`)

/** Puts both there: what Debian has from there, the other from the registry. What lacks then is said by what needs it. */
export async function ensurePaho() {
  for (const version of /** @type {const} */ ([1, 2])) {
    const folder = pahoFolder(version)
    if (versionIn(folder) !== null) continue
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(dirname(folder), { recursive: true })
    if (versionIn(debians)?.startsWith(`${version}.`)) {
      cpSync(join(debians, 'paho'), join(folder, 'paho'), { recursive: true })
      continue
    }
    say(`Fetching paho-mqtt ${releases[version]}…`)
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, `paho-mqtt==${releases[version]}`]
    const { code, output } = await runQuietly('python3', pip, { limit: 5 * 60_000 }).catch(({ message }) => ({ code: 1, output: message }))
    if (code !== 0) say(`${output.trim()}\nCould not fetch paho-mqtt ${releases[version]}; going on without.`)
  }
}

/** @param {string} folder @returns {string | null} */
function versionIn(folder) {
  const file = join(folder, 'paho/mqtt/__init__.py')
  return existsSync(file) ? (/^__version__ = "([^"]+)"/m.exec(readFileSync(file, 'utf8'))?.[1] ?? null) : null
}
