/** How one session's browser is set up, and putting that into force: on its pages, on its way to the network, on its idle time. */
import { isDeepStrictEqual } from 'node:util'
import type { Browser, Page } from 'puppeteer-core'
import type { Setup, SetupChange, SetupRequest, SetupView } from '../contract/setup.ts'
import { BrowserFault } from '../fault.ts'
import { proxyOf } from '../process/egress-proxy.ts'
import type { RunningBrowser } from '../process/launch.ts'
import { usualSize } from '../process/launch.ts'
import { PageEmulation } from './page-emulation.ts'

/** What a session has for which nothing was chosen. */
export const plainSetup: Setup = {
  viewport: null,
  deviceScaleFactor: null,
  locale: null,
  timezone: null,
  userAgent: null,
  proxy: null,
  block: null,
  downloads: null,
  idleSeconds: null,
  tags: {},
  headless: null,
  extensions: [],
  args: [],
}

/** `before`: of one that wakes. */
export function setupOf(request: SetupRequest, before: Setup = plainSetup): Setup {
  return { ...before, ...given(request), tags: request.tags ?? before.tags }
}

/** What a browser has to be started with, so that one which was started without is of no use. */
const startsWith = ({ headless, extensions, args }: Setup): unknown[] => [headless, [...extensions].sort(), [...args].sort()]

export class SessionSetup {
  readonly #policy: (downloads: Setup['downloads']) => Promise<void>
  #chosen: Setup
  #emulation: PageEmulation | null = null
  #browser: Browser | null = null

  /** `policy` puts what is said of downloads into force, null for what the site profile says. */
  constructor(chosen: Setup = plainSetup, policy: (downloads: Setup['downloads']) => Promise<void> = () => Promise.resolve()) {
    this.#chosen = chosen
    this.#policy = policy
  }

  get chosen(): Readonly<Setup> {
    return this.#chosen
  }

  /** The browser can be driven: what was chosen holds from its first page on. */
  async attach({ puppeteer, headless }: Pick<RunningBrowser, 'puppeteer' | 'headless'>): Promise<void> {
    this.#browser = puppeteer
    this.#useProxy()
    this.#emulation = new PageEmulation(puppeteer, headless ? usualSize : null)
    await this.#emulation.use(this.#chosen)
  }

  browserGone(): void {
    this.#browser = null
    this.#emulation = null
  }

  /** To be called for every page before anything is opened in it. */
  async prepare(page: Page): Promise<void> {
    await this.#emulation?.sizePage(page)
  }

  /** Gives a page its size again, after somebody has given it another one. */
  async resize(page: Page): Promise<void> {
    await this.#emulation?.sizePage(page, { also: 'usual' })
  }

  /**
   * Somebody else wants the session, set up like this: what can change does. Throws `setup-fixed` where its browser would have to be
   * started anew.
   */
  async join({ headless, extensions, args, ...change }: SetupRequest): Promise<void> {
    const [now, wanted] = [this.#chosen, given({ headless, extensions, args })]
    if (!isDeepStrictEqual(startsWith({ ...now, ...wanted }), startsWith(now)))
      throw new BrowserFault(
        'setup-fixed',
        'A session of these credentials is open, and was started with other extensions, arguments or window; close it first',
      )
    await this.change(change)
  }

  /** Resolves when it holds on all pages that there are. */
  async change({ tags, ...change }: SetupChange): Promise<void> {
    this.#chosen = { ...this.#chosen, ...given(change), ...(tags === undefined ? {} : { tags: tags ?? {} }) }
    if (this.#browser === null) return
    this.#useProxy()
    await Promise.all([
      this.#emulation?.use(this.#chosen),
      change.downloads === undefined ? undefined : this.#policy(this.#chosen.downloads),
    ])
  }

  #useProxy(): void {
    if (this.#browser === null) return
    const way = proxyOf(this.#browser)
    way?.go(this.#chosen.proxy)
    way?.block(this.#chosen.block?.hosts ?? [])
  }
}

/** Without what was left out. */
function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]: Exclude<Fields[Name], undefined> } {
  // Left-out fields and fields that are undefined are the same to a caller.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReturnType<typeof given<Fields>>
}

export function presentSetup({ tags: _, proxy, extensions, args, ...shown }: Setup): SetupView {
  return {
    ...shown,
    extensions: [...extensions],
    args: [...args],
    proxy: proxy && { server: proxyServer(proxy), username: proxy.username || null },
  }
}

export const proxyServer = ({ kind, host, port }: Pick<NonNullable<Setup['proxy']>, 'kind' | 'host' | 'port'>): string =>
  `${kind}://${host.includes(':') ? `[${host}]` : host}:${port}`
