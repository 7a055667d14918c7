/** The desktop app, put together: the server, the window, and what hangs around them. */
import { join } from 'node:path'
import type { BrowserWindowConstructorOptions } from 'electron'
import { systemClock } from '../server/clock.ts'
import type { RoomName } from '../server/http/contract.ts'
import type { ServerOptions } from '../server/server.ts'
import type { Log } from '../server/log.ts'
import type { DesktopInfo } from '../preload/schema.ts'
import type { Autostart } from './autostart.ts'
import type { ElectronParts } from './electron-parts.ts'
import { followSettings } from './follow-settings.ts'
import { createHandlers } from './handlers.ts'
import { bindIpc } from './ipc.ts'
import { findKeyProtector } from './key-protector.ts'
import { menuTemplate } from './menu.ts'
import { AttentionWatch, Notifier } from './notifications.ts'
import { serveWindow } from './protocol.ts'
import { contentSecurityPolicy, guardSession, mayOpenOutside, windowOrigin } from './security.ts'
import { ServerHost, type HostedServer } from './server-host.ts'
import { runSmokeTest } from './smoke.ts'
import { TrayController } from './tray.ts'
import { WindowStateFile } from './window-state.ts'
import { SessionWindows } from './session-windows.ts'
import { MainWindow } from './window.ts'
import { startFailure, words } from './words.ts'
import { say } from '../words/words.ts'

export interface DesktopOptions {
  platform: NodeJS.Platform
  /** `XDG_CURRENT_DESKTOP`. */
  desktop: string
  server: ServerOptions
  createServer(options: ServerOptions): Promise<HostedServer>
  files: { renderer: string; preload: string; resources: string }
  autostart: Autostart
  /** The development server's address, instead of the built window. */
  developmentUrl: string | undefined
  atLogin: boolean
  smokeTest: boolean
  log: Log
  /** One line on stdout. */
  print(line: string): void
}

/** To be called when Electron is ready. Resolves when everything stands, or when a failure was told and the app is on its way out. */
export async function openDesktop(electron: ElectronParts, options: DesktopOptions): Promise<void> {
  const { app, nativeTheme, clipboard, shell, dialog } = electron
  const { platform, files, log, autostart } = options
  const { dataDir } = options.server
  const state = new WindowStateFile(join(dataDir, 'window-state.json'))
  nativeTheme.themeSource = state.get().theme
  const origin = options.developmentUrl === undefined ? windowOrigin : new URL(options.developmentUrl).origin
  const icon = join(files.resources, 'icons', '512x512.png')

  const keyProtector = await findKeyProtector(electron.safeStorage, platform)
  const host = new ServerHost(() =>
    options.createServer({ ...options.server, windowOrigins: [origin], ...(keyProtector === undefined ? {} : { keyProtector }) }),
  )

  guardSession(electron.session.defaultSession, origin)
  electron.protocol.handle(
    'app',
    serveWindow({ root: files.renderer, policy: () => host.ready.then(() => contentSecurityPolicy(host.connection().url)) }),
  )

  const pages = {
    create: (windowOptions: BrowserWindowConstructorOptions) => new electron.BrowserWindow(windowOptions),
    address: { url: options.developmentUrl ?? `${windowOrigin}/`, origin },
    preload: files.preload,
    icon,
    dark: () => nativeTheme.shouldUseDarkColors,
    developer: !app.isPackaged,
    openOutside: (address: string) => {
      if (mayOpenOutside(address, host.addresses()))
        shell.openExternal(address).catch((error: unknown) => log.warn({ error }, 'A link could not be opened'))
      else log.warn({}, 'The window asked for an address that is not opened')
    },
  }
  const sessionWindows = new SessionWindows(pages)
  const window = new MainWindow({
    ...pages,
    workAreas: () => [electron.screen.getPrimaryDisplay(), ...electron.screen.getAllDisplays()].map(({ workArea }) => workArea),
    state,
    onClose: () => {
      const action = closeAction()
      if (action === 'quit') sessionWindows.closeAll()
      return action
    },
    hidden: explainHiding,
    crashed: (reason) => dialog.showErrorBox(words.desktop.windowStopped.title, say(words.desktop.windowStopped.text, { reason })),
    failed: pageMissing,
    now: () => systemClock.monotonic(),
  })
  const openWindow = (path?: string) => (path === undefined ? window.show() : window.command({ type: 'go', path }))
  const notifier = new Notifier({
    supported: () => electron.Notification.isSupported(),
    create: (message) => new electron.Notification(message),
    watched: () => window.focused,
    open: openWindow,
    icon,
  })
  const attention = new AttentionWatch(
    () => host.attention(),
    (message) => notifier.show(message),
  )
  const tray = new TrayController({
    platform,
    desktop: options.desktop,
    iconDir: join(files.resources, 'tray'),
    create: (image) => new electron.Tray(image),
    buildMenu: (template) => electron.Menu.buildFromTemplate(template),
    theme: nativeTheme,
    summary: () => host.server?.summary(),
    actions: {
      openWindow,
      setApi: (name, on) =>
        void host
          .setApi(name, on)
          .catch((error: unknown) => tell(say(words.desktop[on ? 'apiNotStarted' : 'apiNotStopped'], { api: name }), error)),
      copy: (text) => void clipboard.writeText(text).catch((error: unknown) => tell(words.desktop.addressNotCopied, error)),
      quit: () => app.quit(),
    },
  })

  const info: DesktopInfo = {
    platform: knownPlatform(platform),
    version: app.getVersion(),
    packaged: app.isPackaged,
    secretsProtected: keyProtector !== undefined,
    closeByDefault: closeByDefault(platform),
  }
  const saveAutostart = async (enabled: boolean) => host.server?.changeSettings({ desktop: { startAtLogin: enabled } })
  const handlers = createHandlers({
    ready: host.ready,
    connection: () => host.connection(),
    addresses: () => host.addresses(),
    info,
    dataDir,
    autostart,
    saveAutostart,
    saveTheme: (theme) => state.change({ theme }),
    notify: (message) => notifier.show(message),
    openSessionWindow: (session) => sessionWindows.open(session),
    shell,
    clipboard,
    nativeTheme,
  })
  const unbindIpc = bindIpc({ ipcMain: electron.ipcMain, origin, handlers, log: (facts, message) => log.warn(facts, message) })
  showMenu([])
  nativeTheme.on('updated', () => {
    window.paint()
    sessionWindows.paint()
  })
  host.onMoved(() => {
    window.reload()
    sessionWindows.reload()
  })

  let quitting = false
  app.on('second-instance', () => window.show())
  app.on('activate', () => window.show())
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', () => {
    quitting = true
  })
  app.on('will-quit', (event) => {
    event.preventDefault()
    void leave(0)
  })

  electron.powerMonitor.on('resume', () => host.server?.resumed())
  if (options.smokeTest) return smoke()
  if (!options.atLogin) window.show()
  try {
    await host.ready
  } catch (error) {
    return fail(error)
  }
  if (quitting) return
  showMenu(host.server?.summary().rooms.map(({ room }) => room) ?? [])
  if (options.atLogin && host.server?.settings().desktop.startHidden === false) window.show()
  host.onChange(
    followSettings({
      settings: () => host.settings(),
      saveAutostart,
      autostart,
      setTheme: (theme) => handlers.setTheme(theme),
      tray,
      attention: () =>
        void attention
          .check(host.server?.summary().attentionIds ?? [])
          .catch((error: unknown) => log.warn({ error }, 'What needs attention could not be read')),
    }),
  )

  function showMenu(rooms: readonly RoomName[]): void {
    const template = menuTemplate({
      platform,
      rooms,
      developer: !app.isPackaged,
      command: (command) => window.command(command),
      openDataFolder: () => void shell.openPath(dataDir),
      quit: () => app.quit(),
    })
    electron.Menu.setApplicationMenu(electron.Menu.buildFromTemplate(template))
  }

  function closeAction(): 'quit' | 'hide' {
    if (quitting || options.smokeTest) return 'quit'
    const chosen = host.server?.settings().desktop.onClose ?? 'quit'
    return chosen === 'default' ? closeByDefault(platform) : chosen
  }

  /** Once: a window that vanishes while its program goes on looks like a fault. */
  function explainHiding(): void {
    if (state.get().hidingExplained) return
    state.change({ hidingExplained: true })
    notifier.show(words.desktop.hidden)
  }

  /** Where the server did not start there is no page either, and its failure is told already. */
  function pageMissing(error: unknown): void {
    if (options.smokeTest || quitting) return
    host.ready.then(
      ({ url }) => {
        log.error({ error }, 'The page could not be loaded')
        dialog.showErrorBox(words.desktop.windowMissing.title, say(words.desktop.windowMissing.text, { url }))
      },
      () => undefined,
    )
  }

  function tell(title: string, error: unknown): void {
    log.warn({ error }, title)
    notifier.show({ title, text: error instanceof Error ? error.message : '' })
  }

  async function smoke(): Promise<void> {
    try {
      const report = await runSmokeTest({
        ready: host.ready,
        loadWindow: () => window.load(),
        evaluate: async (code) => window.contents?.executeJavaScript(code),
        info,
        fetch,
        within: 60_000,
      })
      if (!(await end())) throw new Error('the server did not stop in time')
      options.print(`wheelhouse smoke ok ${JSON.stringify(report)}`)
      app.exit(0)
    } catch (error) {
      log.error({ error }, 'The smoke test failed')
      await leave(1)
    }
  }

  async function fail(error: unknown): Promise<void> {
    log.error({ error }, 'The start failed')
    const { title, text } = startFailure(error, dataDir)
    dialog.showErrorBox(title, text)
    await leave(1)
  }

  /** False when the server had to be left behind. */
  async function end(): Promise<boolean> {
    unbindIpc()
    tray.dispose()
    notifier.dispose()
    return host.stop()
  }

  async function leave(code: number): Promise<void> {
    quitting = true
    const stopped = await end().catch((error: unknown) => {
      log.error({ error }, 'The server did not stop cleanly')
      return false
    })
    app.exit(stopped ? code : 1)
  }
}

/** Linux desktops may have no tray, so there a closed window would be lost. */
function closeByDefault(platform: NodeJS.Platform): 'quit' | 'hide' {
  return platform === 'linux' ? 'quit' : 'hide'
}

function knownPlatform(platform: NodeJS.Platform): 'darwin' | 'linux' | 'win32' {
  return platform === 'darwin' || platform === 'win32' ? platform : 'linux'
}
