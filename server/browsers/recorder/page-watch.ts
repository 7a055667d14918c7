/**
 * What one page does, for the record. Listens on the CDP sessions that puppeteer has on it anyway, with everything enabled before the
 * page goes anywhere: so nothing is missed, and no page waits for a message of ours.
 */
import type { CDPSession, Frame, Page, Protocol } from 'puppeteer-core'
import type { ConsoleLevel, PageLoad, RequestFacts } from './entry.ts'
import { RequestWatch } from './request-watch.ts'
import { safeAddress, safeText, type Blanker } from './secrets.ts'

export interface PageWatchHooks {
  blanker: Blanker
  request(facts: RequestFacts): void
  said(level: ConsoleLevel, text: string, where: string): void
  threw(text: string, where: string): void
  loadBegun(load: PageLoad): void
  /** Its document is there with all it asked for. */
  loaded(load: PageLoad): void
}

const levels: Readonly<Record<string, ConsoleLevel>> = {
  debug: 'debug',
  verbose: 'debug',
  warning: 'warning',
  error: 'error',
  assert: 'error',
}
/** Said of the console itself. */
const silent = new Set(['clear', 'endGroup', 'profile', 'profileEnd'])

export class PageWatch {
  readonly #id: string
  readonly #page: Page
  readonly #hooks: PageWatchHooks
  readonly #requests: RequestWatch
  readonly #clients = new WeakSet<CDPSession>()
  /** The load whose requests come now, when it began on Chromium's clock, and whether it has taken the place of the one before. */
  #load: { load: PageLoad; begun: number; shown: boolean } | null = null
  #loads = 0

  constructor(id: string, page: Page, hooks: PageWatchHooks) {
    this.#id = id
    this.#page = page
    this.#hooks = hooks
    this.#requests = new RequestWatch({
      blanker: hooks.blanker,
      load: () => this.#load?.load.id ?? null,
      documentAsked: (frame, url, startedAt, monotonic) => {
        if (frame === mainFrameId(page)) this.#loadBegun(url, startedAt, monotonic)
      },
      over: (facts) => hooks.request(facts),
    })
    this.#watchFrame(page.mainFrame())
    page.on('frameattached', (frame) => this.#watchFrame(frame))
    // A frame of another site gets a session of its own when it goes there.
    page.on('framenavigated', (frame) => this.#watchFrame(frame))
    page.on('workercreated', ({ client }) => this.#watch(client))
  }

  pending(): RequestFacts[] {
    return this.#requests.pending()
  }

  #watchFrame(frame: Frame): void {
    this.#watch(clientOf(frame))
  }

  #watch(client: CDPSession): void {
    if (this.#clients.has(client)) return
    this.#clients.add(client)
    this.#requests.listen(client)
    client.on('Runtime.consoleAPICalled', (event) => this.#said(event))
    client.on('Runtime.exceptionThrown', ({ exceptionDetails }) => this.#threw(exceptionDetails))
    client.on('Log.entryAdded', ({ entry }) => this.#logged(entry))
    if (client !== clientOf(this.#page.mainFrame())) return
    client.on('Page.frameNavigated', ({ frame }) => {
      if (frame.parentId === undefined && this.#load !== null) this.#load.shown = true
    })
    client.on('Page.domContentEventFired', ({ timestamp }) => this.#reached('contentLoaded', timestamp))
    client.on('Page.loadEventFired', ({ timestamp }) => this.#reached('loaded', timestamp))
  }

  #loadBegun(url: string, startedAt: number, begun: number): void {
    this.#loads += 1
    const load: PageLoad = { id: `${this.#id}/${this.#loads}`, page: this.#id, url, startedAt, contentLoaded: null, loaded: null }
    this.#load = { load, begun, shown: false }
    this.#hooks.loadBegun(load)
  }

  #reached(what: 'contentLoaded' | 'loaded', timestamp: number): void {
    if (!this.#load?.shown) return
    const { load, begun } = this.#load
    if (load[what] !== null) return
    load[what] = Math.max(0, Math.round((timestamp - begun) * 1_000))
    if (what === 'loaded') this.#hooks.loaded(load)
  }

  #said({ type, args, stackTrace }: Protocol.Runtime.ConsoleAPICalledEvent): void {
    if (silent.has(type)) return
    const text = args.map(wordOf).join(' ')
    this.#hooks.said(levels[type] ?? 'info', safeText(text, this.#hooks.blanker), placeOf(stackTrace?.callFrames[0], this.#hooks.blanker))
  }

  #threw({ text, exception, url, lineNumber, stackTrace }: Protocol.Runtime.ExceptionDetails): void {
    const [first = text] = (exception?.description ?? (exception === undefined ? text : `${text} ${wordOf(exception)}`)).split('\n')
    const place = stackTrace?.callFrames[0] ?? (url === undefined ? undefined : { url, lineNumber })
    this.#hooks.threw(safeText(first, this.#hooks.blanker), placeOf(place, this.#hooks.blanker))
  }

  /** What Chromium itself says on the console. */
  #logged({ source, level, text, url, lineNumber = 0 }: Protocol.Log.LogEntry): void {
    // A request that failed has an entry of its own.
    if (source === 'network') return
    this.#hooks.said(
      levels[level] ?? 'info',
      safeText(text, this.#hooks.blanker),
      placeOf(url === undefined ? undefined : { url, lineNumber }, this.#hooks.blanker),
    )
  }
}

function wordOf({ type, subtype, value, unserializableValue, description, preview }: Protocol.Runtime.RemoteObject): string {
  if (type === 'string') return String(value)
  if (preview !== undefined && subtype !== 'error' && preview.properties.length > 0) {
    const inner = preview.properties.map(({ name, value: shown = '' }) => (subtype === 'array' ? shown : `${name}: ${shown}`)).join(', ')
    return subtype === 'array' ? `[${inner}]` : `{${inner}}`
  }
  return unserializableValue ?? description ?? JSON.stringify(value) ?? type
}

/** The end of a script's address and its line, e.g. `main.js:88`. */
function placeOf(place: { url: string; lineNumber: number } | undefined, blanker: Blanker): string {
  if (place === undefined || place.url === '') return ''
  const { pathname, host } = URL.parse(safeAddress(place.url, blanker)) ?? { pathname: place.url, host: '' }
  const file = pathname.split('/').at(-1)
  return `${(file === undefined || file === '' ? host : file).slice(-60)}:${place.lineNumber + 1}`
}

// Puppeteer has both and keeps them out of its types; without them each page would need a session more, and each event come twice.

const clientOf = (frame: Frame): CDPSession => (frame as unknown as { client: CDPSession }).client
const mainFrameId = (page: Page): string => (page.mainFrame() as unknown as { _id: string })._id
