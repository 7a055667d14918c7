/** The tray: an icon that shows how the house is, and the few controls one wants without the window. */
import { join } from 'node:path'
import type { Menu, MenuItemConstructorOptions, Tray } from 'electron'
import type { Summary } from './server-host.ts'
import { trayState, trayTemplate, trayToolTip, type TrayActions, type TrayState } from './tray-menu.ts'

export interface TrayParts {
  platform: NodeJS.Platform
  /** `XDG_CURRENT_DESKTOP`. */
  desktop: string
  iconDir: string
  create(icon: string): TrayIcon
  buildMenu(template: MenuItemConstructorOptions[]): Menu
  theme: PanelTheme
  summary(): Summary | undefined
  actions: TrayActions
}

/** Reads the summary again with each `refresh`, and shows the icon only while the person wants it. */
export class TrayController {
  readonly #parts: TrayParts
  readonly #onTheme = () => this.refresh()
  #icon: TrayIcon | undefined
  #image = ''
  #shown = ''

  constructor(parts: TrayParts) {
    this.#parts = parts
  }

  setVisible(visible: boolean): void {
    if (visible === (this.#icon !== undefined)) return
    if (visible) this.#add()
    else this.dispose()
  }

  refresh(): void {
    const { buildMenu, summary, actions } = this.#parts
    const icon = this.#icon
    if (icon === undefined) return
    const now = summary()
    const image = this.#path(trayState(now))
    if (image !== this.#image) icon.setImage(image)
    this.#image = image
    const toolTip = trayToolTip(now)
    const template = trayTemplate(now, actions)
    const shown = JSON.stringify([toolTip, template])
    // A new menu closes the one that is open, so it is replaced only when its words changed.
    if (shown === this.#shown) return
    this.#shown = shown
    icon.setToolTip(toolTip)
    icon.setContextMenu(buildMenu(template))
  }

  dispose(): void {
    this.#parts.theme.off('updated', this.#onTheme)
    this.#icon?.destroy()
    this.#icon = undefined
    this.#shown = ''
  }

  #add(): void {
    this.#image = this.#path(trayState(this.#parts.summary()))
    this.#icon = this.#parts.create(this.#image)
    // macOS opens the menu itself on a click; elsewhere a click means the window.
    if (this.#parts.platform !== 'darwin') this.#icon.on('click', () => this.#parts.actions.openWindow())
    this.#parts.theme.on('updated', this.#onTheme)
    this.refresh()
  }

  #path(state: TrayState): string {
    const { platform, desktop, iconDir, theme } = this.#parts
    return join(iconDir, trayIconFile(state, platform, panelIsDark(platform, desktop, theme.shouldUseDarkColorsForSystemIntegratedUI)))
  }
}

/** macOS colours a template itself; elsewhere the icon has to stand out from the panel. Windows wants an ICO for its sizes. */
export function trayIconFile(state: TrayState, platform: NodeJS.Platform, darkPanel: boolean): string {
  if (platform === 'darwin') return `${state}Template.png`
  return `${state}-${darkPanel ? 'light' : 'dark'}.${platform === 'win32' ? 'ico' : 'png'}`
}

/** GNOME's and Unity's panels are dark in both themes of the desktop. */
function panelIsDark(platform: NodeJS.Platform, desktop: string, systemIsDark: boolean): boolean {
  return systemIsDark || (platform === 'linux' && /gnome|unity/i.test(desktop))
}

export interface TrayIcon extends Pick<Tray, 'setImage' | 'setToolTip' | 'setContextMenu' | 'destroy'> {
  on(event: 'click', listener: () => void): unknown
}

interface PanelTheme {
  readonly shouldUseDarkColorsForSystemIntegratedUI: boolean
  on(event: 'updated', listener: () => void): unknown
  off(event: 'updated', listener: () => void): unknown
}
