/** What happened on the pages of a trial while a step was under way: where they went, what they asked for, and what that answered. */
import type { Dialog, Frame, HTTPResponse, Page } from 'puppeteer-core'
import { iso, type Clock } from '../../clock.ts'
import type { Passed } from '../contract/trial.ts'

const mostLines = 30

export class Meanwhile {
  readonly #clock: Clock
  readonly #pages = new Map<Page, () => void>()
  #lines: Passed[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  watch(page: Page): void {
    if (this.#pages.has(page)) return
    if (this.#pages.size > 0) this.add('window-opened', pathOf(page.url()))
    const moved = (frame: Frame): void => {
      if (frame === page.mainFrame()) this.add('page-opened', pathOf(frame.url()))
    }
    const answered = (response: HTTPResponse): void => {
      const request = response.request()
      if (['xhr', 'fetch'].includes(request.resourceType()))
        this.add('request', `${request.method()} ${pathOf(request.url())}`, response.status())
    }
    const asked = (dialog: Dialog): void => this.add('dialog', `${dialog.type()}: ${dialog.message()}`)
    page.on('framenavigated', moved)
    page.on('response', answered)
    page.on('dialog', asked)
    this.#pages.set(page, () => {
      page.off('framenavigated', moved)
      page.off('response', answered)
      page.off('dialog', asked)
    })
  }

  add(what: Passed['what'], text: string, status: number | null = null): void {
    if (this.#lines.length < mostLines) this.#lines.push({ at: iso(this.#clock.now()), what, text: text.slice(0, 200), status })
  }

  /** Since it was last taken. */
  take(): Passed[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  stop(): void {
    for (const end of this.#pages.values()) end()
    this.#pages.clear()
  }
}

/** A query may hold what is secret. */
const pathOf = (address: string): string => URL.parse(address)?.pathname ?? address.slice(0, 80)
