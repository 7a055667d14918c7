/**
 * What a session's pages are told about where they run: language, time zone, user agent, size; and what they are not let load.
 *
 * A session of the browser's protocol of its own is attached to every page, frame and worker before it runs, whoever opens it (a click, a
 * program that drives the browser, the background), so the first request already has the right headers. Nothing is attached while nothing
 * was chosen.
 */
import type { Browser, CDPSession, Page, Protocol } from 'puppeteer-core'
import type { Setup } from '../contract/setup.ts'
import { usualSize } from '../process/launch.ts'
import { clientHintsOf, navigatorPlatform, withHints } from './client-hints.ts'
import { matchesWildcards } from './wildcards.ts'

type Told = Pick<Setup, 'locale' | 'timezone' | 'userAgent' | 'block' | 'viewport' | 'deviceScaleFactor'>

type Size = { width: number; height: number }

const nothing: Told = { locale: null, timezone: null, userAgent: null, block: null, viewport: null, deviceScaleFactor: null }

export class PageEmulation {
  readonly #browser: Browser
  readonly #usual: Size | null
  #told: Told = nothing
  #root: Promise<CDPSession> | null = null
  readonly #attached = new Set<CDPSession>()

  /** `usual`: the size of a page for which none was chosen; null where its window decides. */
  constructor(browser: Browser, usual: Size | null) {
    this.#browser = browser
    this.#usual = usual
  }

  /** Resolves when it holds on all pages that there are. */
  async use(told: Told): Promise<void> {
    const [before, sized] = [this.#told, isSized(this.#told) || isSized(told)]
    this.#told = told
    if (isTold(told) || isTold(before)) {
      if (this.#root === null) await (this.#root = this.#watch())
      else await Promise.all([...this.#attached].map((cdp) => this.#tell(cdp)))
    }
    if (sized) await Promise.all((await this.#browser.pages()).map((page) => this.sizePage(page, { also: 'usual' })))
  }

  /** Gives a page its size, where one was chosen. */
  async sizePage(page: Page, { also }: { also?: 'usual' } = {}): Promise<void> {
    const { viewport, deviceScaleFactor, userAgent } = this.#told
    if (also !== 'usual' && !isSized(this.#told)) return
    const isMobile = userAgent !== null && /\bMobile\b/.test(userAgent) && viewport !== null
    const size = viewport ?? this.#usual ?? (deviceScaleFactor === null ? null : usualSize)
    await page.setViewport(size && { ...size, deviceScaleFactor: deviceScaleFactor ?? 1, isMobile, hasTouch: isMobile }).catch(gone)
  }

  async #watch(): Promise<CDPSession> {
    const root = await this.#browser.target().createCDPSession()
    await this.#attachFrom(root, [{ type: 'page' }])
    return root
  }

  async #attachFrom(parent: CDPSession, filter?: Protocol.Target.TargetFilter): Promise<void> {
    parent.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      const cdp = parent.connection()?.session(sessionId)
      if (cdp) void this.#welcome(cdp, targetInfo.type).catch(gone)
    })
    parent.on('Target.detachedFromTarget', ({ sessionId }) => this.#left(sessionId))
    await parent.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: true,
      flatten: true,
      ...(filter === undefined ? {} : { filter }),
    })
  }

  async #welcome(cdp: CDPSession, type: string): Promise<void> {
    this.#attached.add(cdp)
    cdp.on('Fetch.requestPaused', (paused) => this.#answer(cdp, paused))
    // In this order on the wire; whatever fails, the page must not wait for ever.
    await Promise.all([
      this.#tell(cdp),
      type === 'page' || type === 'iframe' || type.endsWith('worker') ? this.#attachFrom(cdp).catch(gone) : undefined,
      cdp.send('Runtime.runIfWaitingForDebugger').catch(gone),
    ])
  }

  /** Everything that is stopped here is not to be loaded, except documents, which are stopped for their headers. */
  #answer(cdp: CDPSession, { requestId, request, resourceType }: Protocol.Fetch.RequestPausedEvent): void {
    const { userAgent, block } = this.#told
    if (resourceType !== 'Document' || (block?.patterns ?? []).some((pattern) => matchesWildcards(request.url, pattern)))
      return void cdp.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' }).catch(gone)
    const headers = userAgent === null ? request.headers : withHints(request.headers, userAgent)
    cdp
      .send('Fetch.continueRequest', {
        requestId,
        ...(headers === request.headers ? {} : { headers: Object.entries(headers).map(([name, value]) => ({ name, value })) }),
      })
      .catch(gone)
  }

  async #tell(cdp: CDPSession): Promise<void> {
    const { locale, timezone, userAgent, block } = this.#told
    const patterns: Protocol.Fetch.RequestPattern[] = [
      ...(block?.kinds ?? []).map((kind) => ({ resourceType: resourceTypes[kind] })),
      ...(block?.patterns ?? []).map((urlPattern) => ({ urlPattern })),
      // A window that a click opens has made up its hints before anybody can be attached to it.
      ...(userAgent === null ? [] : [{ resourceType: 'Document' } as const]),
    ]
    await Promise.all([
      cdp
        .send('Emulation.setUserAgentOverride', {
          // Empty: as it is.
          userAgent: userAgent ?? '',
          acceptLanguage: locale === null ? '' : languagesOf(locale),
          ...(userAgent === null ? {} : { platform: navigatorPlatform(userAgent), ...clientHintsOf(userAgent) }),
        })
        .catch(gone),
      // One process has one language and one time zone: the second frame in it is told that the first one's hold already.
      cdp.send('Emulation.setLocaleOverride', { locale: locale ?? '' }).catch(gone),
      cdp.send('Emulation.setTimezoneOverride', { timezoneId: timezone ?? '' }).catch(gone),
      (patterns.length > 0 ? cdp.send('Fetch.enable', { patterns }) : cdp.send('Fetch.disable')).catch(gone),
    ])
  }

  /** What the one that left had set for its whole process is set again by those that stay. */
  #left(sessionId: string): void {
    for (const cdp of this.#attached) if (cdp.id() === sessionId || cdp.detached) this.#attached.delete(cdp)
    const { locale, timezone } = this.#told
    for (const cdp of this.#attached) {
      if (locale !== null) cdp.send('Emulation.setLocaleOverride', { locale }).catch(gone)
      if (timezone !== null) cdp.send('Emulation.setTimezoneOverride', { timezoneId: timezone }).catch(gone)
    }
  }
}

const resourceTypes = { image: 'Image', media: 'Media', font: 'Font', stylesheet: 'Stylesheet' } as const

const isTold = ({ locale, timezone, userAgent, block }: Told): boolean =>
  locale !== null || timezone !== null || userAgent !== null || (block !== null && block.kinds.length + block.patterns.length > 0)

const isSized = ({ viewport, deviceScaleFactor }: Told): boolean => viewport !== null || deviceScaleFactor !== null

/** `de-DE` wants `de-DE,de`. */
function languagesOf(locale: string): string {
  const [language = locale] = locale.split('-')
  return language === locale ? locale : `${locale},${language}`
}

/** The page, or the browser, went away meanwhile; or this kind of target has no such thing. */
const gone = (): undefined => undefined
