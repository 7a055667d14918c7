/** What the machine has and lacks: a display, a Chromium, packages of the system. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { run, runQuietly } from './run.mjs'
import { say } from './say.mjs'

const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'brave-browser']
const chromiumCaches = ['.cache/puppeteer/chrome', '.cache/ms-playwright', 'snap/chromium']

/** @param {NodeJS.Platform} platform @param {NodeJS.ProcessEnv} env */
export function hasDisplay(platform, env) {
  return platform === 'win32' || platform === 'darwin' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}

/** @param {string} name @param {string} [path] @returns {string | null} */
export function findOnPath(name, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name)
  }
  return null
}

/** Whether a Chromium is likely here; the server looks closer, and launches it to be sure. Linux only, where we can install one. */
function seemsToHaveChromium() {
  if (process.env.WHEELHOUSE_BROWSER || process.env.PUPPETEER_EXECUTABLE_PATH) return true
  return chromiumNames.some((name) => findOnPath(name) !== null) || chromiumCaches.some((folder) => isFilled(join(homedir(), folder)))
}

/**
 * Installs what is missing where that needs no question: on Debian, as root.
 * @param {readonly { name: string, program?: string, file?: string }[]} wanted each known by a program or a file
 */
export async function ensureSystemPackages(wanted) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || findOnPath('apt-get') === null || !isDebian(read('/etc/os-release')))
    return
  const lacks = wanted.filter(({ name, program, file }) => {
    if (name === 'chromium') return !seemsToHaveChromium()
    return file === undefined ? program === undefined || findOnPath(program) === null : !existsSync(file)
  })
  const missing = [...new Set(lacks.map(({ name }) => name))]
  if (missing.length === 0) return
  say(`Installing ${missing.join(', ')} with apt-get…`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const apt = ['-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=20', '-o', 'DPkg::Lock::Timeout=120']
  await runQuietly('apt-get', [...apt, 'update'], { env, limit: 5 * 60_000 })
  const { code, output } = await runQuietly('apt-get', [...apt, 'install', '-y', '--no-install-recommends', ...missing], {
    env,
    limit: 15 * 60_000,
  })
  // What needs them says so itself, in its own words.
  if (code !== 0) say(`${output.trim().split('\n').slice(-5).join('\n')}\nCould not install ${missing.join(', ')}; going on without.`)
}

/** Ubuntu's `chromium` is a link to a snap, which does not run everywhere, so Debian's own family alone. @param {string} osRelease */
export function isDebian(osRelease) {
  const field = (/** @type {string} */ name) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(osRelease)?.[1] ?? ''
  const family = [field('ID'), ...field('ID_LIKE').split(' ')]
  return family.includes('debian') && !family.includes('ubuntu')
}

/** Opens an address in the person's browser; tells whether that could be started. @param {string} url @returns {Promise<boolean>} */
export async function openInBrowser(url) {
  if (!hasDisplay(process.platform, process.env)) return false
  /** @type {[string, string[]]} */
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['rundll32', ['url.dll,FileProtocolHandler', url]]
        : ['xdg-open', [url]]
  try {
    return (await run(command, args, { stdio: 'ignore', limit: 10_000 })) === 0
  } catch {
    return false
  }
}

/** @param {string} folder */
function isFilled(folder) {
  try {
    return readdirSync(folder).length > 0
  } catch {
    return false
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
