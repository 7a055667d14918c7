/** The pages of one browser that work at the back: in no list, and not brought to the front. */
import type { Browser, Page } from 'puppeteer-core'
import { targetIdOf } from './targets.ts'

export class BackPages {
  readonly #browser: Browser
  readonly #ids = new Set<string>()
  /** Those of them that work is done on. */
  readonly #worked = new Map<string, Page>()
  #opening = 0

  constructor(browser: Browser) {
    this.#browser = browser
  }

  /** One is on its way, and its event does not say that it is meant for here. */
  get isOpening(): boolean {
    return this.#opening > 0
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  add(id: string): void {
    this.#ids.add(id)
  }

  /** False for one that is not at the back. */
  delete(id: string): boolean {
    return this.#ids.delete(id)
  }

  /** Undefined for one that no work is done on. */
  worked(id: string): Page | undefined {
    return this.#worked.get(id)
  }

  async open(): Promise<{ id: string; page: Page }> {
    this.#opening += 1
    const page = await this.#browser.newPage({ background: true }).finally(() => {
      this.#opening -= 1
    })
    const id = targetIdOf(page.target())
    this.#ids.add(id)
    this.#worked.set(id, page)
    return { id, page }
  }

  /** The work on it is done; it stays at the back until it is closed or brought to the front. */
  done(id: string): void {
    this.#worked.delete(id)
  }
}
