/** A window and its page, which loads what the schemes' handlers serve. */
import { EventEmitter } from 'node:events'
import type Electron from 'electron'
import type { FakeApp } from './fake-app.ts'
import { FakeEvent } from './fake-event.ts'

type ContentsPick = Pick<Electron.WebContents, 'setWindowOpenHandler' | 'send' | 'executeJavaScript'>

export class FakeWebContents extends EventEmitter implements ContentsPick {
  readonly mainFrame = { url: '' }
  readonly sent: { channel: string; payload: unknown }[] = []
  /** Stands for the page's engine: gives what a line of code gives. */
  evaluate: (code: string) => unknown
  #openHandler: ((details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse) | undefined

  constructor(evaluate: (code: string) => unknown = nothing) {
    super()
    this.evaluate = evaluate
  }

  setWindowOpenHandler(handler: (details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse): void {
    this.#openHandler = handler
  }
  send(channel: string, ...parameters: unknown[]): void {
    // What the real one cannot clone it refuses, too.
    this.sent.push({ channel, payload: structuredClone(parameters[0]) })
    this.emit('fake-sent', channel, parameters[0])
  }
  async executeJavaScript(code: string): Promise<unknown> {
    return this.evaluate(code)
  }

  /** The page calls `window.open`; true when a window would open. */
  openWindow(url: string): boolean {
    const referrer = { url: '', policy: 'no-referrer' as const }
    return this.#openHandler?.({ url, frameName: '', features: '', disposition: 'new-window', referrer }).action !== 'deny'
  }
  /** The page, or a frame of it, wants to go elsewhere; true when it may. */
  navigate(url: string, isMainFrame = true): boolean {
    const event = Object.assign(new FakeEvent(), { url, isMainFrame })
    this.emit('will-frame-navigate', event)
    return !event.defaultPrevented
  }
  attachWebview(): boolean {
    const event = new FakeEvent()
    this.emit('will-attach-webview', event)
    return !event.defaultPrevented
  }
  crash(reason = 'crashed'): void {
    this.emit('render-process-gone', new FakeEvent(), { reason, exitCode: 1 })
  }
}

type WindowPick = Pick<
  Electron.BrowserWindow,
  | 'loadURL'
  | 'show'
  | 'hide'
  | 'focus'
  | 'restore'
  | 'minimize'
  | 'maximize'
  | 'close'
  | 'destroy'
  | 'isMinimized'
  | 'isVisible'
  | 'isFocused'
  | 'isMaximized'
  | 'isDestroyed'
  | 'getNormalBounds'
  | 'setBounds'
  | 'setBackgroundColor'
>

/** One file that a page asked for. */
export interface Loaded {
  url: string
  status: number
  policy: string | null
}

export class FakeBrowserWindow extends EventEmitter implements WindowPick {
  readonly options: Electron.BrowserWindowConstructorOptions
  readonly webContents: FakeWebContents
  readonly loads: string[] = []
  /** The page and the files it names, as the scheme's handler served them. */
  readonly loaded: Loaded[] = []
  background: string
  #app: FakeApp
  #fetch: (url: string) => Promise<Response>
  #bounds: Electron.Rectangle
  #visible: boolean
  #focused = false
  #minimized = false
  #maximized = false
  #destroyed = false

  constructor(
    options: Electron.BrowserWindowConstructorOptions,
    app: FakeApp,
    fetch: (url: string) => Promise<Response>,
    evaluate?: (code: string) => unknown,
  ) {
    super()
    this.options = options
    this.webContents = new FakeWebContents(evaluate)
    this.background = options.backgroundColor ?? ''
    this.#app = app
    this.#fetch = fetch
    this.#bounds = { x: options.x ?? 0, y: options.y ?? 0, width: options.width ?? 800, height: options.height ?? 600 }
    this.#visible = options.show ?? true
    app.windows.push(this)
  }

  async loadURL(url: string): Promise<void> {
    this.loads.push(url)
    this.webContents.mainFrame.url = url
    const page = await this.#get(url)
    const base = new URL(url)
    for (const [, path = ''] of page.matchAll(/<(?:script|link)[^>]+?(?:src|href)="([^"]+)"/g)) await this.#get(new URL(path, base).href)
    if (this.#destroyed) return
    this.webContents.emit('did-finish-load')
    this.emit('ready-to-show')
  }
  show(): void {
    this.#visible = true
    this.#focused = true
    this.emit('show')
  }
  hide(): void {
    this.#visible = false
    this.#focused = false
    this.emit('hide')
  }
  focus(): void {
    this.#focused = true
  }
  blur(): void {
    this.#focused = false
  }
  restore(): void {
    this.#minimized = false
  }
  minimize(): void {
    this.#minimized = true
    this.#focused = false
  }
  maximize(): void {
    this.#maximized = true
    this.emit('maximize')
  }
  isMinimized(): boolean {
    return this.#minimized
  }
  isVisible(): boolean {
    return this.#visible
  }
  isFocused(): boolean {
    return this.#focused
  }
  isMaximized(): boolean {
    return this.#maximized
  }
  isDestroyed(): boolean {
    return this.#destroyed
  }
  getNormalBounds(): Electron.Rectangle {
    return this.#bounds
  }
  setBounds(bounds: Partial<Electron.Rectangle>): void {
    this.#bounds = { ...this.#bounds, ...bounds }
    this.emit('resized')
    this.emit('moved')
  }
  setBackgroundColor(color: string): void {
    this.background = color
  }
  /** What the window's own close button does. */
  close(): void {
    if (this.requestClose() && this.#app.windows.length === 0) this.#app.emit('window-all-closed')
  }
  requestClose(): boolean {
    const event = new FakeEvent()
    this.emit('close', event)
    if (!event.defaultPrevented) this.destroy()
    return !event.defaultPrevented
  }
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#app.windows.splice(this.#app.windows.indexOf(this), 1)
    this.emit('closed')
  }

  async #get(url: string): Promise<string> {
    const response = await this.#fetch(url)
    this.loaded.push({ url, status: response.status, policy: response.headers.get('content-security-policy') })
    if (!response.ok) throw new Error(`ERR_FAILED (${response.status}) loading '${url}'`)
    return response.text()
  }
}

function nothing(): unknown {
  return undefined
}
