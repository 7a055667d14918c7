/** The native menu: every command of the window by key. */
import type { MenuItemConstructorOptions } from 'electron'
import type { Command } from '../preload/schema.ts'
import type { RoomName } from '../server/http/contract.ts'
import { words } from './words.ts'

/** In the order of the window's side bar, which shows the rooms that there are. */
const roomPages: readonly RoomName[] = ['browsers', 'brokers', 'bots', 'logins', 'relay']
const { menu } = words.desktop

export interface MenuParts {
  platform: NodeJS.Platform
  /** Those the server has; none before it runs. */
  rooms: readonly RoomName[]
  /** Adds reload and developer tools. */
  developer: boolean
  command(command: Command): void
  openDataFolder(): void
  quit(): void
}

/** The template of the application menu. Roles bring the system's own words and behaviour, so they come first. */
export function menuTemplate({ platform, rooms, developer, command, openDataFolder, quit }: MenuParts): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin'
  const settings: MenuItemConstructorOptions = {
    label: mac ? menu.mac.settings : menu.settings,
    accelerator: 'CommandOrControl+,',
    click: () => command({ type: 'go', path: '/settings' }),
  }
  const quitItem: MenuItemConstructorOptions = { label: mac ? menu.mac.quit : menu.quit, accelerator: 'CommandOrControl+Q', click: quit }
  const separator: MenuItemConstructorOptions = { type: 'separator' }

  const application: MenuItemConstructorOptions = {
    label: 'Wheelhouse',
    submenu: [
      { role: 'about' },
      separator,
      settings,
      separator,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      separator,
      quitItem,
    ],
  }
  const file: MenuItemConstructorOptions = {
    label: menu.file,
    submenu: [
      ...(mac ? [] : [settings]),
      { label: menu.openDataFolder, click: openDataFolder },
      separator,
      { role: 'close' },
      ...(mac ? [] : [separator, quitItem]),
    ],
  }
  const go: MenuItemConstructorOptions = {
    label: menu.go,
    submenu: [
      { label: menu.searchAndCommands, accelerator: 'CommandOrControl+K', click: () => command({ type: 'palette' }) },
      separator,
      ...pagesOf(rooms).map(({ title, path }, index): MenuItemConstructorOptions => ({
        label: title,
        accelerator: `CommandOrControl+${index + 1}`,
        click: () => command({ type: 'go', path }),
      })),
    ],
  }
  const view: MenuItemConstructorOptions = {
    label: menu.view,
    submenu: [
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      separator,
      { role: 'togglefullscreen' },
      ...(developer ? [separator, { role: 'reload' } as const, { role: 'toggleDevTools' } as const] : []),
    ],
  }
  return [...(mac ? [application] : []), file, { role: 'editMenu' }, go, view, { role: 'windowMenu' }]
}

/** Ctrl or Cmd with a digit opens each. */
function pagesOf(rooms: readonly RoomName[]): { title: string; path: string }[] {
  const present = roomPages.filter((room) => rooms.includes(room)).map((room) => ({ title: words.apis[room].title, path: `/${room}` }))
  return [{ title: menu.overview, path: '/' }, ...present, { title: menu.keys, path: '/keys' }, { title: menu.activity, path: '/activity' }]
}
