/** Whether a page is still on its way to what it will show: what it asks of the network, and how long it has asked nothing. */
import type { HTTPRequest, Page } from 'puppeteer-core'

/** Ms after which a request is no sign of a page that loads: it waits for news, as chats do, or never ends. */
const tooLong = 5_000

export class PageTraffic {
  readonly #page: Page
  readonly #underWay = new Map<HTTPRequest, number>()
  /** On the monotonic clock. */
  #lastSign = performance.now()

  constructor(page: Page) {
    this.#page = page
    page.on('request', this.#began)
    page.on('requestfinished', this.#ended)
    page.on('requestfailed', this.#ended)
    page.on('framenavigated', this.#moved)
  }

  /** Something was done to the page: what it asks for because of that is told only some time after. */
  stirred(): void {
    this.#lastSign = performance.now()
  }

  /** Loaded, and nothing asked of the network for `ms`. */
  async isQuiet(ms: number): Promise<boolean> {
    const now = performance.now()
    const sign = this.#lastSign
    if ([...this.#underWay.values()].some((since) => now - since < tooLong)) return false
    if (now - this.#lastSign < ms) return false
    const state = await this.#page.evaluate(() => document.readyState).catch(() => 'loading')
    if (this.#lastSign !== sign) return false
    // A page whose document never ends stays in `interactive`; its silence counts all the same, only later.
    return state === 'complete' || (state === 'interactive' && now - this.#lastSign > tooLong)
  }

  stop(): void {
    this.#page.off('request', this.#began)
    this.#page.off('requestfinished', this.#ended)
    this.#page.off('requestfailed', this.#ended)
    this.#page.off('framenavigated', this.#moved)
  }

  readonly #began = (request: HTTPRequest): void => {
    this.#underWay.set(request, performance.now())
    this.#lastSign = performance.now()
  }

  readonly #ended = (request: HTTPRequest): void => {
    this.#underWay.delete(request)
    this.#lastSign = performance.now()
  }

  readonly #moved = (): void => {
    this.#lastSign = performance.now()
  }
}
