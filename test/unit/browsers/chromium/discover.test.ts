import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findCandidates, type Places } from '../../../../server/browsers/chromium/discover.ts'
import { temporaryFolder } from '../../../fakes/kernel.ts'

function machine(...files: string[]): { at(path: string): string; places(changes?: Partial<Places>): Places } {
  const root = temporaryFolder()
  for (const file of files) {
    const path = join(root, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
    chmodSync(path, file.endsWith('.txt') ? 0o644 : 0o755)
  }
  const environment = {
    PATH: join(root, 'bin'),
    PUPPETEER_CACHE_DIR: join(root, 'puppeteer'),
    PLAYWRIGHT_BROWSERS_PATH: join(root, 'playwright'),
  }
  return {
    at: (path) => join(root, path),
    places: (changes = {}) => ({
      platform: 'linux',
      home: join(root, 'home'),
      environment,
      installDir: join(root, 'own'),
      configured: null,
      ...changes,
    }),
  }
}

/** Without what this very machine has in its usual places. */
const below = (root: string, found: { path: string; source: string }[]) =>
  found.filter(({ path }) => path.startsWith(root)).map(({ path, source }) => [source, path.slice(root.length + 1)])

describe('looking for a Chromium', () => {
  it('prefers our own, then the system in order of trust, then the caches with the newest first', () => {
    const { at, places } = machine(
      'bin/brave-browser',
      'bin/chromium',
      'puppeteer/chrome/linux-99.0.1/chrome-linux64/chrome',
      'puppeteer/chrome/linux-156.0.1/chrome-linux64/chrome',
      'puppeteer/chrome-headless-shell/linux-156.0.1/chrome-headless-shell-linux64/chrome-headless-shell',
      'playwright/chromium-1200/chrome-linux/chrome',
      'own/chrome/linux-156.0.2/chrome-linux64/chrome',
      'home/.local/share/flatpak/exports/bin/org.chromium.Chromium',
    )
    expect(below(at('.'), findCandidates(places()).candidates)).toEqual([
      ['installed', 'own/chrome/linux-156.0.2/chrome-linux64/chrome'],
      ['system', 'bin/chromium'],
      ['system', 'bin/brave-browser'],
      ['system', 'home/.local/share/flatpak/exports/bin/org.chromium.Chromium'],
      ['puppeteer-cache', 'puppeteer/chrome/linux-156.0.1/chrome-linux64/chrome'],
      ['puppeteer-cache', 'puppeteer/chrome/linux-99.0.1/chrome-linux64/chrome'],
      ['playwright-cache', 'playwright/chromium-1200/chrome-linux/chrome'],
    ])
  })

  it('takes what is configured and nothing else, and says from where the choice came', () => {
    const { at, places } = machine('mine/chrome', 'bin/chromium', 'plain.txt')
    expect(findCandidates(places({ configured: at('mine/chrome') })).candidates).toEqual([{ path: at('mine/chrome'), source: 'setting' }])
    expect(
      findCandidates(places({ configured: at('mine/chrome'), environment: { WHEELHOUSE_BROWSER: at('mine/chrome') } })).candidates[0]
        ?.source,
    ).toBe('environment')
    expect(findCandidates(places({ configured: at('nothing') }))).toEqual({ candidates: [], searched: [at('nothing')] })
    // Neither a file that cannot be run nor a folder is a browser.
    expect(findCandidates(places({ configured: at('plain.txt') })).candidates).toEqual([])
    expect(findCandidates(places({ configured: at('bin') })).candidates).toEqual([])
  })

  it('knows the usual places of Windows and macOS and names every place it looked at', () => {
    const windows = machine(
      'pf/Google/Chrome/Application/chrome.exe',
      'local/Chromium/Application/chrome.exe',
      'pf/Microsoft/Edge/Application/msedge.exe',
    )
    const environment = { PROGRAMFILES: windows.at('pf'), LOCALAPPDATA: windows.at('local') }
    const found = findCandidates(windows.places({ platform: 'win32', environment, installDir: windows.at('own') }))
    expect(found.candidates.map(({ path }) => path)).toEqual(
      ['pf/Google/Chrome/Application/chrome.exe', 'local/Chromium/Application/chrome.exe', 'pf/Microsoft/Edge/Application/msedge.exe'].map(
        windows.at,
      ),
    )
    expect(found.searched).toContain(windows.at('own'))

    const mac = machine('home/Applications/Google Chrome.app/Contents/MacOS/Google Chrome')
    expect(findCandidates(mac.places({ platform: 'darwin' })).candidates).toEqual([
      { path: mac.at('home/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'), source: 'system' },
    ])
  })
})
