/**
 * The pages of one browser, known from its events alone: neither a list nor a view ever waits for a page.
 * A script's `window.open` is refused by `page-guard.ts`; what becomes of windows that open all the same, `new-window.ts` says.
 */
import type { Browser, CDPSession, Page, Target } from 'puppeteer-core'
import { addressToTell } from '../../http/userinfo.ts'
import type { SessionDownloads } from '../files/session-downloads.ts'
import { hubOf } from '../clients/hub.ts'
import { BackPages } from './back-pages.ts'
import { closeTarget } from './close-target.ts'
import { firstTarget } from './first-page.ts'
import { fateOf } from './new-window.ts'
import { guardAhead } from './page-guard.ts'
import { PageGuards, type PageGuardHooks } from './page-guards.ts'
import { popupsArePermitted } from './popup-permits.ts'
import type { Permissions } from './permissions.ts'
import { stopScripts, type Stopped } from './stop-page.ts'
import { isInternal, presentable, targetIdOf, type TargetInfo } from './targets.ts'

export interface KnownPage {
  id: string
  url: string
  title: string
  page: Page
}

export interface PageHooks extends PageGuardHooks {
  changed(): void
  downloads: Pick<SessionDownloads, 'watch'>
  permissions: Pick<Permissions, 'watch' | 'asked'>
}

interface Entry {
  id: string
  url: string
  title: string
  opener: string | null
  /** A script opened it, and has a handle on it. */
  popup: boolean
  /** Null until puppeteer has attached to it. */
  page: Page | null
}

const onlyPages = { filter: [{ type: 'page' }] }
/** Beyond this the oldest page at the back is closed: a site that opens a page per click must not fill the memory. */
const mostPages = 10
/** Ms within which puppeteer knows a page that the browser has told of; one that closes meanwhile is told to be gone. */
const attachWithin = 60_000
/** Ms after a navigation in which its title is read; titles have no event of their own. */
const titleDelay = 300

export class PageRegistry {
  readonly #browser: Browser
  readonly #hooks: PageHooks
  readonly #entries = new Map<string, Entry>()
  readonly #atBack: BackPages
  readonly #guards: PageGuards
  /** Ended on purpose: what crashes now is not loaded again. */
  readonly #stopping = new Set<string>()
  /** On their way out. */
  readonly #popups = new Set<string>()
  #cdp: CDPSession | null = null
  #first: Promise<Page> = Promise.reject(new Error('The browser has not been started'))
  #active: string | null = null
  #titleTimer: NodeJS.Timeout | null = null
  #disposed = false

  constructor(browser: Browser, hooks: PageHooks) {
    this.#browser = browser
    this.#hooks = hooks
    this.#atBack = new BackPages(browser)
    this.#guards = new PageGuards(browser, hooks, (id) => this.#atBack.has(id))
    this.#first.catch(() => {})
  }

  /** Resolves once the browser has shown its first window; `firstPage` follows when that can be used. */
  async start(): Promise<void> {
    const cdp = await this.#browser.target().createCDPSession()
    this.#cdp = cdp
    this.#hooks.permissions.watch(cdp)
    cdp.on('Target.targetCreated', ({ targetInfo }) => this.#created(presentable(targetInfo)))
    cdp.on('Target.targetInfoChanged', ({ targetInfo }) => {
      this.#update(presentable(targetInfo))
      this.#readTitlesSoon()
    })
    cdp.on('Target.targetDestroyed', ({ targetId }) => this.#destroyed(targetId))
    cdp.on('Target.targetCrashed', ({ targetId }) => this.#crashed(targetId))
    const told = Promise.all([cdp.send('Target.setDiscoverTargets', { discover: true, ...onlyPages }), this.#hooks.downloads.watch(cdp)])
    const shown = firstTarget(this.#browser)
    // After these, which say that the browser can be driven: the page's renderer is still starting, and holds up what comes behind it.
    this.#first = shown.then((target) => this.#firstOf(target))
    this.#first.catch(() => {})
    await Promise.all([told, shown])
  }

  /** Resolves when the first page is there and guarded, before which nothing may be opened in it. */
  firstPage(): Promise<Page> {
    return this.#first
  }

  async #firstOf(target: Target): Promise<Page> {
    const [page] = await Promise.all([target.page(), guardAhead(target)])
    if (!page) throw new Error('The first page was closed while the browser started')
    await this.#guardedAndKnown(targetIdOf(target), page)
    return page
  }

  /** Whoever waits for a page finds it in the list then, also where its event is still being dealt with. */
  async #guardedAndKnown(id: string, page: Page): Promise<void> {
    await this.#guards.guarded(id, page)
    const entry = this.#entries.get(id)
    if (entry) entry.page ??= page
  }

  /** Asks the browser for its targets, which proves that it answers and brings the titles up to date. */
  async refresh(): Promise<void> {
    const { targetInfos } = (await this.#cdp?.send('Target.getTargets', onlyPages)) ?? { targetInfos: [] }
    for (const info of targetInfos) this.#update(presentable(info))
  }

  /** In the order in which they were opened, without those that work in the background. */
  list(): KnownPage[] {
    return [...this.#entries.values()].flatMap(({ id, url, title, page }) => (page ? [{ id, url, title, page }] : []))
  }

  active(): KnownPage | null {
    const entry = this.#active === null ? undefined : this.#entries.get(this.#active)
    if (entry?.page) return { id: entry.id, url: entry.url, title: entry.title, page: entry.page }
    return this.list().at(-1) ?? null
  }

  show(id: string): void {
    const page = this.#entries.get(id)?.page
    if (!page || this.#active === id) return
    this.#active = id
    page.bringToFront().catch(() => {})
    this.#hooks.changed()
  }

  /** Opens an empty page in front of the others; resolves with its id. */
  async open(): Promise<string> {
    return this.#toFront(await this.#browser.newPage())
  }

  async #toFront(page: Page): Promise<string> {
    const id = targetIdOf(page.target())
    // One that was opened at the back, or while another was, which its event does not tell apart.
    if (this.#atBack.delete(id)) this.#open({ targetId: id, url: page.url(), title: '' })
    await this.#guardedAndKnown(id, page)
    this.#active = id
    this.#hooks.changed()
    return id
  }

  /** False for an id that is not open. */
  close(id: string): boolean {
    if (!this.#entries.has(id)) return false
    this.#close(id)
    return true
  }

  /**
   * Ends what the page's scripts do, so that it can be used again: the script that runs now, or, where the next one goes on like it, all of
   * the page, and an empty one takes its place. Its site's cookies stay, and so does the login. Resolves to what became of the page; null
   * for an id that is not open.
   */
  async stop(id: string): Promise<Stopped | null> {
    const entry = this.#entries.get(id)
    if (!entry?.page) return null
    this.#stopping.add(id)
    const free = await stopScripts(await this.#guards.guarded(id, entry.page))
    if (!free) await this.replace(id)
    this.#stopping.delete(id)
    const how = free ? 'stands' : 'emptied'
    this.#hooks.record('page-stopped', { url: addressToTell(entry.url), how })
    return how
  }

  /** Puts a new page in the place of one that does not answer any more, and closes that. */
  async replace(id: string): Promise<void> {
    await this.open()
    this.#close(id)
  }

  /** A new page behind the one in front, guarded and ready to be sent somewhere. */
  async openBehind(): Promise<Page> {
    const page = await this.#browser.newPage({ background: true })
    await this.#guards.guarded(targetIdOf(page.target()), page)
    return page
  }

  /**
   * Runs `work` on a page that is not listed and does not come to the front, and closes it; or, where it stays, puts it in front of the
   * others then.
   */
  async inBackground<Result>(work: (page: Page) => Promise<Result>, stays = false): Promise<Result> {
    const { id, page } = await this.#atBack.open()
    this.#entries.delete(id)
    try {
      await this.#guards.guarded(id, page)
      return await work(page)
    } finally {
      this.#atBack.done(id)
      if (stays)
        await this.#toFront(page)
          .then(() => page.bringToFront())
          .catch(() => undefined)
      else this.#close(id)
    }
  }

  dispose(): void {
    this.#disposed = true
    if (this.#titleTimer) clearTimeout(this.#titleTimer)
    this.#cdp?.removeAllListeners()
  }

  #created(info: TargetInfo): void {
    if (this.#disposed || this.#entries.has(info.targetId)) return
    const hub = hubOf(this.#browser)
    // A program that drives the session has contexts of its own beside it.
    if (hub?.isPrivate(info.browserContextId) === true) return
    const openingInBackground = hub?.opening.isAtBack(info.targetId) ?? this.#atBack.isOpening
    const fate = fateOf(info, {
      openingInBackground,
      isInBackground: (id) => this.#atBack.has(id),
      isPermitted: (id) => {
        // A frame with a process of its own is the opener itself; it stands in the page in front.
        const page = this.#atBack.worked(id) ?? this.#entries.get(id)?.page ?? this.active()?.page
        return page !== undefined && page !== null && popupsArePermitted(page)
      },
    })
    if (fate === 'popup') return this.#closePopup(info.targetId)
    if (fate === 'closed') return this.#close(info.targetId)
    if (fate === 'background') this.#atBack.add(info.targetId)
    if (fate === 'page') this.#open(info)
  }

  #open(info: Pick<TargetInfo, 'targetId' | 'url' | 'title' | 'openerId'> & Partial<Pick<TargetInfo, 'canAccessOpener'>>): void {
    const entry: Entry = {
      id: info.targetId,
      url: info.url,
      title: info.title,
      opener: info.openerId ?? null,
      popup: info.canAccessOpener === true,
      page: null,
    }
    this.#entries.set(entry.id, entry)
    this.#attach(entry).catch(() => this.#destroyed(entry.id))
  }

  async #attach(entry: Entry): Promise<void> {
    const target = await this.#browser.waitForTarget((candidate) => targetIdOf(candidate) === entry.id, { timeout: attachWithin })
    const page = await target.page()
    if (!page || this.#disposed) return
    await this.#guards.guarded(entry.id, page)
    entry.page = page
    if (this.#active === null || entry.opener !== null) {
      this.#active = entry.id
      if (entry.opener !== null) {
        this.#hooks.record(entry.popup ? 'popup-opened' : 'page-opened', {})
        page.bringToFront().catch(() => {})
      }
    }
    this.#closeOldest()
    this.#hooks.changed()
  }

  #update(info: TargetInfo): void {
    const entry = this.#entries.get(info.targetId)
    if (!entry || (entry.url === info.url && entry.title === info.title)) return
    // Chromium's own surfaces, e.g. of its address bar, come as pages without an address at first.
    if (isInternal(info.url)) return void this.#entries.delete(entry.id)
    if (entry.url !== info.url && /^https?:/.test(info.url)) this.#hooks.record('navigated', { url: addressToTell(info.url) })
    entry.url = info.url
    entry.title = info.title
    this.#hooks.changed()
  }

  #destroyed(id: string): void {
    this.#atBack.delete(id)
    if (this.#disposed) return
    this.#guards.gone(id)
    // It had taken the front.
    if (this.#popups.delete(id))
      return void this.active()
        ?.page.bringToFront()
        .catch(() => {})
    const entry = this.#entries.get(id)
    if (!entry) return
    this.#entries.delete(id)
    if (this.#active === id) {
      const next = (entry.opener === null ? undefined : this.#entries.get(entry.opener)) ?? [...this.#entries.values()].at(-1)
      this.#active = next?.id ?? null
      next?.page?.bringToFront().catch(() => {})
    }
    // A session always has a page: the next call and the live view need one.
    if (this.#entries.size === 0) this.#browser.newPage().catch(() => {})
    this.#hooks.changed()
  }

  #crashed(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    if (this.#stopping.has(id)) return
    this.#hooks.record('page-crashed', { url: addressToTell(entry.url) })
    entry.page?.reload().catch(() => {})
  }

  #closePopup(id: string): void {
    this.#popups.add(id)
    this.#close(id)
    this.#hooks.record('popup-blocked', { how: 'closed' })
  }

  /** What a program has opened has a limit of its own, and is known only when the page has answered for a while. */
  #closeOldest(): void {
    const hub = hubOf(this.#browser)
    const [first, ...later] = [...this.#entries.keys()].filter((id) => hub?.wasOpenedByClient(id) !== true)
    const oldest = later.find((id) => id !== this.#active)
    if (first === undefined || later.length < mostPages || oldest === undefined) return
    this.#close(oldest)
    this.#hooks.record('page-closed', { most: mostPages })
  }

  #close(targetId: string): void {
    if (this.#cdp) void closeTarget(this.#cdp, targetId)
  }

  #readTitlesSoon(): void {
    if (this.#titleTimer || this.#disposed) return
    this.#titleTimer = setTimeout(() => {
      this.#titleTimer = null
      this.refresh().catch(() => {})
    }, titleDelay)
    this.#titleTimer.unref()
  }
}
