/** The pages of one session: none before its browser runs, and none after it has gone. */
import type { Browser, Page } from 'puppeteer-core'
import { createSignal } from '../../async/signal.ts'
import { BrowserFault } from '../fault.ts'
import type { Stopped } from '../page/stop-page.ts'
import { PageRegistry, type KnownPage, type PageHooks } from '../page/page-registry.ts'

export class SessionPages {
  readonly #hooks: PageHooks
  readonly #changed = createSignal()
  #registry: PageRegistry | null = null

  constructor(hooks: PageHooks) {
    this.#hooks = hooks
  }

  /** Resolves when the pages of this browser are watched. */
  async watch(browser: Browser): Promise<void> {
    this.#registry = new PageRegistry(browser, {
      changed: () => {
        this.#changed.emit()
        this.#hooks.changed()
      },
      record: this.#hooks.record,
      dialogs: this.#hooks.dialogs,
      downloads: this.#hooks.downloads,
      permissions: this.#hooks.permissions,
      popups: this.#hooks.popups,
      prepare: this.#hooks.prepare,
      opened: this.#hooks.opened,
    })
    await this.#registry.start()
  }

  /** In the order in which they were opened, without those that work in the background. */
  list(): KnownPage[] {
    return this.#registry?.list() ?? []
  }

  /** The page that stands in front; null while there is none, e.g. during the start. */
  active(): KnownPage | null {
    return this.#registry?.active() ?? null
  }

  /** Brings a page to the front; an unknown id is ignored. */
  show(id: string): void {
    this.#registry?.show(id)
  }

  /** Ends what its scripts do, without its login. Null for an id that is not open. Throws `session-ended` without a browser. */
  async stopPage(id: string): Promise<Stopped | null> {
    return this.#watched().stop(id)
  }

  /** Called after a page was opened, closed, brought to the front, navigated or renamed. Returns what ends the subscription. */
  onChange(listener: () => void): () => void {
    return this.#changed.subscribe(listener)
  }

  /** The page in front, or the first one as soon as it can be used. Throws `session-ended` without a browser. */
  async front(): Promise<Page> {
    return this.active()?.page ?? this.#watched().firstPage()
  }

  /** Runs `work` on a page of its own at the back; one that `stays` comes to the front then. Throws `session-ended` without a browser. */
  async inBackground<Result>(work: (page: Page) => Promise<Result>, stays = false): Promise<Result> {
    return this.#watched().inBackground(work, stays)
  }

  /** Opens an empty page in front of the others; resolves with its id. Throws `session-ended` without a browser. */
  async open(): Promise<string> {
    return this.#watched().open()
  }

  /** Closes a page; false for an id that is not open. */
  close(id: string): boolean {
    return this.#registry?.close(id) ?? false
  }

  /** Opens a page behind the one in front. Throws `session-ended` without a browser. */
  async openBehind(): Promise<Page> {
    return this.#watched().openBehind()
  }

  /** Puts a new page in the place of one that does not answer any more, and closes that. Throws `session-ended` without a browser. */
  async replace(id: string): Promise<void> {
    return this.#watched().replace(id)
  }

  /** Asks the browser for its pages, which proves that it answers. Throws `session-ended` without a browser. */
  async ask(): Promise<void> {
    return this.#watched().refresh()
  }

  /** Hears of nothing any more; what is known stays until `forget`. */
  stop(): void {
    this.#registry?.dispose()
  }

  forget(): void {
    this.#registry = null
  }

  #watched(): PageRegistry {
    if (this.#registry === null) throw new BrowserFault('session-ended', 'The session has no browser')
    return this.#registry
  }
}
