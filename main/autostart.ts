/** Start at login: a login item on macOS and Windows, a desktop entry in the XDG autostart folder on Linux. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { App } from 'electron'
import type { Autostart as AutostartState } from '../preload/schema.ts'
import { atLoginFlag } from './launch.ts'

export interface Autostart {
  get(): AutostartState
  set(enabled: boolean): AutostartState
}

export interface AutostartParts {
  platform: NodeJS.Platform
  packaged: boolean
  app: LoginItems
  /** What a login would start; for an AppImage the image itself, since its content is mounted anew at each start. */
  executable: string
  /** `$XDG_CONFIG_HOME`, or `~/.config`. */
  configDir: string
}

export function createAutostart(parts: AutostartParts): Autostart {
  if (!parts.packaged) return { get: () => ({ available: false, enabled: false }), set: () => ({ available: false, enabled: false }) }
  return parts.platform === 'linux' ? desktopEntry(parts) : loginItem(parts)
}

/** Arguments are part of the identity that Windows compares, so reading gives the same ones as writing. */
function loginItem({ app, executable, platform }: AutostartParts): Autostart {
  const identity = platform === 'win32' ? { path: executable, args: [atLoginFlag] } : {}
  const get = () => ({ available: true, enabled: app.getLoginItemSettings(identity).openAtLogin })
  return {
    get,
    set(enabled) {
      app.setLoginItemSettings({ ...identity, openAtLogin: enabled })
      return get()
    },
  }
}

function desktopEntry({ executable, configDir }: AutostartParts): Autostart {
  const path = join(configDir, 'autostart', 'wheelhouse.desktop')
  const get = () => ({ available: true, enabled: existsSync(path) })
  return {
    get,
    set(enabled) {
      if (enabled) {
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, entry(executable))
      } else {
        rmSync(path, { force: true })
      }
      return get()
    },
  }
}

function entry(executable: string): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Wheelhouse',
    'Comment=Control room for browsers, brokers, bots, logins and relay sessions',
    `Exec=${quoted(executable)} ${atLoginFlag}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n')
}

/**
 * An argument of `Exec` as the Desktop Entry Specification quotes it: within double quotes, with a backslash before a quote, backtick,
 * dollar or backslash; the backslashes doubled once more because the value is a string; a percent doubled because it begins a field code.
 */
function quoted(text: string): string {
  return `"${text
    .replace(/["`$\\]/g, '\\$&')
    .replaceAll('\\', '\\\\')
    .replaceAll('%', '%%')}"`
}

type LoginItems = Pick<App, 'getLoginItemSettings' | 'setLoginItemSettings'>
