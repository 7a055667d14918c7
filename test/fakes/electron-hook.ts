/**
 * To be preloaded into a Node process (`--import`) that runs the built shell: gives it the fake in place of Electron, and lets
 * the test that started it look and act through the process's message channel.
 */
import { registerHooks } from 'node:module'
import process from 'node:process'

const fake = new URL('electron.ts', import.meta.url).href
registerHooks({
  // `require` takes no address from the next resolver, so the answer is given here for both kinds of import.
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: fake, format: 'module-typescript', shortCircuit: true } : next(specifier, context),
})

// After the hook, and by the address that the built code gets, so that both have the same one.
const { electron } = (await import(fake)) as typeof import('./electron.ts')
const { app, facts, protocol, session, shell, dialog } = electron
app.exitProcess = (code) => process.exit(code)

/** What a test may ask for, by name. */
const actions = {
  facts: () => ({
    sandboxed: app.sandboxed,
    privileged: protocol.privileged,
    userData: app.getPath('userData'),
    windows: facts.windows.map((window) => ({
      loaded: window.loaded,
      visible: window.isVisible(),
      preferences: window.options.webPreferences,
      sent: window.webContents.sent,
    })),
    trays: facts.trays.map((tray) => ({ toolTip: tray.toolTip, image: tray.image, labels: tray.menu?.labels() ?? [] })),
    menu: facts.menu.application?.labels() ?? [],
    bridge: Object.keys(Object(facts.bridge.get('wheelhouse'))),
    errors: dialog.errors,
    opened: shell.opened,
  }),
  /** The page calls its bridge. */
  call: (name: string, argument: unknown) => {
    const bridge = Object(facts.bridge.get('wheelhouse')) as Record<string, (argument: unknown) => unknown>
    return bridge[name]?.(argument)
  },
  /** A page elsewhere calls on the channel itself. */
  callFrom: (url: string, channel: string) => electron.ipcMain.invoke(channel, undefined, url),
  navigate: (url: string) => window().webContents.navigate(url),
  openWindow: (url: string) => window().webContents.openWindow(url),
  grants: (permission: 'media' | 'loopback-network', origin: string) => session.defaultSession.grants(permission, origin),
  chooseInTray: (path: string) => facts.trays[0]?.menu?.choose(path),
  chooseInMenu: (path: string) => facts.menu.application?.choose(path),
  closeWindow: () => window().close(),
}

export type Actions = typeof actions

process.on('message', ({ id, name, parameters }: { id: number; name: keyof Actions; parameters: unknown[] }) => {
  // The test's side derives name and parameters from the type of this table.
  const action = actions[name] as (...parameters: unknown[]) => unknown
  void answer(id, async () => action(...parameters))
})
// The real one does not live because of a channel; this one must not die for lack of anything else to do.
process.channel?.ref()

async function answer(id: number, act: () => Promise<unknown>): Promise<void> {
  try {
    process.send?.({ id, value: await act() })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
}

function window() {
  const [first] = facts.windows
  if (first === undefined) throw new Error('There is no window')
  return first
}
