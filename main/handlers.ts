/** What the calls of the window do. */
import type { Clipboard, NativeTheme, Shell } from 'electron'
import { Fault } from '../server/fault.ts'
import type { Connection, DesktopInfo, DesktopMessage, Handlers } from '../preload/schema.ts'
import type { Autostart } from './autostart.ts'
import { mayOpenOutside } from './security.ts'

export interface HandlerParts {
  ready: Promise<Connection>
  /** The address now, which a later change of the port moves. */
  connection(): Connection
  /** Addresses of this Wheelhouse, which may be opened although they are not https. */
  addresses(): string[]
  info: DesktopInfo
  dataDir: string
  autostart: Autostart
  /** Keeps the setting in step with what was chosen. */
  saveAutostart(enabled: boolean): Promise<unknown>
  saveTheme(theme: 'system' | 'light' | 'dark'): void
  notify(message: DesktopMessage): void
  openSessionWindow(session: string): Promise<void>
  shell: Pick<Shell, 'openExternal' | 'openPath'>
  clipboard: Pick<Clipboard, 'writeText'>
  nativeTheme: Pick<NativeTheme, 'themeSource'>
}

class ShellFault extends Fault<'address-refused' | 'folder-not-opened'> {}

export function createHandlers(parts: HandlerParts): Handlers {
  const { shell, clipboard, nativeTheme, autostart } = parts
  return {
    getConnection: async () => {
      await parts.ready
      return parts.connection()
    },
    getDesktopInfo: () => parts.info,
    openExternal: async (address) => {
      if (!mayOpenOutside(address, parts.addresses()))
        throw new ShellFault('address-refused', 'Only https links and addresses of this Wheelhouse are opened')
      await shell.openExternal(address)
    },
    openDataFolder: async () => {
      // Electron answers with words instead of throwing.
      const problem = await shell.openPath(parts.dataDir)
      if (problem !== '') throw new ShellFault('folder-not-opened', `The folder could not be opened: ${problem}`)
    },
    copyText: (text) => clipboard.writeText(text),
    setTheme: (theme) => {
      nativeTheme.themeSource = theme
      parts.saveTheme(theme)
    },
    getAutostart: () => autostart.get(),
    setAutostart: async (enabled) => {
      const result = autostart.set(enabled)
      if (result.available) await parts.saveAutostart(result.enabled)
      return result
    },
    notify: (message) => parts.notify(message),
    openSessionWindow: (session) => parts.openSessionWindow(session),
  }
}
