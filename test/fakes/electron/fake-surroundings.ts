/** What is around the window: tray, menus, notifications and the theme. */
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import type Electron from 'electron'

export class FakeTray extends EventEmitter implements Pick<Electron.Tray, 'setToolTip' | 'setContextMenu' | 'destroy' | 'isDestroyed'> {
  image: string
  toolTip = ''
  menu: FakeMenu | null = null
  #destroyed = false

  constructor(image: string) {
    super()
    this.image = existingImage(image)
  }
  setImage(image: string): void {
    this.image = existingImage(image)
  }
  setToolTip(toolTip: string): void {
    this.toolTip = toolTip
  }
  setContextMenu(menu: Electron.Menu | null): void {
    this.menu = menu === null ? null : FakeMenu.behind(menu)
  }
  destroy(): void {
    this.#destroyed = true
  }
  isDestroyed(): boolean {
    return this.#destroyed
  }
}

export class FakeMenu {
  readonly template: Electron.MenuItemConstructorOptions[]

  static readonly #made = new WeakMap<object, FakeMenu>()

  constructor(template: Electron.MenuItemConstructorOptions[]) {
    this.template = template
    FakeMenu.#made.set(this, this)
  }
  /** The menu as the shell may hold it: it only hands it back, so none of the real one's members is needed. */
  asReal(): Electron.Menu {
    return this as unknown as Electron.Menu
  }
  static behind(menu: Electron.Menu): FakeMenu {
    const fake = FakeMenu.#made.get(menu)
    if (fake === undefined) throw new Error('That menu is none of the fake')
    return fake
  }

  /** All labels, those of sub-menus after a slash. */
  labels(): string[] {
    return flatten(this.template).map(({ path }) => path)
  }
  /** Chooses the item of this label, or of `menu/item`. */
  choose(path: string): void {
    const item = flatten(this.template).find((candidate) => candidate.path === path)?.item
    if (item === undefined) throw new Error(`No menu item ${path}; there are: ${this.labels().join(', ')}`)
    if (item.enabled === false) throw new Error(`The menu item ${path} is disabled`)
    // Our handlers take none of the parameters that a real click brings.
    const click = item.click as (() => void) | undefined
    click?.()
  }
}

export class FakeNotification extends EventEmitter implements Pick<Electron.Notification, 'show' | 'close' | 'title' | 'body'> {
  readonly title: string
  readonly body: string
  shown = false

  constructor(options: Electron.NotificationConstructorOptions = {}) {
    super()
    this.title = options.title ?? ''
    this.body = options.body ?? ''
  }
  show(): void {
    this.shown = true
  }
  close(): void {
    this.shown = false
    this.emit('close')
  }
}

export class FakeNativeTheme
  extends EventEmitter
  implements Pick<Electron.NativeTheme, 'themeSource' | 'shouldUseDarkColors' | 'shouldUseDarkColorsForSystemIntegratedUI'>
{
  systemDark = false
  #source: 'system' | 'light' | 'dark' = 'system'

  get themeSource(): 'system' | 'light' | 'dark' {
    return this.#source
  }
  set themeSource(source) {
    this.#source = source
    this.emit('updated')
  }
  get shouldUseDarkColors(): boolean {
    return this.#source === 'system' ? this.systemDark : this.#source === 'dark'
  }
  get shouldUseDarkColorsForSystemIntegratedUI(): boolean {
    return this.systemDark
  }
  setSystem(dark: boolean): void {
    this.systemDark = dark
    this.emit('updated')
  }
}

function existingImage(path: string): string {
  if (!existsSync(path)) throw new Error(`Failed to load image from path '${path}'`)
  return path
}

function flatten(
  template: Electron.MenuItemConstructorOptions[],
  above = '',
): { path: string; item: Electron.MenuItemConstructorOptions }[] {
  return template.flatMap((item) => {
    const name = item.label ?? item.role ?? ''
    if (name === '') return []
    const path = `${above}${name}`
    return [{ path, item }, ...(Array.isArray(item.submenu) ? flatten(item.submenu, `${path}/`) : [])]
  })
}
