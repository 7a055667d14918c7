/** The pages of one run: the one it began on, and the windows that its site opens meanwhile, e.g. for a single sign-on. */
import type { Page } from 'puppeteer-core'
import { claimDialogs } from '../page/dialog-claims.ts'
import { PageTraffic } from '../page/page-traffic.ts'
import { permitPopups } from '../page/popup-permits.ts'

interface Watched {
  page: Page
  traffic: PageTraffic
  /** Held while the run answers the page's dialogs; null while a person does. */
  claim: (() => void) | null
  stop(): void
}

export class Windows {
  readonly first: Page
  readonly #watched: Watched[] = []
  readonly #onWatched: (page: Page) => () => void
  readonly #popups: boolean

  /** `onWatched` is told of each page as it comes, and returns what lets go of it. `popups`: the site may open windows. */
  constructor(first: Page, onWatched: (page: Page) => () => void, { popups = true } = {}) {
    this.first = first
    this.#onWatched = onWatched
    this.#popups = popups
    this.#watch(first)
  }

  /** The latest first. */
  get pages(): Page[] {
    return this.#watched.filter(({ page }) => !page.isClosed()).map(({ page }) => page)
  }

  /** Where the run works now. */
  get current(): Page {
    return this.pages[0] ?? this.first
  }

  trafficOf(page: Page): PageTraffic | undefined {
    return this.#watched.find((each) => each.page === page)?.traffic
  }

  /** A step has done something: from then on they may be quiet. */
  stirred(): void {
    for (const { traffic } of this.#watched) traffic.stirred()
  }

  /** Of all of them. */
  async areQuiet(ms: number): Promise<boolean> {
    for (const { page, traffic } of this.#watched) if (!page.isClosed() && !(await traffic.isQuiet(ms))) return false
    return true
  }

  /** Dialogs are a person's to answer, until they are claimed again. */
  leaveDialogs(): void {
    for (const each of this.#watched) {
      each.claim?.()
      each.claim = null
    }
  }

  claimDialogs(): void {
    for (const each of this.#watched) each.claim ??= claimDialogs(each.page)
  }

  /** Windows that are still open are closed: whoever comes next works on the page. */
  stop(): void {
    this.leaveDialogs()
    for (const { page, stop } of this.#watched.splice(0)) {
      stop()
      if (page !== this.first && !page.isClosed()) page.close().catch(() => undefined)
    }
  }

  #watch(page: Page): void {
    const traffic = new PageTraffic(page)
    const release = this.#onWatched(page)
    const permit = this.#popups ? permitPopups(page) : () => undefined
    const onPopup = (popup: Page | null): void => {
      if (popup !== null) this.#watch(popup)
    }
    page.on('popup', onPopup)
    this.#watched.unshift({
      page,
      traffic,
      claim: claimDialogs(page),
      stop: () => {
        page.off('popup', onPopup)
        traffic.stop()
        release()
        permit()
      },
    })
  }
}
