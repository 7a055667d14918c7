/** What an action stirs up in its page: requests, another document, a window. Known from events, so a page that hangs holds up nothing. */
import type { Frame, HTTPRequest, HTTPResponse, Page } from 'puppeteer-core'

/** Ms after which a request is no sign of a page at work: it waits for news, as chats do, or never ends. */
const tooLong = 2_500

export class Stir {
  readonly #page: Page
  readonly #underWay = new Map<HTTPRequest, number>()
  /** On the monotonic clock. */
  #lastSign = performance.now()
  #moved = false
  #opened = false

  constructor(page: Page) {
    this.#page = page
    page.on('request', this.#began)
    page.on('response', this.#answered)
    page.on('requestfinished', this.#ended)
    page.on('requestfailed', this.#ended)
    page.on('framenavigated', this.#navigated)
    page.on('popup', this.#popup)
  }

  /** Another document has come, or its address has changed. */
  get moved(): boolean {
    return this.#moved
  }

  /** A window was opened. */
  get opened(): boolean {
    return this.#opened
  }

  /** The page has said so itself: the browser shows the window some time after. */
  windowOpens(): void {
    this.#popup()
  }

  /** The action is done: what the page asks for because of it is told only some time after. */
  done(): void {
    this.#lastSign = performance.now()
  }

  /** Nothing has happened for `ms`, and the document that has come is there whole. */
  async isOver(ms: number): Promise<boolean> {
    const now = performance.now()
    if (now - this.#lastSign < ms || [...this.#underWay.values()].some((since) => now - since < tooLong)) return false
    if (!this.#moved) return true
    return (await this.#page.evaluate(() => document.readyState).catch(() => 'loading')) === 'complete'
  }

  stop(): void {
    this.#page.off('request', this.#began)
    this.#page.off('response', this.#answered)
    this.#page.off('requestfinished', this.#ended)
    this.#page.off('requestfailed', this.#ended)
    this.#page.off('framenavigated', this.#navigated)
    this.#page.off('popup', this.#popup)
  }

  readonly #began = (request: HTTPRequest): void => {
    this.#underWay.set(request, performance.now())
    this.#lastSign = performance.now()
  }

  /** A body that no script reads never ends. */
  readonly #answered = (response: HTTPResponse): void => this.#ended(response.request())

  readonly #ended = (request: HTTPRequest): void => {
    this.#underWay.delete(request)
    this.#lastSign = performance.now()
  }

  readonly #navigated = (frame: Frame): void => {
    if (frame === this.#page.mainFrame()) this.#moved = true
    this.#lastSign = performance.now()
  }

  readonly #popup = (): void => {
    this.#opened = true
    this.#lastSign = performance.now()
  }
}
