/** The desktop app's entry: reads the command line, makes sure it is the only instance, and builds the shell. */
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  app,
  BrowserWindow,
  clipboard,
  dialog,
  ipcMain,
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
} from 'electron'
import { flagNames, helpText, OptionError, readOptions, type Options } from '../server/config/options.ts'
import { createServer } from '../server/index.ts'
import type { ServerOptions } from '../server/server.ts'
import { say } from '../server/library-output.ts'
import { onStarterGone } from '../server/lifeline.ts'
import { createLog } from '../server/log.ts'
import { version } from '../server/version.ts'
import { createAutostart } from './autostart.ts'
import { openDesktop } from './desktop.ts'
import { bridgeArguments, readLaunch } from './launch.ts'
import { windowScheme } from './protocol.ts'
import { neverWait, throwAwayOptions } from './unattended.ts'
import { startFailure } from './words.ts'

const { platform, env } = process
// From a working tree the second argument is the tree.
const given = process.argv.slice(app.isPackaged ? 1 : 2)
const launch = readLaunch(given, flagNames)
const bridge = bridgeArguments(given)
if (bridge === null) {
  const options = optionsOrExit()
  if (options !== undefined) start(options)
} else void startBridge(bridge)

/** For a client that started us to speak on our streams: no window, no tray, beside whatever instance there is. */
async function startBridge(argv: readonly string[]): Promise<void> {
  app.dock?.hide()
  try {
    const { runMcpProcess } = await import('../server/mcp-command.ts')
    app.exit(await runMcpProcess(argv))
  } catch (error) {
    // Without a window nobody would see that it is still there.
    say(process.stderr, `${String(error)}\n`)
    app.exit(1)
  }
}

function start(chosen: Options): void {
  const server = serverOptions(launch.smokeTest ? throwAwayOptions() : chosen)
  if (!keepProfileIn(join(server.dataDir, 'desktop'), server)) return
  app.enableSandbox()
  if (launch.smokeTest) neverWait(app)
  app.setAppUserModelId('io.wheelhouse.app')
  protocol.registerSchemesAsPrivileged([windowScheme])
  if (!app.requestSingleInstanceLock()) {
    app.exit(0)
    return
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())
  onStarterGone(env, () => app.quit())
  // Not awaited at the top level: Electron is not ready before this module has been evaluated.
  void app.whenReady().then(() => open(server))
}

/** Beside the server's data, so that two data directories are two instances. False when that cannot be, and the app is on its way out. */
function keepProfileIn(folder: string, { dataDir }: ServerOptions): boolean {
  try {
    // Electron refuses a folder that does not exist.
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    app.setPath('userData', folder)
    return true
  } catch (error) {
    refuse(error, dataDir)
    return false
  }
}

function refuse(error: unknown, dataDir: string): void {
  const { title, text } = startFailure(error, dataDir)
  if (launch.smokeTest) say(process.stderr, `${title}: ${text}\n`)
  else dialog.showErrorBox(title, text)
  app.exit(1)
}

async function open(server: ServerOptions): Promise<void> {
  const root = join(import.meta.dirname, '..')
  const log = createLog('warn')
  try {
    await openDesktop(
      {
        app,
        BrowserWindow,
        clipboard,
        dialog,
        ipcMain,
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
      },
      {
        platform,
        desktop: env['XDG_CURRENT_DESKTOP'] ?? '',
        server,
        createServer,
        files: { renderer: join(root, 'renderer'), preload: join(root, 'preload', 'index.cjs'), resources: join(root, '..', 'resources') },
        autostart: createAutostart({
          platform,
          packaged: app.isPackaged && !launch.smokeTest,
          app,
          executable: env['APPIMAGE'] ?? process.execPath,
          configDir: env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'),
        }),
        developmentUrl: app.isPackaged ? undefined : env['ELECTRON_RENDERER_URL'],
        atLogin: launch.atLogin || (platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin),
        smokeTest: launch.smokeTest,
        log,
        print,
      },
    )
  } catch (error) {
    log.error({ error }, 'The start failed')
    refuse(error, server.dataDir)
  }
}

/** All of them: a key or an address that the desktop app took and forgot would leave open what it was to close. */
function serverOptions({ show: _, ...given }: Options): ServerOptions {
  return { ...given, ownsProcess: true, rendererDir: join(import.meta.dirname, '..', 'renderer') }
}

/** Undefined when the text that was asked for, or what is wrong with a flag, was printed and the app is on its way out. */
function optionsOrExit(): Options | undefined {
  try {
    const read = readOptions(launch.serverArguments, env)
    if (read.show === null) return read
    print(read.show === 'help' ? helpText('wheelhouse') : version)
    app.exit(0)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    process.stderr.write(`${error.message}\n`)
    app.exit(2)
  }
  return undefined
}

function print(line: string): void {
  say(process.stdout, `${line}\n`)
}
