/** Makes a fresh clone runnable: packages as the lock file names them, the pinned Node, a build of the current sources. */
import { existsSync, readFileSync } from 'node:fs'
import { workOnce } from './lock.mjs'
import { builtCli, inRoot, root, tools } from './paths.mjs'
import { runQuietly } from './run.mjs'
import { Problem, say, seconds } from './say.mjs'
import { fingerprint, readStamp, removeStamp, sourcesOfBuild, writeStamp } from './stamp.mjs'

/** What package.json's `engines` asks of the Node that starts these scripts. */
const oldestNode = [20, 19]
/** What the tools need, and what runs TypeScript as it is; the pinned Node always is newer. */
const oldestForTools = [22, 18]
/** What the last build was made of. */
const stamp = inRoot('out/.built')
/** The project's own Node, put there by the install script of its package. */
const pinned = inRoot('node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** What the build tools take for the end of a path; nothing of ours can change that. */
const refusedInPath = process.platform === 'win32' ? /[#]/ : /[#?"\\]/

/** The first character of the project's folder with which it cannot be built, or null. @param {string} folder */
export function unbuildable(folder) {
  return refusedInPath.exec(folder)?.[0] ?? null
}

/**
 * Installs what is missing and gives the path of the Node to run everything with.
 * @returns {Promise<string>}
 */
export async function setUp() {
  const character = unbuildable(root)
  if (character !== null)
    throw new Problem(
      `Wheelhouse cannot be built in ${root}: the build tools take the ${character} for the end of the path. Move it to a folder without one.`,
    )
  if (!isAtLeast(process.versions.node, oldestNode))
    throw new Problem(`Wheelhouse needs Node ${oldestNode.join('.')} or newer to start; this is ${process.versions.node}.`)
  // Not in `node_modules`, which `npm ci` removes.
  await workOnce(inRoot('out/.installing'), isInstalled, async () => {
    const installed = installedPackages()
    if (whatDiffers(wantedPackages(), installed) !== null) await install(installed !== null)
    if (lacksPinned()) await runInstallScripts()
  })
  return existsSync(pinned) ? pinned : nodeInstead()
}

const wantedPackages = () => readJson(inRoot('package-lock.json'))
const installedPackages = () => readJson(inRoot('node_modules/.package-lock.json'))
const lacksPinned = () => !existsSync(pinned) && process.env.npm_config_ignore_scripts !== 'true'
const isInstalled = () => whatDiffers(wantedPackages(), installedPackages()) === null && !lacksPinned()

/** @type {[string[], import('./run.mjs').RunOptions]} */
const viteBuild = [[tools.electronVite, 'build', '--logLevel', 'warn'], { env: { NODE_ENV: 'production' } }]
/** The client libraries, for the examples: whoever runs those need not have a Node that reads TypeScript. */
const clients = ['brokers', 'logins']
/** @param {string} name their types are checked with all others @returns {string[]} */
const clientBuild = (name) => [
  tools.tsc,
  '-p',
  inRoot('client', name),
  '--outDir',
  inRoot('out/clients', name),
  '--noCheck',
  '--declaration',
  'false',
]

/** Builds into `out/` when the sources are not those of the last build. @param {string} node */
export async function build(node) {
  await workOnce(inRoot('out/.building'), isBuilt, async () => {
    const wanted = fingerprint(root, sourcesOfBuild)
    // Gone before anything is overwritten: a build that fails half-way must not pass for the one before it.
    removeStamp(stamp)
    say('Building…')
    const started = performance.now()
    const failed = (
      await Promise.all([runQuietly(node, ...viteBuild), ...clients.map((name) => runQuietly(node, clientBuild(name)))])
    ).find(({ code }) => code !== 0)
    if (failed !== undefined) throw new Problem(`${failed.output}\nThe build failed.`, failed.code)
    writeStamp(stamp, wanted)
    say(`Built in ${seconds(performance.now() - started)}.`)
  })
}

function isBuilt() {
  return readStamp(stamp) === fingerprint(root, sourcesOfBuild) && existsSync(builtCli)
}

/** @param {boolean} update */
async function install(update) {
  say(update ? 'The list of packages changed; installing…' : 'Installing packages; the first time takes a minute or two…')
  const started = performance.now()
  // Windows cannot remove the program that is running, and that may be the pinned Node: there, change only what differs.
  const how = update && process.platform === 'win32' ? 'install' : 'ci'
  // Whatever a person has set for other projects: all packages are needed here, and the pinned Node satisfies those that ask for a newer
  // one. Without their scripts: npm would compile better-sqlite3 (it takes a `binding.gyp` for an order, and a lock file does not carry the
  // word against it), which a machine without a compiler cannot and nobody needs, since the package brings its native files.
  await npm(how, ['--ignore-scripts', '--include=dev', '--include=optional', '--engine-strict=false', '--no-audit', '--no-fund'])
  say(`Installed in ${seconds(performance.now() - started)}.`)
}

/** Runs the scripts of the packages that package.json allows to run any. */
async function runInstallScripts() {
  await npm('rebuild', ['--ignore-scripts=false', ...allowedScripts(readJson(inRoot('package.json')))])
}

/** @param {string} command @param {readonly string[]} args */
async function npm(command, args) {
  // npm names itself and its Node in the environment of every script; both lie outside of node_modules, which `npm ci` removes.
  const { npm_execpath: script, npm_node_execpath: node } = process.env
  const [program, first] = script?.endsWith('js')
    ? [node ?? process.execPath, [script]]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []]
  const { code, output } = await runQuietly(program, [...first, command, ...args, '--loglevel=error'])
  if (code !== 0) throw new Problem(`${output}\nnpm ${command} failed; see above. Installing needs the package registry once.`, 1)
}

/** What serves when install scripts are switched off: the running Node, if it is new enough. */
function nodeInstead() {
  if (isAtLeast(process.versions.node, oldestForTools)) return process.execPath
  throw new Problem(
    'The pinned Node is missing, because install scripts are switched off in npm. Run `npm rebuild node --ignore-scripts=false` once, or use Node 22.18 or newer.',
  )
}

/** @param {any} manifest package.json @returns {string[]} the packages whose install scripts are wanted */
export function allowedScripts(manifest) {
  return Object.entries(manifest.allowScripts).flatMap(([name, allowed]) => (allowed === true ? [name] : []))
}

/**
 * The first package that is not installed as the lock file says, or null. Reads npm's own record of what it
 * installed, so that an install by hand counts too, and one that was interrupted does not.
 * @param {any} lock package-lock.json @param {any} installed node_modules/.package-lock.json
 * @returns {string | null}
 */
export function whatDiffers(lock, installed) {
  if (installed === null) return 'node_modules'
  for (const [path, wanted] of Object.entries(lock.packages)) {
    // Optional packages are those of other systems too.
    if (path === '' || wanted.optional || wanted.devOptional) continue
    if (installed.packages[path]?.version !== wanted.version) return path
  }
  return null
}

/** @param {string} version @param {readonly number[]} oldest */
export function isAtLeast(version, oldest) {
  const parts = version.split('.').map(Number)
  for (const [index, least] of oldest.entries()) {
    const part = parts[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}

/** @param {string} path */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
