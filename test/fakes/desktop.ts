/** The whole shell over a fake Electron and a fake server, with a window of one page. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDesktop, type DesktopOptions } from '../../main/desktop.ts'
import { createElectron, type FakeElectron } from './electron.ts'
import { FakeHostedServer } from './hosted-server.ts'
import { temporaryFolder, testLog, until, type TestLog } from './kernel.ts'

export interface TestDesktop {
  electron: FakeElectron
  server: FakeHostedServer
  log: TestLog
  dataDir: string
  printed: string[]
  /** Resolves when `openDesktop` does. */
  opened: Promise<void>
}

export interface TestDesktopOptions extends Partial<
  Pick<DesktopOptions, 'platform' | 'atLogin' | 'smokeTest' | 'autostart' | 'createServer' | 'developmentUrl'>
> {
  /** Called before anything is opened. */
  prepare?: (electron: FakeElectron, server: FakeHostedServer, dataDir: string) => void
}

export function startDesktop({ prepare, ...options }: TestDesktopOptions = {}): TestDesktop {
  const electron = createElectron()
  const server = new FakeHostedServer()
  const log = testLog()
  const dataDir = temporaryFolder()
  const renderer = join(dataDir, 'built-window')
  mkdirSync(renderer)
  writeFileSync(join(renderer, 'index.html'), '<!doctype html><script type="module" src="./main.js"></script>')
  writeFileSync(join(renderer, 'main.js'), '')
  const printed: string[] = []
  prepare?.(electron, server, dataDir)
  const opened = openDesktop(electron, {
    platform: 'linux',
    desktop: 'KDE',
    server: { dataDir },
    createServer: () => Promise.resolve(server),
    files: { renderer, preload: join(dataDir, 'no-preload.cjs'), resources: join(import.meta.dirname, '../../resources') },
    autostart: { get: () => ({ available: false, enabled: false }), set: () => ({ available: false, enabled: false }) },
    developmentUrl: undefined,
    atLogin: false,
    smokeTest: false,
    log,
    print: (line) => void printed.push(line),
    ...options,
  })
  return { electron, server, log, dataDir, printed, opened }
}

/** Opened, and its window seen. */
export async function openedDesktop(
  options: TestDesktopOptions = {},
): Promise<TestDesktop & { window: FakeElectron['facts']['windows'][number] }> {
  const desktop = startDesktop(options)
  await desktop.opened
  await until('the window is shown', () => desktop.electron.facts.windows[0]?.isVisible() === true)
  const [window] = desktop.electron.facts.windows
  if (window === undefined) throw new Error('There is no window')
  return { ...desktop, window }
}
