/** The one window: made when first wanted, shown when its first frame is drawn, hidden or closed as the person chose. */
import type { BrowserWindow, BrowserWindowConstructorOptions, WebContents } from 'electron'
import { channelOf, type Command } from '../preload/schema.ts'
import { guardContents, type GuardedContents } from './security.ts'
import { placeWindow, smallestWindow, type Bounds, type WindowState } from './window-state.ts'

/** What every window that shows our pages is made with. */
export interface PageWindowParts {
  preload: string
  icon: string
  dark(): boolean
  developer: boolean
}

export interface WindowParts extends PageWindowParts {
  create(options: BrowserWindowConstructorOptions): ShellWindow
  /** Screens without panels and docks, the primary one first. */
  workAreas(): Bounds[]
  state: { get(): WindowState; change(change: Partial<WindowState>): void }
  /** The page to load and the origin that counts as ours. */
  address: { url: string; origin: string }
  openOutside(address: string): void
  /** What closing does now. `quit` while the app is quitting. */
  onClose(): 'quit' | 'hide'
  hidden(): void
  /** Called when the page's process died twice in a row, which a reload does not mend. */
  crashed(reason: string): void
  /** Called when the page could not be loaded at all. */
  failed(error: unknown): void
  now(): number
}

/** The page's grounds in both themes, so that nothing flashes before the first frame. */
const grounds = { light: '#ffffff', dark: '#0f1114' } as const

/** Hidden until its first frame is drawn. */
export function pageWindow({ preload, icon, dark, developer }: PageWindowParts) {
  return {
    show: false,
    title: 'Wheelhouse',
    icon,
    minWidth: smallestWindow.width,
    minHeight: smallestWindow.height,
    backgroundColor: dark() ? grounds.dark : grounds.light,
    autoHideMenuBar: true,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      spellcheck: false,
      devTools: developer,
    },
  } satisfies BrowserWindowConstructorOptions
}

export class MainWindow {
  readonly #parts: WindowParts
  #window: ShellWindow | undefined
  #loaded: Promise<void> = Promise.resolve()
  #lastCrash = Number.NEGATIVE_INFINITY

  constructor(parts: WindowParts) {
    this.#parts = parts
  }

  /** The window's page, while there is a window. */
  get contents(): WindowContents | undefined {
    return this.#window?.webContents
  }

  get focused(): boolean {
    return this.#window?.isFocused() ?? false
  }

  /** Makes the window without showing it. Resolves when its page is loaded, rejects when it could not be. */
  load(): Promise<void> {
    if (this.#window === undefined) this.#create()
    return this.#loaded
  }

  /** Brings the window to the front, making it when there is none. */
  show(): void {
    const window = this.#window
    if (window === undefined) {
      const created = this.#create()
      created.once('ready-to-show', () => {
        if (this.#parts.state.get().maximized) created.maximize()
        created.show()
      })
      return
    }
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }

  /** Shows the window and sends it a command, after its page has loaded. */
  command(command: Command): void {
    this.show()
    void this.#loaded.then(
      () => this.#window?.webContents.send(channelOf('command'), command),
      () => undefined,
    )
  }

  /** Loads the page anew, e.g. because the server now answers on another port. */
  reload(): void {
    if (this.#window !== undefined) this.#load(this.#window)
  }

  paint(): void {
    this.#window?.setBackgroundColor(pageWindow(this.#parts).backgroundColor)
  }

  #create(): ShellWindow {
    const parts = this.#parts
    const { bounds } = parts.state.get()
    const window = parts.create({ ...placeWindow(bounds, parts.workAreas()), ...pageWindow(parts) })
    this.#window = window
    guardContents(window.webContents, parts.address.origin, parts.openOutside)
    this.#keepPlace(window)
    window.on('close', (event) => {
      if (parts.onClose() === 'quit') return
      event.preventDefault()
      window.hide()
      parts.hidden()
    })
    window.on('closed', () => {
      if (this.#window === window) this.#window = undefined
    })
    window.webContents.on('render-process-gone', (_event, { reason }) => this.#recover(window, reason))
    this.#load(window)
    return window
  }

  #load(window: ShellWindow): void {
    this.#loaded = window.loadURL(this.#parts.address.url)
    this.#loaded.catch((error: unknown) => {
      // Closed, or loaded anew meanwhile.
      if (window.isDestroyed() || (error instanceof Error && 'code' in error && error.code === 'ERR_ABORTED')) return
      this.#parts.failed(error)
    })
  }

  #keepPlace(window: ShellWindow): void {
    const keep = () => {
      if (window.isDestroyed() || window.isMinimized()) return
      this.#parts.state.change({ bounds: window.getNormalBounds(), maximized: window.isMaximized() })
    }
    // Written when the person has finished, not with each pixel; `close` catches what Linux does not report.
    window.on('resized', keep)
    window.on('moved', keep)
    window.on('maximize', keep)
    window.on('unmaximize', keep)
    window.on('close', keep)
  }

  /** One crash is answered by a reload; a second within a minute is told, so that it cannot go round for ever. */
  #recover(window: ShellWindow, reason: string): void {
    if (reason === 'clean-exit' || window.isDestroyed()) return
    const now = this.#parts.now()
    const again = now - this.#lastCrash < 60_000
    this.#lastCrash = now
    if (again) this.#parts.crashed(reason)
    else this.#load(window)
  }
}

type WindowMethods =
  | 'loadURL'
  | 'show'
  | 'hide'
  | 'focus'
  | 'restore'
  | 'maximize'
  | 'isMinimized'
  | 'isFocused'
  | 'isMaximized'
  | 'isDestroyed'
  | 'getNormalBounds'
  | 'setBackgroundColor'
  | 'close'

/** What is used of a BrowserWindow. */
export interface ShellWindow extends Pick<BrowserWindow, WindowMethods> {
  readonly webContents: WindowContents
  on(event: 'closed' | 'resized' | 'moved' | 'maximize' | 'unmaximize', listener: () => void): unknown
  on(event: 'close', listener: (event: { preventDefault(): void }) => void): unknown
  once(event: 'ready-to-show', listener: () => void): unknown
}

export interface WindowContents extends GuardedContents, Pick<WebContents, 'send' | 'executeJavaScript'> {
  on(event: 'will-frame-navigate', listener: (event: { url: string; isMainFrame: boolean; preventDefault(): void }) => void): unknown
  on(event: 'will-attach-webview', listener: (event: { preventDefault(): void }) => void): unknown
  on(event: 'render-process-gone', listener: (event: unknown, details: { reason: string }) => void): unknown
}
