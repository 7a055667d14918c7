/** What the room's session does for views, around real pages. */
import type { Page } from 'puppeteer-core'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../../server/clock.ts'
import { createSignal } from '../../../../server/async/signal.ts'
import { SessionFiles } from '../../../../server/browsers/files/session-files.ts'
import { Dialogs } from '../../../../server/browsers/page/dialogs.ts'
import { Permissions } from '../../../../server/browsers/page/permissions.ts'
import type { ViewablePage, ViewableSession } from '../../../../server/browsers/view/viewable-session.ts'

export class WatchedSession implements ViewableSession {
  readonly id = 'session'
  readonly page: Page
  readonly dialogs = new Dialogs({ clock: systemClock, driven: () => this.control.holder !== null, record: () => undefined })
  readonly #files = new SessionFiles({ folder: join(tmpdir(), 'wheelhouse-no-such-folder'), clock: systemClock }).of('session')
  readonly downloads = this.#files.downloads
  readonly uploads = this.#files.uploads
  readonly permissions = new Permissions(() => undefined)
  readonly setup = { resize: () => Promise.resolve() }
  touched = 0
  readonly #pages: { id: string; page: Page }[] = []
  #active = 'page-1'
  readonly #pagesChanged = createSignal()
  readonly #controlChanged = createSignal()
  readonly #ended = createSignal<[reason: string]>()
  #titles = new Map<string, string>()

  constructor(page: Page) {
    this.page = page
    this.#add(page)
  }

  get listeners(): number {
    return this.#pagesChanged.size + this.#controlChanged.size + this.#ended.size
  }

  async open(): Promise<Page> {
    const page = await this.page.browserContext().newPage()
    this.#active = this.#add(page)
    this.#tell()
    return page
  }

  end(reason: string): void {
    this.#ended.emit(reason)
  }

  readonly pages = {
    list: (): ViewablePage[] => this.#pages.map(({ id, page }) => ({ id, page, url: page.url(), title: this.#titles.get(id) ?? '' })),
    active: (): ViewablePage | null => this.pages.list().find(({ id }) => id === this.#active) ?? null,
    show: (id: string): void => {
      this.#active = id
      void this.pages.active()?.page.bringToFront()
      this.#tell()
    },
    stopPage: () => Promise.resolve(null),
    onChange: (listener: () => void) => this.#pagesChanged.subscribe(listener),
  }

  readonly control = {
    holder: null as string | null,
    take: (viewId: string): boolean => {
      if (this.control.holder !== null && this.control.holder !== viewId) return false
      this.#setController(viewId)
      return true
    },
    giveBack: (viewId: string): void => {
      if (this.control.holder === viewId) this.#setController(null)
    },
    onChange: (listener: () => void) => this.#controlChanged.subscribe(listener),
  }

  onEnd = (listener: (reason: string) => void) => this.#ended.subscribe(listener)
  touch(): void {
    this.touched += 1
  }

  #setController(viewId: string | null): void {
    this.control.holder = viewId
    this.#controlChanged.emit()
  }

  #add(page: Page): string {
    const id = `page-${this.#pages.length + 1}`
    this.#pages.push({ id, page })
    page.on('domcontentloaded', () => {
      this.#tell()
      const read = page.title().then((title) => {
        this.#titles.set(id, title)
        this.#tell()
      })
      // A page that hangs or navigates on has no title to tell.
      read.catch(() => undefined)
    })
    return id
  }

  #tell(): void {
    this.#pagesChanged.emit()
  }
}
