/** Windows of single browser sessions beside the one window, e.g. for a second screen: one per session, gone with that window. */
import type { BrowserWindowConstructorOptions } from 'electron'
import { guardContents } from './security.ts'
import { pageWindow, type PageWindowParts, type ShellWindow } from './window.ts'

export interface SessionWindowParts extends PageWindowParts {
  create(options: BrowserWindowConstructorOptions): ShellWindow
  address: { url: string; origin: string }
  openOutside(address: string): void
}

const size = { width: 1_280, height: 880 }

export class SessionWindows {
  readonly #parts: SessionWindowParts
  readonly #windows = new Map<string, ShellWindow>()

  constructor(parts: SessionWindowParts) {
    this.#parts = parts
  }

  /** Brings the session's window to the front, making it when there is none. */
  async open(session: string): Promise<void> {
    const known = this.#windows.get(session)
    if (known !== undefined) {
      if (known.isMinimized()) known.restore()
      known.show()
      return known.focus()
    }
    const { create, address, openOutside } = this.#parts
    const window = create({ ...pageWindow(this.#parts), ...size })
    this.#windows.set(session, window)
    guardContents(window.webContents, address.origin, openOutside)
    window.once('ready-to-show', () => window.show())
    window.on('closed', () => this.#windows.delete(session))
    await window.loadURL(this.#addressOf(session))
  }

  /** Loads their pages anew, e.g. because the server now answers on another port. */
  reload(): void {
    // One that cannot be loaded says so itself, as the window does, and may be closed.
    for (const [session, window] of this.#windows) window.loadURL(this.#addressOf(session)).catch(() => undefined)
  }

  closeAll(): void {
    for (const window of [...this.#windows.values()]) window.close()
  }

  paint(): void {
    const { backgroundColor } = pageWindow(this.#parts)
    for (const window of this.#windows.values()) window.setBackgroundColor(backgroundColor)
  }

  #addressOf(session: string): string {
    return `${this.#parts.address.url}#/browsers/${session}?window=1`
  }
}
