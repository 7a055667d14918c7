/**
 * Electron without its binary: small classes that keep state as the real ones would, held by the compiler against the real types.
 * They record facts (windows, menus, quits), and tests act on them as a person or the system would.
 */
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Electron from 'electron'
import { FakeApp } from './electron/fake-app.ts'
import { FakeContextBridge, FakeIpcMain, FakeIpcRenderer, FakeProtocol, FakeSession } from './electron/fake-channels.ts'
import { FakeMenu, FakeNativeTheme, FakeNotification, FakeTray } from './electron/fake-surroundings.ts'
import { FakeClipboard, FakeDialog, FakeSafeStorage, FakeScreen, FakeShell } from './electron/fake-system.ts'
import { FakeBrowserWindow, FakeWebContents } from './electron/fake-window.ts'

export { FakeApp, FakeIpcMain, FakeMenu, FakeSafeStorage, FakeSession, FakeWebContents }

/** One Electron of its own, with nothing opened yet. */
export function createElectron() {
  const app = new FakeApp()
  const protocol = new FakeProtocol()
  const ipcMain = new FakeIpcMain()
  const trays: FakeTray[] = []
  const notifications: FakeNotification[] = []
  const menu: { application: FakeMenu | null } = { application: null }
  const contextBridge = new FakeContextBridge()
  /** The page has its bridge, and has drawn something as soon as it is loaded. */
  const evaluate = (code: string): unknown =>
    // Only lines of our own shell are run here.
    new Function('window', 'document', `return ${code}`)(Object.fromEntries(contextBridge.exposed), {
      querySelector: () => ({ childElementCount: 1 }),
    })
  const ipcRenderer: FakeIpcRenderer = new FakeIpcRenderer((channel, argument) =>
    ipcMain.invoke(channel, argument, app.windows[0]?.webContents.mainFrame.url ?? ''),
  )

  class BrowserWindow extends FakeBrowserWindow {
    constructor(options: Electron.BrowserWindowConstructorOptions) {
      super(options, app, (url) => protocol.fetch(url), evaluate)
      this.webContents.on('fake-sent', (channel: string, payload: unknown) => ipcRenderer.emit(channel, {}, payload))
      runPreload(options.webPreferences?.preload)
    }
  }
  class Tray extends FakeTray {
    constructor(image: string) {
      super(image)
      trays.push(this)
    }
  }
  class Notification extends FakeNotification {
    static isSupported(): boolean {
      return true
    }
    constructor(options: Electron.NotificationConstructorOptions) {
      super(options)
      notifications.push(this)
    }
  }
  const Menu = {
    buildFromTemplate: (template: Electron.MenuItemConstructorOptions[]): Electron.Menu => new FakeMenu(template).asReal(),
    setApplicationMenu: (chosen: Electron.Menu | null): void => {
      menu.application = chosen === null ? null : FakeMenu.behind(chosen)
    },
  }
  return {
    app,
    BrowserWindow,
    clipboard: new FakeClipboard(),
    contextBridge,
    dialog: new FakeDialog(),
    ipcMain,
    ipcRenderer,
    Menu,
    nativeTheme: new FakeNativeTheme(),
    Notification,
    protocol,
    safeStorage: new FakeSafeStorage(),
    powerMonitor: new EventEmitter(),
    screen: new FakeScreen(),
    session: { defaultSession: new FakeSession() },
    shell: new FakeShell(),
    Tray,
    /** What there is to see. */
    facts: { trays, notifications, menu, windows: app.windows, bridge: contextBridge.exposed },
  }
}

export type FakeElectron = ReturnType<typeof createElectron>

/** What `import … from 'electron'` gives a program under test. */
export const electron = createElectron()
export const {
  app,
  BrowserWindow,
  clipboard,
  contextBridge,
  dialog,
  ipcMain,
  ipcRenderer,
  Menu,
  nativeTheme,
  Notification,
  powerMonitor,
  protocol,
  safeStorage,
  screen,
  session,
  shell,
  Tray,
} = electron

/** A built preload script is run as Electron would: as CommonJS. In a source tree there is none. */
function runPreload(path: string | undefined): void {
  if (path !== undefined && existsSync(path)) createRequire(import.meta.url)(path)
}
