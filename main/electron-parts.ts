/** What the shell uses of Electron. `index.ts` hands in the real thing, tests a fake that the compiler holds against the same types. */
import type {
  App,
  BrowserWindowConstructorOptions,
  Clipboard,
  Dialog,
  IpcMain,
  Menu,
  MenuItemConstructorOptions,
  NativeTheme,
  NotificationConstructorOptions,
  Protocol,
  SafeStorage,
  Session,
  Shell,
} from 'electron'
import type { ShownNotification } from './notifications.ts'
import type { TrayIcon } from './tray.ts'
import type { Bounds } from './window-state.ts'
import type { ShellWindow } from './window.ts'

export interface ElectronParts {
  app: ShellApp
  BrowserWindow: new (options: BrowserWindowConstructorOptions) => ShellWindow
  Tray: new (icon: string) => TrayIcon
  Notification: (new (options: NotificationConstructorOptions) => ShownNotification) & { isSupported(): boolean }
  Menu: { buildFromTemplate(template: MenuItemConstructorOptions[]): Menu; setApplicationMenu(menu: Menu | null): void }
  clipboard: Pick<Clipboard, 'writeText'>
  dialog: Pick<Dialog, 'showErrorBox'>
  ipcMain: Pick<IpcMain, 'handle' | 'removeHandler'>
  nativeTheme: ShellTheme
  powerMonitor: { on(event: 'resume', listener: () => void): unknown }
  protocol: Pick<Protocol, 'handle' | 'registerSchemesAsPrivileged'>
  safeStorage: Pick<SafeStorage, 'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'>
  screen: { getPrimaryDisplay(): { workArea: Bounds }; getAllDisplays(): { workArea: Bounds }[] }
  session: {
    defaultSession: Pick<
      Session,
      'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler' | 'setDisplayMediaRequestHandler'
    >
  }
  shell: Pick<Shell, 'openExternal' | 'openPath'>
}

type AppMethods =
  | 'quit'
  | 'exit'
  | 'isPackaged'
  | 'getVersion'
  | 'getPath'
  | 'setPath'
  | 'whenReady'
  | 'requestSingleInstanceLock'
  | 'enableSandbox'
  | 'setAppUserModelId'
  | 'getLoginItemSettings'
  | 'setLoginItemSettings'

export interface ShellApp extends Pick<App, AppMethods> {
  on(event: 'second-instance' | 'activate' | 'window-all-closed' | 'before-quit', listener: () => void): unknown
  on(event: 'will-quit', listener: (event: { preventDefault(): void }) => void): unknown
}

interface ShellTheme extends Pick<NativeTheme, 'themeSource' | 'shouldUseDarkColors' | 'shouldUseDarkColorsForSystemIntegratedUI'> {
  on(event: 'updated', listener: () => void): unknown
  off(event: 'updated', listener: () => void): unknown
}
