/**
 * Where a Chromium may be on this machine, best first. Looks at files only; whether one works is found out by starting it (`chromium.ts`).
 */
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { inOrder } from '../../order.ts'

export type Source = 'environment' | 'setting' | 'installed' | 'system' | 'puppeteer-cache' | 'playwright-cache'

export interface Candidate {
  path: string
  source: Source
}

export interface Places {
  platform: NodeJS.Platform
  home: string
  environment: NodeJS.ProcessEnv
  /** Where our own installs are. */
  installDir: string
  /** From the settings, with flag and variable already applied; nothing else is tried when it is given. */
  configured: string | null
}

export interface Found {
  candidates: Candidate[]
  /** Every place looked at, to show when nothing was found. */
  searched: string[]
}

export function findCandidates(places: Places): Found {
  if (places.configured !== null) {
    const source: Source = places.environment['WHEELHOUSE_BROWSER'] === places.configured ? 'environment' : 'setting'
    return { candidates: isExecutable(places.configured) ? [{ path: places.configured, source }] : [], searched: [places.configured] }
  }
  const all: Candidate[] = [
    ...cached(places.installDir, 'installed', places.platform),
    ...systemPaths(places).map((path): Candidate => ({ path, source: 'system' })),
    ...cached(puppeteerCache(places), 'puppeteer-cache', places.platform),
    ...cached(playwrightCache(places), 'playwright-cache', places.platform),
  ]
  const seen = new Set<string>()
  const candidates = all.filter(({ path }) => isExecutable(path) && !seen.has(path) && seen.add(path))
  const searched = [
    places.installDir,
    ...all.filter(({ source }) => source === 'system').map(({ path }) => path),
    puppeteerCache(places),
    playwrightCache(places),
  ]
  return { candidates, searched: [...new Set(searched)] }
}

/** The places of this machine. */
export function placesHere(installDir: string, configured: string | null): Places {
  return { platform: process.platform, home: homedir(), environment: process.env, installDir, configured }
}

/** Stable before the rest, Chrome and Chromium before their relatives. */
function systemPaths({ platform, home, environment }: Places): string[] {
  if (platform === 'darwin') {
    const apps = [
      'Google Chrome',
      'Chromium',
      'Microsoft Edge',
      'Brave Browser',
      'Google Chrome Beta',
      'Google Chrome Dev',
      'Google Chrome Canary',
      'Microsoft Edge Beta',
      'Microsoft Edge Dev',
    ]
    return apps.flatMap((app) =>
      ['/Applications', join(home, 'Applications')].map((folder) => join(folder, `${app}.app`, 'Contents', 'MacOS', app)),
    )
  }
  if (platform === 'win32') {
    const roots = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => environment[name] ?? [])
    const programs = [
      ['Google', 'Chrome', 'Application', 'chrome.exe'],
      ['Chromium', 'Application', 'chrome.exe'],
      ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
      ['BraveSoftware', 'Brave-Browser', 'Application', 'brave.exe'],
      ['Google', 'Chrome Beta', 'Application', 'chrome.exe'],
      ['Google', 'Chrome Dev', 'Application', 'chrome.exe'],
      ['Google', 'Chrome SxS', 'Application', 'chrome.exe'],
      ['Microsoft', 'Edge Beta', 'Application', 'msedge.exe'],
      ['Microsoft', 'Edge Dev', 'Application', 'msedge.exe'],
    ]
    return programs.flatMap((program) => roots.map((root) => join(root, ...program)))
  }
  const names = [
    'google-chrome-stable',
    'google-chrome',
    'chromium',
    'chromium-browser',
    'microsoft-edge-stable',
    'microsoft-edge',
    'brave-browser',
    'google-chrome-beta',
    'google-chrome-unstable',
    'microsoft-edge-beta',
    'microsoft-edge-dev',
  ]
  const folders = [
    ...new Set([
      ...(environment['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/')),
      '/usr/bin',
      '/usr/local/bin',
      '/snap/bin',
    ]),
  ]
  const flatpaks = ['com.google.Chrome', 'org.chromium.Chromium', 'com.microsoft.Edge', 'com.brave.Browser']
  return [
    ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
    '/opt/google/chrome/chrome',
    '/opt/microsoft/msedge/msedge',
    '/opt/brave.com/brave/brave',
    ...flatpaks.flatMap((id) =>
      ['/var/lib/flatpak/exports/bin', join(home, '.local/share/flatpak/exports/bin')].map((folder) => join(folder, id)),
    ),
  ]
}

function puppeteerCache({ home, environment }: Places): string {
  return environment['PUPPETEER_CACHE_DIR'] ?? join(home, '.cache', 'puppeteer')
}

function playwrightCache({ platform, home, environment }: Places): string {
  if (environment['PLAYWRIGHT_BROWSERS_PATH']) return environment['PLAYWRIGHT_BROWSERS_PATH']
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'ms-playwright')
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? home, 'ms-playwright')
  return join(environment['XDG_CACHE_HOME'] ?? join(home, '.cache'), 'ms-playwright')
}

const programNames = new Set(['chrome', 'chrome.exe', 'Chromium', 'Google Chrome for Testing'])

/** Full browsers below a cache directory, the newest first; at most six folders deep, which both caches stay within. */
function cached(root: string, source: Source, platform: NodeJS.Platform): Candidate[] {
  const found: string[] = []
  const walk = (folder: string, depth: number): void => {
    const entries = list(folder)
    for (const entry of entries.toSorted((a, b) => inOrder(fullDigits(b.name), fullDigits(a.name)))) {
      const path = join(folder, entry.name)
      // A Chrome's own folder holds hundreds of files that are no further browsers; the headless shell is no full browser.
      if (
        entry.isDirectory() &&
        depth < (platform === 'darwin' ? 8 : 6) &&
        !/headless|firefox|webkit|ffmpeg|locales|Frameworks|Resources/i.test(entry.name)
      )
        walk(path, depth + 1)
      else if (programNames.has(entry.name)) found.push(path)
    }
  }
  walk(root, 0)
  return found.map((path) => ({ path, source }))
}

/** Both caches name their folders by rising versions; with as many digits each, 9 comes before 10. */
const fullDigits = (name: string): string => name.replace(/\d+/g, (digits) => digits.padStart(20, '0'))

function list(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
