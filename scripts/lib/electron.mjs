/** Electron's program: whether it can run here, and where it comes from. */
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { hasDisplay } from './machine.mjs'
import { inRoot, tools } from './paths.mjs'
import { runQuietly } from './run.mjs'
import { say, seconds } from './say.mjs'

/** Reaching the download server takes a second or never happens. */
const reachLimit = 4_000
/** About 120 MB; slower than this and a person would rather work in the browser. */
const downloadLimit = 8 * 60_000

/**
 * The program to start the desktop app with, fetched when it is missing; or, in words, why there is none.
 * @param {string} node
 * @returns {Promise<{ program: string } | { why: string }>}
 */
export async function findElectron(node) {
  if (!hasDisplay(process.platform, process.env)) return { why: 'There is no display here' }
  // Its sandbox does not work for root, and we do not run it without.
  if (process.platform === 'linux' && process.getuid?.() === 0)
    return { why: 'The desktop app does not run as root, because its sandbox cannot' }
  const program = installedElectron() ?? (await fetchElectron(node))
  if (program === null) return { why: 'The desktop program (Electron) could not be downloaded' }
  const lacking = await missingLibraries(program)
  if (lacking.length > 0) return { why: `The desktop program (Electron) needs libraries that this system lacks: ${lacking.join(', ')}` }
  return { program }
}

/** @returns {string | null} */
function installedElectron() {
  try {
    const name = readFileSync(inRoot('node_modules/electron/path.txt'), 'utf8').trim()
    const program = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? inRoot('node_modules/electron/dist'), name)
    return existsSync(program) ? program : null
  } catch {
    return null
  }
}

/** The package has no install script of its own any more, so this runs its downloader. @param {string} node */
async function fetchElectron(node) {
  if (!(await isReachable(downloadAddress(process.env))) && !hasCache(process.env)) return null
  say('Downloading Electron, about 120 MB, once…')
  const started = performance.now()
  const { code, output } = await runQuietly(node, [tools.electronInstall], { limit: downloadLimit })
  const program = installedElectron()
  if (code !== 0 || program === null) {
    const reason = output.split('\n').find((line) => line.includes('rror'))
    if (reason !== undefined) say(reason.trim())
    return null
  }
  say(`Downloaded in ${seconds(performance.now() - started)}.`)
  return program
}

/** @param {NodeJS.ProcessEnv} env @returns {URL} */
export function downloadAddress(env) {
  const mirror = env.ELECTRON_MIRROR ?? env.npm_config_electron_mirror ?? env.NPM_CONFIG_ELECTRON_MIRROR
  return URL.canParse(mirror ?? '') ? new URL(mirror ?? '') : new URL('https://github.com/')
}

/** Whether someone answers; a proxy is trusted to. @param {URL} address @returns {Promise<boolean>} */
export function isReachable(address, env = process.env) {
  if (env.ELECTRON_GET_USE_PROXY && (env.HTTPS_PROXY || env.https_proxy || env.GLOBAL_AGENT_HTTPS_PROXY)) return Promise.resolve(true)
  return new Promise((resolve) => {
    const port = Number(address.port) || (address.protocol === 'http:' ? 80 : 443)
    const socket = connect({ host: address.hostname, port, timeout: reachLimit })
    const settle = (/** @type {boolean} */ reachable) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(reachable)
    }
    // The socket's own limit starts only after the name is resolved.
    const timer = setTimeout(settle, reachLimit, false)
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.once('timeout', () => settle(false))
  })
}

/** Whether an earlier download may serve. @param {NodeJS.ProcessEnv} env */
function hasCache(env) {
  const places = { darwin: 'Library/Caches/electron', win32: 'AppData/Local/electron/Cache' }
  const usual = process.platform === 'darwin' || process.platform === 'win32' ? places[process.platform] : '.cache/electron'
  return existsSync(env.electron_config_cache ?? join(homedir(), usual))
}

/** @param {string} program @returns {Promise<string[]>} */
async function missingLibraries(program) {
  if (process.platform !== 'linux') return []
  try {
    return parseMissing((await runQuietly('ldd', [program], { limit: 10_000 })).output)
  } catch {
    return [] // No ldd here: the attempt will tell.
  }
}

/** @param {string} output of ldd */
export function parseMissing(output) {
  return [...output.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1] ?? '')
}
